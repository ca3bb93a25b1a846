package notify

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Sink sends notices to one place.
type Sink interface {
	Send(context.Context, Notice) error
}

// Kind says what a place understands.
type Kind string

// The kinds of sinks.
const (
	Slack      Kind = "slack"      // incoming webhook
	Mattermost Kind = "mattermost" // incoming webhook
	Discord    Kind = "discord"    // webhook of a channel
	Teams      Kind = "teams"      // webhook of a workflow: "Post to a channel when a webhook request is received"
	Webhook    Kind = "webhook"    // CloudEvents
	Email      Kind = "email"      // SMTP
)

// Kinds lists them all.
func Kinds() []Kind { return []Kind{Slack, Mattermost, Discord, Teams, Webhook, Email} }

// Options say where a sink sends to. Everything that is a secret is here: it is
// not to be logged.
type Options struct {
	Kind   Kind
	URL    string // of every kind but Email
	Key    string // with Webhook: signs what is sent; "" for no signature
	Source string // with Webhook: the address of this server, the source of its events
	Mail   Mail   // with Email
}

// Open makes a sink. It contacts nobody.
func Open(o Options) (Sink, error) {
	if o.Kind == Email {
		return openMail(o.Mail)
	}
	if !slices.Contains(Kinds(), o.Kind) {
		return nil, fmt.Errorf("%q is no kind: it is one of %s", o.Kind, kindNames())
	}
	if WebAddress(o.URL) == "" {
		return nil, fmt.Errorf("the address is none of the web") // which one is a secret
	}
	if o.Kind == Webhook {
		return openWebhook(o)
	}
	write := map[Kind]func(Notice) any{Slack: slackMessage, Mattermost: mattermostMessage, Discord: discordMessage, Teams: teamsMessage}[o.Kind]
	return &chat{address: o.URL, write: write, client: newClient()}, nil
}

func kindNames() string {
	var names []string
	for _, k := range Kinds() {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

// chat is a channel that is reached by its incoming webhook: one POST.
type chat struct {
	address string
	write   func(Notice) any
	client  *http.Client
}

// Send is Sink's.
func (c *chat) Send(ctx context.Context, n Notice) error {
	return post(ctx, c.client, c.address, nil, c.write(n))
}
