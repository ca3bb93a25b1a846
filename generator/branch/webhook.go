package branch

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"octopod/generator/giturl"
	"octopod/generator/staging"
)

// Kind is the kind of an event.
type Kind string

// Kinds of the events that forges and registries send.
const (
	Pushed      Kind = "push"   // a branch has a new head
	Deleted     Kind = "delete" // a branch was deleted
	PullChanged Kind = "pull request"
	ImagePushed Kind = "image"
)

// Event is one change that a forge or a registry reports.
type Event struct {
	Kind       Kind
	Repository string    // github.com/acme/backend; "" of an image
	Alias      string    // its name in ssh addresses, where that differs; else ""
	Branch     string    // of a pull request its head
	Commit     string    // the new head
	Before     string    // the previous head; "" for a new branch, or if the event does not name it
	Committed  time.Time // the time in Commit, from the clock of its author
	By         staging.Person
	Bot        bool  // caused by a program
	Pull       *Pull // of PullChanged
	Image      string
}

// Of reports whether an event is of a repository, by any of its names.
func (e Event) Of(repository string) bool {
	return giturl.SameRepository(repository, e.Repository) || giturl.SameRepository(repository, e.Alias)
}

// Pull is a pull request in an event.
type Pull struct {
	staging.PullRequest
	Labels        []string
	Draft         bool
	Fork          string // the repository of its head, if not the one of the event
	Closed        bool   // or merged
	HeadChanged   bool   // the event changed the head: opened, reopened or pushed
	MayDisqualify bool   // the event removed a label or made it a draft, so a rule may stop matching
}

// Webhook is a webhook whose sender was verified.
type Webhook struct {
	ID     string // of the delivery; the same for a redelivery
	Host   string // the sender
	Event  string // the name that the sender uses
	Events []Event
	Ping   bool // a test of the connection
}

// Sender is a host whose webhooks Octopod accepts.
type Sender struct {
	Host   string
	Kind   string // github, gitlab, gitea, bitbucket, bitbucket-datacenter, azure-devops or registry
	Secret string
}

// Request is a webhook as received. Header returns the value of a header by name.
type Request struct {
	Header func(name string) string
	Token  string // the parameter token of the address, for senders that neither sign nor set headers
	Body   []byte
}

// format is the webhook format of one kind of sender.
type format struct {
	kind  string
	event string // header that names the event; "" if the payload does
	id    string // header that names the delivery
	only  bool   // the headers of event and id both identify the sender: another one uses the same event header
	// verify reports whether the sender knows the secret.
	verify func(Request, string, time.Time) bool
	read   func(*Webhook, Request) error
}

// formats lists the formats in the order of detection: Gitea also sends GitHub's headers.
func formats() []format {
	return []format{
		{"gitea", "X-Gitea-Event", "X-Gitea-Delivery", false, verifyHMAC("X-Gitea-Signature", ""), readGiteaWebhook},
		{"gitea", "X-Forgejo-Event", "X-Forgejo-Delivery", false, verifyHMAC("X-Forgejo-Signature", ""), readGiteaWebhook},
		{"gitlab", "X-Gitlab-Event", "Idempotency-Key", false, verifyGitLab, readGitLabWebhook},
		{"github", "X-GitHub-Event", "X-GitHub-Delivery", false, verifyHMAC("X-Hub-Signature-256", "sha256="), readGitHubWebhook},
		{"bitbucket", "X-Event-Key", "X-Request-UUID", true, verifyHMAC("X-Hub-Signature", "sha256="), readBitbucketWebhook},
		{"bitbucket-datacenter", "X-Event-Key", "X-Request-Id", false, verifyHMAC("X-Hub-Signature", "sha256="), readDataCenterWebhook},
		{"registry", "", "", false, verifyRegistry, readRegistryWebhook},
		{"azure-devops", "", "", false, verifyAuthorization, readAzureWebhook},
	}
}

