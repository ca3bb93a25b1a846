package notify

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// Outcome is what became of an attempt to deliver.
type Outcome string

// The outcomes.
const (
	Sent    Outcome = "sent"
	Retried Outcome = "retried"  // it failed, and is tried again
	GivenUp Outcome = "given_up" // it failed for good, took too long, or there was no room
)

// Limits bound what an outbox holds and how long it tries.
type Limits struct {
	Held     int           // deliveries that wait; the oldest gives way
	Attempt  time.Duration // for one attempt
	Patience time.Duration // for one delivery, from the moment it was put in
	Pause    time.Duration // after the first failure; doubled with each one after
	MostRest time.Duration // between two attempts, unless the place asks for more
}

// UsualLimits are those of a server.
func UsualLimits() Limits {
	return Limits{Held: 200, Attempt: 15 * time.Second, Patience: 15 * time.Minute, Pause: time.Second, MostRest: time.Minute}
}

// Outbox delivers to one place, one after the other, and holds up nobody else.
type Outbox struct {
	place  string
	limits Limits
	log    *slog.Logger
	count  func(place string, o Outcome)

	mu      sync.Mutex
	waiting []Delivery
	more    chan struct{}
}

// Delivery is one thing to do at a place. A later one with the same key makes
// it needless. Do may be called several times.
type Delivery struct {
	Key  string
	What string // for the log
	Do   func(context.Context) error

	until time.Time
}

// NewOutbox makes the outbox of a place. Nothing is delivered before Run.
func NewOutbox(place string, limits Limits, log *slog.Logger, count func(place string, o Outcome)) *Outbox {
	return &Outbox{place: place, limits: limits, log: log, count: count, more: make(chan struct{}, 1)}
}

// Put leaves a delivery. It never waits.
func (o *Outbox) Put(d Delivery) {
	d.until = time.Now().Add(o.limits.Patience)
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, old := range o.waiting {
		if old.Key == d.Key {
			o.waiting[i] = d
			return
		}
	}
	if len(o.waiting) >= o.limits.Held {
		o.giveUp(o.waiting[0], errors.New("too many wait for this place"))
		o.waiting = o.waiting[1:]
	}
	o.waiting = append(o.waiting, d)
	select {
	case o.more <- struct{}{}:
	default:
	}
}

// Run delivers for as long as ctx lasts.
func (o *Outbox) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if d, ok := o.take(); ok {
			o.deliver(ctx, d)
			continue
		}
		select {
		case <-o.more:
		case <-ctx.Done():
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, d := range o.waiting {
		o.giveUp(d, errors.New("the server ends"))
	}
	o.waiting = nil
}

func (o *Outbox) take() (Delivery, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.waiting) == 0 {
		return Delivery{}, false
	}
	d := o.waiting[0]
	o.waiting = o.waiting[1:]
	return d, true
}

// replaced tells whether a later delivery made this one needless.
func (o *Outbox) replaced(d Delivery) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, later := range o.waiting {
		if later.Key == d.Key {
			return true
		}
	}
	return false
}

// deliver tries until it is done, or hopeless.
func (o *Outbox) deliver(ctx context.Context, d Delivery) {
	for pause := o.limits.Pause; !o.replaced(d); pause = min(2*pause, o.limits.MostRest) {
		err := o.attempt(ctx, d)
		if err == nil {
			o.count(o.place, Sent)
			return
		}
		rest, again := retry(err, pause)
		if !again || time.Now().Add(rest).After(d.until) || ctx.Err() != nil {
			o.giveUp(d, err)
			return
		}
		o.count(o.place, Retried)
		o.log.InfoContext(ctx, "not told, tried again", "to", o.place, "what", d.What, "after", rest, "error", err)
		select {
		case <-time.After(rest):
		case <-ctx.Done():
		}
	}
}

func (o *Outbox) attempt(ctx context.Context, d Delivery) error {
	ctx, cancel := context.WithTimeout(ctx, o.limits.Attempt)
	defer cancel()
	return d.Do(ctx)
}

// giveUp notes what was not delivered.
func (o *Outbox) giveUp(d Delivery, err error) {
	o.count(o.place, GivenUp)
	o.log.Warn("not told, given up", "to", o.place, "what", d.What, "error", err)
}

// retry says whether and when to try again: never what the place refused, and
// not before it wants to be asked.
func retry(err error, pause time.Duration) (rest time.Duration, again bool) {
	rest = pause/2 + rand.N(pause)
	var refused *Refusal
	if !errors.As(err, &refused) {
		return rest, true
	}
	return max(rest, refused.After), refused.Passing
}
