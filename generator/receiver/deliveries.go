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

// Outcome is the result of processing a delivery.
type Outcome string

// The outcomes.
const (
	OutcomeQueued  Outcome = "queued"
	OutcomeDone    Outcome = "done"
	OutcomeNothing Outcome = "nothing" // no action was needed
	OutcomeWaiting Outcome = "waiting"
	OutcomeFailed  Outcome = "failed"
)

// Delivery is the log entry of one webhook event.
type Delivery struct {
	ID         string       `json:"id,omitempty"` // assigned by the sender
	At         time.Time    `json:"at"`
	Host       string       `json:"host"`
	Event      string       `json:"event"` // name of the event at the sender
	Repository string       `json:"repository,omitempty"`
	Branch     string       `json:"branch,omitempty"`
	Commit     string       `json:"commit,omitempty"`
	Image      string       `json:"image,omitempty"`
	By         string       `json:"by,omitempty"`
	Outcome    Outcome      `json:"outcome"`
	Staging    string       `json:"staging,omitempty"`
	Action     staging.Verb `json:"action,omitempty"`
	Text       string       `json:"text,omitempty"` // why there was no action, or what it waits for
	Revision   string       `json:"revision,omitempty"`

	err error // why it failed or waits
}

// TextFor returns the text with everything removed that a role may not see.
func (d Delivery) TextFor(v rights.Visibility) string {
	if d.err == nil || v.Shows(project.SectionDetail) {
		return d.Text
	}
	return v.RedactError(d.err).Error()
}

// maxDeliveries bounds the log of deliveries.
const maxDeliveries = 200

// deliveries is the log of recent webhook events. It guards the entries as well:
// change one with update only. Its zero value is ready.
type deliveries struct {
	mu     sync.Mutex
	recent []*Delivery // oldest first
}

func (l *deliveries) add(d *Delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recent = append(l.recent, d)
	if over := len(l.recent) - maxDeliveries; over > 0 {
		l.recent = slices.Delete(l.recent, 0, over)
	}
}

// update changes an entry, and returns a copy of it.
func (l *deliveries) update(d *Delivery, change func(*Delivery)) Delivery {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(d)
	return *d
}

// list returns copies of all entries, newest first.
func (l *deliveries) list() []Delivery {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]Delivery, 0, len(l.recent))
	for _, d := range slices.Backward(l.recent) {
		all = append(all, *d)
	}
	return all
}

// Deliveries lists the recent webhook events, newest first.
func (g *Receiver) Deliveries() []Delivery { return g.deliveries.list() }

// newDelivery returns the log entry of an event that was just queued.
func newDelivery(call branch.Webhook, e branch.Event, at time.Time) *Delivery {
	return &Delivery{
		ID: call.ID, At: at.UTC(), Host: call.Host, Event: call.Event, Repository: e.Repository, Branch: e.Branch, Commit: e.Commit, Image: e.Image,
		By: e.By.Name, Outcome: OutcomeQueued,
	}
}