// ReadWebhook verifies and decodes a webhook of one of the senders. It decodes nothing
// before the verification. Events of a host concern only its own repositories and
// images, even if the payload names others. ReadWebhook skips events that Octopod does
// not use, and does not decode their payloads: vendors add events in other formats. A
// webhook that cannot be decoded is returned with its host and event beside the error.
func ReadWebhook(h Request, senders []Sender, now time.Time) (Webhook, error) {
	d, sender, err := verify(h, senders, now)
	if err != nil {
		return Webhook{}, err
	}
	call := Webhook{Host: sender.Host, Event: h.Header(d.event), ID: h.Header(d.id)}
	if d.kind == "gitlab" {
		call.ID = cmp.Or(call.ID, h.Header("X-Gitlab-Event-UUID"))
	}
	if err := d.read(&call, h); err != nil {
		call.Events = nil
		return call, staging.Errorf(staging.CodeInvalid, "cannot decode the webhook %q", call.Event).Because(err)
	}
	for _, e := range call.Events {
		if e.Pull != nil {
			e.Pull.PullRequest = e.Pull.Shortened()
		}
	}
	call.Events = slices.DeleteFunc(call.Events, func(e Event) bool { return !e.isValid() })
	return call, nil
}

// verify returns the sender of a webhook and its format.
func verify(h Request, senders []Sender, now time.Time) (format, Sender, error) {
	possible := formatsOf(h)
	for _, d := range possible {
		for _, sender := range senders {
			if sender.Kind == d.kind && sender.Secret != "" && d.verify(h, sender.Secret, now) {
				return d, sender, nil
			}
		}
	}
	return format{}, Sender{}, staging.Errorf(staging.CodeUnauthorized, "cannot verify that this webhook comes from a configured %s host", possible[0].kind).
		WithHint("the secret of the webhook must equal the secret of the host under forges in the server's configuration")
}

// formatsOf returns the format that the headers name, or all formats without such headers.
func formatsOf(h Request) []format {
	var unnamed []format
	for _, d := range formats() {
		switch {
		case d.event == "":
			unnamed = append(unnamed, d)
		case h.Header(d.event) != "" && (!d.only || h.Header(d.id) != ""):
			return []format{d}
		}
	}
	return unnamed
}

// isValid reports whether an event has all required fields.
func (e Event) isValid() bool {
	if e.Kind == ImagePushed {
		return e.Image != ""
	}
	_, err := staging.ParseBranch(e.Branch)
	return err == nil && e.Repository != "" && (e.Kind != Pushed || isCommit(e.Commit))
}

// isCommit reports whether a text is a commit hash. Bitbucket shortens some to 12 digits.
func isCommit(hash string) bool {
	return len(hash) >= 12 && strings.Trim(hash, "0123456789abcdef") == "" && !isZeroHash(hash)
}

// isZeroHash reports whether a hash has only zeros, which git uses for "no commit".
func isZeroHash(hash string) bool { return strings.Trim(hash, "0") == "" }

// previousHead returns the head before a push; "" for a new branch.
func previousHead(hash string) string {
	if isZeroHash(hash) {
		return ""
	}
	return hash
}

// repositoryName returns the name of a repository as in octopod.yaml.
func (c *Webhook) repositoryName(fullName string) string {
	if fullName == "" {
		return ""
	}
	host, _, _ := strings.Cut(c.Host, ":")
	return host + "/" + fullName
}

// addPush adds the event of a push to a branch. It skips tags, even if a tag has the
// name of a branch.
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

// forkOf returns the repository of a head; "" if it is not a fork. A deleted repository
// counts as a fork.
func (c *Webhook) forkOf(ours, head string) string {
	switch {
	case head == "":
		return deletedFork
	case strings.EqualFold(head, ours):
		return ""
	}
	return c.repositoryName(head)
}

// decode decodes the payload. GitHub can send it as a form.
func decode(h Request, to any) error {
	body := h.Body
	if bytes.HasPrefix(body, []byte("payload=")) { // not JSON
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return err
		}
		body = []byte(form.Get("payload"))
	}
	return json.NewDecoder(bytes.NewReader(body)).Decode(to)
}

// isBot reports whether an account belongs to a program.
func isBot(login, kind string) bool {
	number, made := strings.CutPrefix(strings.TrimPrefix(login, "group_"), "project_")
	return kind == "Bot" || kind == "app_user" || strings.HasSuffix(login, "[bot]") ||
		slices.Contains([]string{"dependabot", "renovate", "renovate-bot"}, login) ||
		(made || strings.HasPrefix(login, "group_")) && strings.Contains(number, "_bot")
}
