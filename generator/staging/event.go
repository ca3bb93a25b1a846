package staging

import "time"

// Person is who asked: the author of a commit.
type Person struct {
	Name  string `json:"name"`
	Email string `json:"email,omitempty"`
}

// Via says through which door an action came.
type Via string

// The doors.
const (
	ViaCLI     Via = "cli"
	ViaCI      Via = "ci"
	ViaWeb     Via = "web"
	ViaAPI     Via = "api"
	ViaWebhook Via = "webhook"
	ViaSweep   Via = "sweep"
	ViaGit     Via = "git" // committed by hand, past Octopod
)

// Event is one commit in the history of a staging, in Octopod's words.
type Event struct {
	Revision string    `json:"revision"`
	Staging  string    `json:"staging,omitempty"` // empty for a commit about several, or made by hand
	At       time.Time `json:"at"`
	By       Person    `json:"by"`
	Via      Via       `json:"via"`
	Verb     Verb      `json:"action,omitempty"` // empty for a commit made by hand
	Subject  string    `json:"subject"`
	Request  string    `json:"request,omitempty"`
	Key      string    `json:"-"`                 // the same for every try of the request
	Tree     string    `json:"-"`                 // git tree of the staging's directory from then on
	Gone     bool      `json:"gone,omitempty"`    // the staging was removed by this commit
	Rollout  *Rollout  `json:"rollout,omitempty"` // nil where nobody knows, and for what rolled nothing out
}
