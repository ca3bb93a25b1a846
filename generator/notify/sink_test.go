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

// sent is the JSON that a place of a kind is sent.
func sent(t *testing.T, kind notify.Kind, n notify.Notice) string {
	t.Helper()
	p := newPlace(t, ok)
	sink, err := notify.Open(notify.Options{Kind: kind, URL: p.URL + "/services/T0/B0/secret"})
	if err != nil {
		t.Fatal(err)
	}
	if err := sink.Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	return string((<-p.got).body)
}

// A chat gets what its own documentation describes; chats.go names the pages.
func TestChatsAreToldInTheirWay(t *testing.T) {
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

// What others wrote mentions nobody, links nowhere and breaks out of nothing.
func TestHostileTextsStayTexts(t *testing.T) {
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

// Discord refuses what is too long for it.
func TestDiscordIsToldInShort(t *testing.T) {
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

// The documented documented envelope around an Adaptive Card.
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

// A webhook gets a CloudEvent that CNCF's own library takes, signed so that the
// library of Standard Webhooks believes it, and nobody else's.
func TestWebhookIsACloudEvent(t *testing.T) {
	const key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	p := newPlace(t, ok)
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
		t.Errorf("the signature is not believed: %v", err)
	}
	if err := receiver.Verify(append(got.body, ' '), got.header); err == nil {
		t.Error("another body is believed")
	}
	if err := receiver.Verify(got.body, http.Header{}); err == nil {
		t.Error("no signature is believed")
	}
}

// An occasion has one identity wherever and whenever it is seen, and no other has it.
func TestIdentityOfANotice(t *testing.T) {
	first := notice(t, login())
	later := login()
	later.Status.Reason.Awaiting = "backend"
	if again := notice(t, later); again.ID != first.ID {
		t.Error("two servers that see one occasion name it differently")
	}
	later.Version = "2"
	if other := notice(t, later); other.ID == first.ID {
		t.Error("two versions have one name")
	}
}

// Texts for people hold no words of Kubernetes, whatever the status says.
func TestWordsForPeople(t *testing.T) {
	for on, reason := range map[project.Trigger]staging.Reason{
		project.OnFailed: {Code: staging.ReasonRenderFailed}, project.OnArchived: {Code: staging.ReasonArchived},
		project.OnDegraded: {Code: staging.ReasonUnhealthy, Parts: "Deployment/backend"},
	} {
		v := login()
		v.Status.Reason, v.Status.Detail = reason, "Deployment/backend: ImagePullBackOff in namespace shop-feature-login"
		n := notify.Compose(shop(t), notify.Occasion{On: on}, v, "", "", noon)
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
	if said := notify.Sentence(shop(t), project.OnFailed, v); !strings.HasPrefix(said, "It could not be taken down.") {
		t.Errorf("of a deletion that failed it is said: %s", said)
	}
}

func TestSinksThatAreWrong(t *testing.T) {
	for want, o := range map[string]notify.Options{
		`"pager" is no kind: it is one of slack, `: {Kind: "pager", URL: "https://example.com"},
		"the address is none of the web":           {Kind: notify.Slack, URL: "hooks.slack.example/secret"},
		"the key is not whsec_":                    {Kind: notify.Webhook, URL: "https://example.com", Key: "what?"},
		"is not host:port":                         {Kind: notify.Email, Mail: notify.Mail{Server: "mail", From: "a@example.com", To: []string{"b@example.com"}}},
		"is no mail address":                       {Kind: notify.Email, Mail: notify.Mail{Server: "mail:25", From: "octopod", To: []string{"b@example.com"}}},
		"nobody is named who gets the mail":        {Kind: notify.Email, Mail: notify.Mail{Server: "mail:25", From: "a@example.com"}},
		"is no encryption":                         {Kind: notify.Email, Mail: notify.Mail{Server: "mail:25", From: "a@example.com", To: []string{"b@example.com"}, Encryption: "rot13"}},
	} {
		_, err := notify.Open(o)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("said: %v, want %s", err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("a secret is told: %v", err)
		}
	}
}

// What a place refuses says so, without the address, which is a secret.
func TestRefusedByAPlace(t *testing.T) {
	for _, c := range []struct {
		name, want string
		answer     http.HandlerFunc
		passing    bool
		after      time.Duration
	}{
		{"gone", "it answered 404 Not Found: no_service", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no_service", 404) }, false, 0},
		{"moved", "it answered 307", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, false, 0},
		{"in trouble", "it answered 502", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) }, true, 0},
		{"too often", "it answered 429", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", "30"); w.WriteHeader(429) }, true, 30 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t, c.answer)
			sink, err := notify.Open(notify.Options{Kind: notify.Slack, URL: p.URL + "/secret"})
			if err != nil {
				t.Fatal(err)
			}
			err = sink.Send(t.Context(), notice(t, login()))
			refused := refusal(t, err)
			if !strings.HasPrefix(err.Error(), c.want) || refused.Passing != c.passing || refused.After != c.after || strings.Contains(err.Error(), "secret") {
				t.Errorf("said: %v (%+v)", err, refused)
			}
		})
	}
}

// A place that cannot be reached is not told of by its address.
func TestNobodyThere(t *testing.T) {
	p := newPlace(t, ok)
	p.Close()
	sink, err := notify.Open(notify.Options{Kind: notify.Slack, URL: p.URL + "/secret"})
	if err != nil {
		t.Fatal(err)
	}
	if err := sink.Send(t.Context(), notice(t, login())); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("said: %v", err)
	}
}
