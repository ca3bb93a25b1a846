package branch

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"octopod/generator/staging"
)

// Kind is what happened.
type Kind string

// What forges and registries tell.
const (
	Pushed      Kind = "push"   // a branch has a new head
	Deleted     Kind = "delete" // a branch is no more
	PullChanged Kind = "pull request"
	ImagePushed Kind = "image"
)

// Event is what a forge or a registry says happened.
type Event struct {
	Kind       Kind
	Repository string    // github.com/acme/backend; "" of an image
	Branch     string    // of a pull request its head
	Commit     string    // the head now
	Before     string    // the head that it follows on; "" when the branch is new, or that is not said
	Committed  time.Time // when Commit was made, as its author's clock says
	By         staging.Person
	Bot        bool  // no person did it
	Pull       *Pull // of PullChanged
	Image      string
}

// Pull is a pull request as an event shows it.
type Pull struct {
	staging.PullRequest
	Labels        []string
	Draft         bool
	Fork          string // the repository its head lies in, when that is not ours
	Closed        bool   // merged, too
	HeadChanged   bool   // the event is about its head: it was opened or pushed to
	MayDisqualify bool   // the event took a label from it, or made it a draft
}

// Webhook is a webhook that proved where it comes from.
type Webhook struct {
	ID     string // of the delivery: the same when it is sent again
	Host   string // that sent it
	Event  string // in the sender's words
	Events []Event
	Ping   bool // only asks whether somebody is there
}

// Sender is a host whose webhooks are believed.
type Sender struct {
	Host   string
	Kind   string // github, gitlab, gitea, bitbucket or registry
	Secret string
}

// Request is a webhook as it came in. Header gives the value of a header by its name.
type Request struct {
	Header func(name string) string
	Body   []byte
}

// format is how one kind of caller speaks.
type format struct {
	kind  string
	event string // header that names the event
	id    string // header that names the delivery
	// verify tells whether who sent it knows the secret.
	verify func(Request, string, time.Time) bool
	read   func(*Webhook, Request) error
}

// formats in the order in which they are recognised: Gitea sends GitHub's headers, too.
func formats() []format {
	return []format{
		{"gitea", "X-Gitea-Event", "X-Gitea-Delivery", verifyHMAC("X-Gitea-Signature", ""), readGiteaWebhook},
		{"gitea", "X-Forgejo-Event", "X-Forgejo-Delivery", verifyHMAC("X-Forgejo-Signature", ""), readGiteaWebhook},
		{"gitlab", "X-Gitlab-Event", "Idempotency-Key", verifyGitLab, readGitLabWebhook},
		{"github", "X-GitHub-Event", "X-GitHub-Delivery", verifyHMAC("X-Hub-Signature-256", "sha256="), readGitHubWebhook},
		{"bitbucket", "X-Event-Key", "X-Request-UUID", verifyHMAC("X-Hub-Signature", "sha256="), readBitbucketWebhook},
		{"registry", "", "", verifyRegistry, readRegistryWebhook},
	}
}

// ReadWebhook reads a webhook of one of the senders. Nothing of it is looked at
// before the proof. What a host sends is about its own repositories and images
// alone, whatever it says. An event that means nothing to Octopod gives none.
func ReadWebhook(h Request, senders []Sender, now time.Time) (Webhook, error) {
	d := formatOf(h)
	i := slices.IndexFunc(senders, func(c Sender) bool { return c.Kind == d.kind && c.Secret != "" && d.verify(h, c.Secret, now) })
	if i < 0 {
		return Webhook{}, staging.Errorf(staging.CodeUnauthorized, "nothing proves that this webhook comes from a %s host that is known here", d.kind).
			WithHint("the webhook's secret must be that of the host under forges in the server's configuration")
	}
	call := Webhook{Host: senders[i].Host, Event: h.Header(d.event), ID: h.Header(d.id)}
	if d.kind == "gitlab" {
		call.ID = cmp.Or(call.ID, h.Header("X-Gitlab-Event-UUID"))
	}
	if err := d.read(&call, h); err != nil {
		return Webhook{}, staging.Errorf(staging.CodeInvalid, "the webhook %q cannot be read", call.Event).Because(err)
	}
	call.Events = slices.DeleteFunc(call.Events, func(e Event) bool { return !e.isValid() })
	return call, nil
}

func formatOf(h Request) format {
	all := formats()
	for _, d := range all {
		if d.event != "" && h.Header(d.event) != "" {
			return d
		}
	}
	return all[len(all)-1]
}

// isValid tells whether an event names what it is about, so that nobody else has to ask.
func (e Event) isValid() bool {
	if e.Kind == ImagePushed {
		return e.Image != ""
	}
	_, err := staging.ParseBranch(e.Branch)
	return err == nil && e.Repository != "" && (e.Kind != Pushed || isCommit(e.Commit))
}

// isCommit tells whether a text is a commit's hash. Bitbucket shortens some to 12 digits.
func isCommit(hash string) bool {
	return len(hash) >= 12 && strings.Trim(hash, "0123456789abcdef") == "" && !isZeroHash(hash)
}

// isZeroHash: git names the commit that is not there by zeros.
func isZeroHash(hash string) bool { return strings.Trim(hash, "0") == "" }

// previousHead is the head that a push follows on; "" of a new branch.
func previousHead(hash string) string {
	if isZeroHash(hash) {
		return ""
	}
	return hash
}

// repositoryName names a repository of the host as octopod.yaml does.
func (c *Webhook) repositoryName(fullName string) string {
	if fullName == "" {
		return ""
	}
	host, _, _ := strings.Cut(c.Host, ":")
	return host + "/" + fullName
}

// addPush adds what a push did to a reference. Tags are no branches, even where
// one has a branch's name.
func (c *Webhook) addPush(ref, before, after string, e Event) {
	branch, ok := strings.CutPrefix(ref, "refs/heads/")
	if !ok {
		return
	}
	e.Kind, e.Branch = Pushed, branch
	if isZeroHash(after) {
		e.Kind, e.Committed = Deleted, time.Time{}
	} else {
		e.Commit, e.Before = after, previousHead(before)
	}
	c.Events = append(c.Events, e)
}

// forkOf names the repository of a head that is not ours. One that is gone is none of ours.
func (c *Webhook) forkOf(ours, head string) string {
	switch {
	case head == "":
		return deletedFork
	case strings.EqualFold(head, ours):
		return ""
	}
	return c.repositoryName(head)
}

// decode reads the payload. GitHub can be told to send it as a form.
func decode(h Request, to any) error {
	body := h.Body
	if bytes.HasPrefix(body, []byte("payload=")) { // which is no JSON
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return err
		}
		body = []byte(form.Get("payload"))
	}
	return json.NewDecoder(bytes.NewReader(body)).Decode(to)
}

// isBot tells the accounts of programs from those of people.
func isBot(login, kind string) bool {
	number, made := strings.CutPrefix(strings.TrimPrefix(login, "group_"), "project_")
	return kind == "Bot" || kind == "app_user" || strings.HasSuffix(login, "[bot]") ||
		slices.Contains([]string{"dependabot", "renovate", "renovate-bot"}, login) ||
		(made || strings.HasPrefix(login, "group_")) && strings.Contains(number, "_bot")
}
