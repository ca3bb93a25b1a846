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
	Labels []string
	Draft  bool
	Fork   string // the repository its head lies in, when that is not ours
	Closed bool   // merged, too
	Moved  bool   // the event is about its head: it was opened or pushed to
	Left   bool   // the event took a label from it, or made it a draft
}

// Call is a webhook that proved where it comes from.
type Call struct {
	ID     string // of the delivery: the same when it is sent again
	Host   string // that sent it
	Event  string // in the sender's words
	Events []Event
	Ping   bool // only asks whether somebody is there
}

// Caller is a host whose webhooks are believed.
type Caller struct {
	Host   string
	Kind   string // github, gitlab, gitea, bitbucket or registry
	Secret string
}

// Hook is a webhook as it came in. Header gives the value of a header by its name.
type Hook struct {
	Header func(name string) string
	Body   []byte
}

// dialect is how one kind of caller speaks.
type dialect struct {
	kind  string
	event string // header that names the event
	id    string // header that names the delivery
	// proven tells whether who sent it knows the secret.
	proven func(Hook, string, time.Time) bool
	read   func(*Call, Hook) error
}

// dialects in the order in which they are recognised: Gitea sends GitHub's headers, too.
func dialects() []dialect {
	return []dialect{
		{"gitea", "X-Gitea-Event", "X-Gitea-Delivery", signedBy("X-Gitea-Signature", ""), readGiteaHook},
		{"gitea", "X-Forgejo-Event", "X-Forgejo-Delivery", signedBy("X-Forgejo-Signature", ""), readGiteaHook},
		{"gitlab", "X-Gitlab-Event", "Idempotency-Key", provenGitLab, readGitLabHook},
		{"github", "X-GitHub-Event", "X-GitHub-Delivery", signedBy("X-Hub-Signature-256", "sha256="), readGitHubHook},
		{"bitbucket", "X-Event-Key", "X-Request-UUID", signedBy("X-Hub-Signature", "sha256="), readBitbucketHook},
		{"registry", "", "", provenRegistry, readRegistryHook},
	}
}

// ReadHook reads a webhook of one of the callers. Nothing of it is looked at
// before the proof. What a host sends is about its own repositories and images
// alone, whatever it says. An event that means nothing to Octopod gives none.
func ReadHook(h Hook, callers []Caller, now time.Time) (Call, error) {
	d := dialectOf(h)
	i := slices.IndexFunc(callers, func(c Caller) bool { return c.Kind == d.kind && c.Secret != "" && d.proven(h, c.Secret, now) })
	if i < 0 {
		return Call{}, staging.Errorf(staging.CodeUnauthorized, "nothing proves that this webhook comes from a %s host that is known here", d.kind).
			WithHint("the webhook's secret must be that of the host under forges in the server's configuration")
	}
	call := Call{Host: callers[i].Host, Event: h.Header(d.event), ID: h.Header(d.id)}
	if d.kind == "gitlab" {
		call.ID = cmp.Or(call.ID, h.Header("X-Gitlab-Event-UUID"))
	}
	if err := d.read(&call, h); err != nil {
		return Call{}, staging.Errorf(staging.CodeInvalid, "the webhook %q cannot be read", call.Event).Because(err)
	}
	call.Events = slices.DeleteFunc(call.Events, func(e Event) bool { return !e.sound() })
	return call, nil
}

func dialectOf(h Hook) dialect {
	all := dialects()
	for _, d := range all {
		if d.event != "" && h.Header(d.event) != "" {
			return d
		}
	}
	return all[len(all)-1]
}

// sound tells whether an event names what it is about, so that nobody else has to ask.
func (e Event) sound() bool {
	if e.Kind == ImagePushed {
		return e.Image != ""
	}
	_, err := staging.ParseBranch(e.Branch)
	return err == nil && e.Repository != "" && (e.Kind != Pushed || isCommit(e.Commit))
}

// isCommit tells whether a text is a commit's hash. Bitbucket shortens some to 12 digits.
func isCommit(hash string) bool {
	return len(hash) >= 12 && strings.Trim(hash, "0123456789abcdef") == "" && !isZero(hash)
}

// isZero: git names the commit that is not there by zeros.
func isZero(hash string) bool { return strings.Trim(hash, "0") == "" }

// previous is the head that a push follows on; "" of a new branch.
func previous(hash string) string {
	if isZero(hash) {
		return ""
	}
	return hash
}

// repository names a repository of the host as octopod.yaml does.
func (c *Call) repository(fullName string) string {
	if fullName == "" {
		return ""
	}
	host, _, _ := strings.Cut(c.Host, ":")
	return host + "/" + fullName
}

// push adds what a push did to a reference. Tags are no branches, even where
// one has a branch's name.
func (c *Call) push(ref, before, after string, e Event) {
	branch, ok := strings.CutPrefix(ref, "refs/heads/")
	if !ok {
		return
	}
	e.Kind, e.Branch = Pushed, branch
	if isZero(after) {
		e.Kind, e.Committed = Deleted, time.Time{}
	} else {
		e.Commit, e.Before = after, previous(before)
	}
	c.Events = append(c.Events, e)
}

// fork names the repository of a head that is not ours. One that is gone is none of ours.
func (c *Call) fork(ours, head string) string {
	switch {
	case head == "":
		return goneFork
	case strings.EqualFold(head, ours):
		return ""
	}
	return c.repository(head)
}

// decode reads the payload. GitHub can be told to send it as a form.
func decode(h Hook, to any) error {
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
