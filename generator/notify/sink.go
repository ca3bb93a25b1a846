package notify

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Sink sends notices to one destination.
type Sink interface {
	Send(context.Context, Notice) error
}

// Kind is the type of a destination.
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

// Kinds returns all kinds of sinks.
func Kinds() []Kind { return []Kind{Slack, Mattermost, Discord, Teams, Webhook, Email} }

// Options configure a sink. They contain secrets: do not log them.
type Options struct {
	Kind   Kind
	URL    string // of every kind but Email
	Key    string // with Webhook: the signing key; "" for no signature
	Source string // with Webhook: this server's address, the source of the CloudEvents
	Mail   Mail   // with Email
}

// Open returns a sink. It does not connect to the destination.
func Open(o Options) (Sink, error) {
	if o.Kind == Email {
		return newMailSink(o.Mail)
	}
	if !slices.Contains(Kinds(), o.Kind) {
		return nil, fmt.Errorf("%q is not a kind of sink: write one of %s", o.Kind, kindNames())
	}
	if WebAddress(o.URL) == "" {
		return nil, fmt.Errorf("the URL is not an http or https address") // the URL is a secret
	}
	if o.Kind == Webhook {
		return newWebhook(o)
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

// chat sends a notice to a channel's incoming webhook, with one POST.
type chat struct {
	address string
	write   func(Notice) any
	client  *http.Client
}

// Send implements Sink.
func (c *chat) Send(ctx context.Context, n Notice) error {
	return post(ctx, c.client, c.address, nil, c.write(n))
}
