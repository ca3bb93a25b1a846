package receiver

import (
	"slices"
	"sync"
	"time"

	"octopod/generator/branch"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// Outcome is what became of a delivery.
type Outcome string

// The outcomes.
const (
	OutcomeQueued  Outcome = "queued"
	OutcomeDone    Outcome = "done"
	OutcomeNothing Outcome = "nothing" // nothing was to be done
	OutcomeWaiting Outcome = "waiting"
	OutcomeFailed  Outcome = "failed"
)

// Delivery is one event of a webhook, and what became of it.
type Delivery struct {
	ID         string       `json:"id,omitempty"` // as the sender says
	At         time.Time    `json:"at"`
	Host       string       `json:"host"`
	Event      string       `json:"event"` // in the sender's words
	Repository string       `json:"repository,omitempty"`
	Branch     string       `json:"branch,omitempty"`
	Commit     string       `json:"commit,omitempty"`
	Image      string       `json:"image,omitempty"`
	By         string       `json:"by,omitempty"`
	Outcome    Outcome      `json:"outcome"`
	Staging    string       `json:"staging,omitempty"`
	Action     staging.Verb `json:"action,omitempty"`
	Text       string       `json:"text,omitempty"` // why nothing was done, or what it waits for
	Revision   string       `json:"revision,omitempty"`

	err error // why it failed, or waits
}

// Reported is the text for a role.
func (d Delivery) Reported(v rights.Visibility) string {
	if d.err == nil || v.Shows(project.SectionDetail) {
		return d.Text
	}
	return v.RedactError(d.err).Error()
}

// mostDeliveries is how many are remembered.
const mostDeliveries = 200

// deliveries are the last events that came in. Its zero value is ready.
type deliveries struct {
	mu   sync.Mutex  // guards what is in the deliveries as well
	told []*Delivery // oldest first
}

func (l *deliveries) add(d *Delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told = append(l.told, d)
	if over := len(l.told) - mostDeliveries; over > 0 {
		l.told = slices.Delete(l.told, 0, over)
	}
}

// Deliveries gives what webhooks told lately, newest first.
func (g *Receiver) Deliveries() []Delivery {
	l := &g.deliveries
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]Delivery, 0, len(l.told))
	for _, d := range slices.Backward(l.told) {
		all = append(all, *d)
	}
	return all
}

func delivered(call branch.Call, e branch.Event, at time.Time) *Delivery {
	return &Delivery{
		ID: call.ID, At: at.UTC(), Host: call.Host, Event: call.Event, Repository: e.Repository, Branch: e.Branch, Commit: e.Commit, Image: e.Image,
		By: e.By.Name, Outcome: OutcomeQueued,
	}
}
