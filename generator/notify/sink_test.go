package notify_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"octopod/generator/notify"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// sent returns the JSON that a sink of a kind sends.
func sent(t *testing.T, kind notify.Kind, n notify.Notice) string {
	t.Helper()
	p := newEndpoint(t, ok)
	sink, err := notify.Open(notify.Options{Kind: kind, URL: p.URL + "/services/T0/B0/secret"})
	if err != nil {
		t.Fatal(err)
	}
	if err := sink.Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	return string((<-p.got).body)
}

// Each chat receives the format of its documentation; chats.go names the pages.
func TestChatFormats(t *testing.T) {
	for kind, want := range map[notify.Kind]string{
		notify.Slack: `{
			"text": "feature-login runs", "unfurl_links": false,
			"blocks": [
				{"type": "section", "text": {"type": "plain_text", "text": "feature-login runs\nEverything runs."}},
				{"type": "context", "elements": [{"type": "plain_text", "text": "Project: The shop\nTitle: New login page\nBranch: feature/login\nPull request: 42 A new login page\nVersions: Backend 1f2e3d4, Shop main-77\nExpires: 1 Dec 2026"}]},
				{"type": "section", "text": {"type": "mrkdwn", "text": "<https://feature-login.staging.example.com|Open>  ·  <https://octopod.example.com/shop/stagings/feature-login|Details>  ·  <https://github.com/acme/shop/pull/42|Pull request>"}}
			]}`,
		notify.Mattermost: `{"text": "**feature-login runs**\nEverything runs.\n\nProject: The shop\nTitle: New login page\nBranch: feature/login\nPull request: 42 A new login page\nVersions: Backend 1f2e3d4, Shop main-77\nExpires: 1 Dec 2026\n\n[Open](https://feature-login.staging.example.com) · [Details](https://octopod.example.com/shop/stagings/feature-login) · [Pull request](https://github.com/acme/shop/pull/42)"}`,
	} {
		var got, wanted any
		if err := json.Unmarshal([]byte(sent(t, kind, notice(t, login()))), &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(want), &wanted); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(wanted, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
}

// Text from users contains no mentions, no links and no markup.
func TestHostileTextIsEscaped(t *testing.T) {
	n := notice(t, hostile())
	for _, l := range n.Links {
		if strings.HasPrefix(l.URL, "javascript:") {
			t.Errorf("a link leads to %s", l.URL)
		}
	}
	for kind, never := range map[notify.Kind][]string{
		notify.Mattermost: {"@channel", "@everyone", "@here", "[prize](", "https://evil", "www.evil", "*bold*", "\\n/close", "~team", "\u202e"},
		notify.Discord:    {"[prize](", "https://evil", "*bold*", "\u202e"},
	} {
		raw := sent(t, kind, n)
		for _, bad := range never {
			if strings.Contains(raw, bad) {
				t.Errorf("%s reads %q in %s", kind, bad, raw)
			}
		}
	}
	if raw := sent(t, notify.Discord, n); !strings.Contains(raw, `"allowed_mentions":{"parse":[]}`) {
		t.Errorf("discord may mention: %s", raw)
	}
	// Slack and Teams read no markup in these elements, so the text is as it was.
	var slack struct {
		Text   string
		Blocks []struct {
			Text     *struct{ Type, Text string }
			Elements []struct{ Type, Text string }
		}
	}
	if err := json.Unmarshal([]byte(sent(t, notify.Slack, n)), &slack); err != nil {
		t.Fatal(err)
	}
	for _, b := range slack.Blocks {
		if b.Text != nil && b.Text.Type != "plain_text" && strings.Contains(b.Text.Text, "evil") {
			t.Errorf("slack reads markup in %q", b.Text.Text)
		}
	}
	if teams := sent(t, notify.Teams, n); strings.Contains(teams, `"TextBlock"`) || strings.Contains(teams, `"FactSet"`) {
		t.Errorf("teams reads Markdown in %s", teams)
	}
}

// Discord rejects messages over 2000 characters.
func TestDiscordMessageIsShortened(t *testing.T) {
	v := login()
	v.Metadata.Title, v.Spec.Branch, v.Spec.PullRequest.Title = strings.Repeat("#", 500), strings.Repeat("#", 500), strings.Repeat("#", 500)
	var got struct{ Content string }
	if err := json.Unmarshal([]byte(sent(t, notify.Discord, notice(t, v))), &got); err != nil {
		t.Fatal(err)
	}
	if n := len([]rune(got.Content)); n > 2000 || !strings.Contains(got.Content, "[Open](") {
		t.Errorf("%d characters: %s", n, got.Content)
	}
}

// The message has the documented envelope around an Adaptive Card.
func TestTeamsCard(t *testing.T) {
	var got struct {
		Type        string
		Attachments []struct {
			ContentType string
			Content     struct {
				Type, Version, FallbackText string
				Body                        []struct{ Inlines []struct{ Type, Text string } }
				Actions                     []struct{ Type, Title, URL string }
			}
		}
	}
	if err := json.Unmarshal([]byte(sent(t, notify.Teams, notice(t, login()))), &got); err != nil {
		t.Fatal(err)
	}
	card := got.Attachments[0]
	if got.Type != "message" || card.ContentType != "application/vnd.microsoft.card.adaptive" || card.Content.Type != "AdaptiveCard" {
		t.Errorf("the card is wrapped as %+v", got)
	}
	if run := card.Content.Body[0].Inlines[0]; run.Type != "TextRun" || run.Text != "feature-login runs" {
		t.Errorf("the headline is %+v", run)
	}
	if a := card.Content.Actions[0]; a.Type != "Action.OpenUrl" || a.Title != "Open" || a.URL != "https://feature-login.staging.example.com" {
		t.Errorf("the first action is %+v", a)
	}
}

// A webhook receives a CloudEvent that CNCF's library accepts, with a signature that
// the library of Standard Webhooks verifies.
func TestWebhookIsACloudEvent(t *testing.T) {
	const key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	p := newEndpoint(t, ok)
	sink, err := notify.Open(notify.Options{Kind: notify.Webhook, URL: p.URL, Key: key, Source: "https://octopod.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	n := notice(t, login())
	if err := sink.Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	got := <-p.got
	var e cloudevents.Event
	if err := json.Unmarshal(got.body, &e); err != nil {
		t.Fatal(err)
	}
	if err := e.Validate(); err != nil {
		t.Error(err)
	}
	if got.header.Get("Content-Type") != "application/cloudevents+json; charset=UTF-8" {
		t.Errorf("the content type is %s", got.header.Get("Content-Type"))
	}
	if e.Type() != "dev.octopod.staging.running" || e.Source() != "https://octopod.example.com/shop" || e.Subject() != "feature-login" || !e.Time().Equal(noon) || e.ID() != n.ID {
		t.Errorf("the event is %s", e)
	}
	var data struct {
		Occasion, Text string
		Staging        struct{ Status struct{ Phase string } }
	}
	if err := e.DataAs(&data); err != nil || data.Occasion != "running" || data.Staging.Status.Phase != "Running" {
		t.Errorf("the data are %+v, %v", data, err)
	}
	receiver, err := standardwebhooks.NewWebhook(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := receiver.Verify(got.body, got.header); err != nil {
		t.Errorf("the signature is not valid: %v", err)
	}
	if err := receiver.Verify(append(got.body, ' '), got.header); err == nil {
		t.Error("the signature is valid for another body")
	}
	if err := receiver.Verify(got.body, http.Header{}); err == nil {
		t.Error("a missing signature is valid")
	}
}

// An event has the same unique identity on every server and at any time.
func TestIdentityOfANotice(t *testing.T) {
	first := notice(t, login())
	later := login()
	later.Status.Reason.Awaiting = "backend"
	if again := notice(t, later); again.ID != first.ID {
		t.Error("two servers give one event different identities")
	}
	later.Version = "2"
	if other := notice(t, later); other.ID == first.ID {
		t.Error("two versions have one identity")
	}
}

// Texts for people contain no terms of Kubernetes, whatever the status contains.
func TestWordsForPeople(t *testing.T) {
	for on, reason := range map[project.Trigger]staging.Reason{
		project.OnFailed: {Code: staging.ReasonRenderFailed}, project.OnArchived: {Code: staging.ReasonArchived},
		project.OnDegraded: {Code: staging.ReasonUnhealthy, Parts: "Deployment/backend"},
	} {
		v := login()
		v.Status.Reason, v.Status.Detail = reason, "Deployment/backend: ImagePullBackOff in namespace shop-feature-login"
		n := notify.Compose(shop(t), notify.Event{On: on}, v, "", "", noon)
		text := n.Headline + n.Sentence
		for _, f := range n.Facts {
			text += f.Text
		}
		for _, word := range []string{"Argo", "pod", "Deployment", "namespace", "ImagePull", "committed"} {
			if strings.Contains(text, word) {
				t.Errorf("%s: people read %q in %s", on, word, text)
			}
		}
	}
	v := login()
	v.Spec.State, v.Status.Reason = staging.Deleting, staging.Reason{Code: staging.ReasonTeardownFailed}
	if said := notify.Sentence(shop(t), project.OnFailed, v); !strings.HasPrefix(said, "It could not be removed.") {
		t.Errorf("the sentence of a failed deletion: %s", said)
	}
}

func TestInvalidSinks(t *testing.T) {
	for want, o := range map[string]notify.Options{
		`"pager" is not a kind of sink: write one of slack, `: {Kind: "pager", URL: "https://example.com"},
		"the URL is not an http or https address":             {Kind: notify.Slack, URL: "hooks.slack.example/secret"},
		"the key is not whsec_":                               {Kind: notify.Webhook, URL: "https://example.com", Key: "what?"},
		"is not host:port":                                    {Kind: notify.Email, Mail: notify.Mail{Server: "mail", From: "a@example.com", To: []string{"b@example.com"}}},
		"is not a mail address":                               {Kind: notify.Email, Mail: notify.Mail{Server: "mail:25", From: "octopod", To: []string{"b@example.com"}}},
		"the mail has no recipient":                           {Kind: notify.Email, Mail: notify.Mail{Server: "mail:25", From: "a@example.com"}},
		"is not an encryption":                                {Kind: notify.Email, Mail: notify.Mail{Server: "mail:25", From: "a@example.com", To: []string{"b@example.com"}, Encryption: "rot13"}},
	} {
		_, err := notify.Open(o)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error contains a secret: %v", err)
		}
	}
}

// The error of a rejected request has the status and the message, but not the secret
// URL.
func TestRejectedRequest(t *testing.T) {
	for _, c := range []struct {
		name, want string
		answer     http.HandlerFunc
		passing    bool
		after      time.Duration
	}{
		{"gone", "the server responded 404 Not Found: no_service", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no_service", 404) }, false, 0},
		{"moved", "the server responded 307", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, false, 0},
		{"in trouble", "the server responded 502", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) }, true, 0},
		{"too often", "the server responded 429", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", "30"); w.WriteHeader(429) }, true, 30 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newEndpoint(t, c.answer)
			sink, err := notify.Open(notify.Options{Kind: notify.Slack, URL: p.URL + "/secret"})
			if err != nil {
				t.Fatal(err)
			}
			err = sink.Send(t.Context(), notice(t, login()))
			refused := rejection(t, err)
			if !strings.HasPrefix(err.Error(), c.want) || refused.Temporary != c.passing || refused.RetryAfter != c.after || strings.Contains(err.Error(), "secret") {
				t.Errorf("error %v (%+v)", err, refused)
			}
		})
	}
}

// The error of an unreachable destination does not contain its URL.
func TestUnreachableDestination(t *testing.T) {
	p := newEndpoint(t, ok)
	p.Close()
	sink, err := notify.Open(notify.Options{Kind: notify.Slack, URL: p.URL + "/secret"})
	if err != nil {
		t.Fatal(err)
	}
	if err := sink.Send(t.Context(), notice(t, login())); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v", err)
	}
}
