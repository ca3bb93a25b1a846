package staging

import (
	"slices"
	"time"
)

// OwnEvents returns the events that changed files of the staging, without the commits of
// the template.
func OwnEvents(events []Event) []Event {
	return slices.DeleteFunc(slices.Clone(events), func(e Event) bool { return e.Template })
}

// Person is the author of a commit.
type Person struct {
	Name  string `json:"name"`
	Email string `json:"email,omitempty"`
}

// Via is the interface through which an action was requested.
type Via string

// The interfaces.
const (
	ViaCLI     Via = "cli"
	ViaCI      Via = "ci"
	ViaWeb     Via = "web"
	ViaAPI     Via = "api"
	ViaWebhook Via = "webhook"
	ViaSweep   Via = "sweep"
	ViaGit     Via = "git" // a commit that Octopod did not make
)

// Event is one commit in the history of a staging.
type Event struct {
	Revision string    `json:"revision"`
	Staging  string    `json:"staging,omitempty"` // empty for a commit that changes several, or was made by hand
	At       time.Time `json:"at"`
	By       Person    `json:"by"`
	Via      Via       `json:"via"`
	Verb     Verb      `json:"action,omitempty"` // empty for a commit made by hand
	Subject  string    `json:"subject"`
	Request  string    `json:"request,omitempty"`
	Key      string    `json:"-"`                  // idempotency key of the request
	Requests string    `json:"-"`                  // the state, and what the objects request, as the commit says it
	Tree     string    `json:"-"`                  // git tree of the staging's directory after the commit
	Gone     bool      `json:"gone,omitempty"`     // the commit deleted the staging
	Template bool      `json:"template,omitempty"` // the commit changed the template, which Argo CD renders, and no file of the staging
	Rollout  *Rollout  `json:"rollout,omitempty"`  // nil if it is unknown, and for verbs without a rollout
}
