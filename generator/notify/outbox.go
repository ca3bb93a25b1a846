package notify

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// Outcome is the result of a delivery attempt.
type Outcome string

// The outcomes.
const (
	Sent    Outcome = "sent"
	Retried Outcome = "retried"  // failed, will be retried
	GivenUp Outcome = "given_up" // failed permanently, timed out, or the outbox was full
)

// Limits bound the size of an outbox and its retries.
type Limits struct {
	Capacity        int           // waiting deliveries; a further one drops the oldest
	AttemptTimeout  time.Duration // for one attempt
	DeliveryTimeout time.Duration // for one delivery, counted from Put
	Backoff         time.Duration // after the first failure; doubled with each further one
	MaxBackoff      time.Duration // between two attempts, unless the destination asks for more
}

// DefaultLimits returns the limits of a server.
func DefaultLimits() Limits {
	return Limits{Capacity: 200, AttemptTimeout: 15 * time.Second, DeliveryTimeout: 15 * time.Minute, Backoff: time.Second, MaxBackoff: time.Minute}
}

// Outbox delivers to one destination, one delivery at a time.
type Outbox struct {
	destination string
	limits      Limits
	log         *slog.Logger
	count       func(destination string, o Outcome)

	mu      sync.Mutex
	waiting []Delivery
	queued  chan struct{}
}

// Delivery is one call to a destination. A later delivery with the same key replaces
// it. Do may be called several times.
type Delivery struct {
	Key  string
	What string // for the log
	Do   func(context.Context) error
	Done func() // called after the last attempt, unless the server shuts down; may be nil

	deadline time.Time
}

// NewOutbox returns the outbox of a destination. It delivers nothing before Run.
func NewOutbox(destination string, limits Limits, log *slog.Logger, count func(destination string, o Outcome)) *Outbox {
	return &Outbox{destination: destination, limits: limits, log: log, count: count, queued: make(chan struct{}, 1)}
}

// ErrSuperseded ends a delivery that Do no longer has to make.
var ErrSuperseded = errors.New("superseded")

// Put queues a delivery. It does not block.
func (o *Outbox) Put(d Delivery) {
	d.deadline = time.Now().Add(o.limits.DeliveryTimeout)
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, old := range o.waiting {
		if old.Key == d.Key {
			o.waiting[i] = d
			return
		}
	}
	if len(o.waiting) >= o.limits.Capacity {
		o.giveUp(o.waiting[0], errors.New("too many deliveries wait for this destination"))
		o.waiting[0].done()
		o.waiting = o.waiting[1:]
	}
	o.waiting = append(o.waiting, d)
	select {
	case o.queued <- struct{}{}:
	default:
	}
}

// Run delivers until ctx is cancelled.
func (o *Outbox) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if d, ok := o.take(); ok {
			o.deliver(ctx, d)
			continue
		}
		select {
		case <-o.queued:
		case <-ctx.Done():
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, d := range o.waiting {
		o.giveUp(d, errors.New("the server shuts down"))
	}
	o.waiting = nil
}

func (d Delivery) done() {
	if d.Done != nil {
		d.Done()
	}
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

// superseded reports whether a later delivery has the same key.
func (o *Outbox) superseded(d Delivery) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, later := range o.waiting {
		if later.Key == d.Key {
			return true
		}
	}
	return false
}

// deliver retries a delivery until it succeeds, fails permanently or times out.
func (o *Outbox) deliver(ctx context.Context, d Delivery) {
	for pause := o.limits.Backoff; !o.superseded(d); pause = min(2*pause, o.limits.MaxBackoff) {
		err := o.attempt(ctx, d)
		switch {
		case errors.Is(err, ErrSuperseded):
			return
		case err == nil:
			o.count(o.destination, Sent)
			d.done()
			return
		}
		rest, again := retry(err, pause)
		if !again || time.Now().Add(rest).After(d.deadline) || ctx.Err() != nil {
			o.giveUp(d, err)
			if ctx.Err() == nil {
				d.done()
			}
			return
		}
		o.count(o.destination, Retried)
		o.log.InfoContext(ctx, "delivery failed, retrying", "to", o.destination, "what", d.What, "after", rest, "error", err)
		select {
		case <-time.After(rest):
		case <-ctx.Done():
		}
	}
}

func (o *Outbox) attempt(ctx context.Context, d Delivery) error {
	ctx, cancel := context.WithTimeout(ctx, o.limits.AttemptTimeout)
	defer cancel()
	return d.Do(ctx)
}

// giveUp counts and logs a delivery that failed permanently.
func (o *Outbox) giveUp(d Delivery, err error) {
	o.count(o.destination, GivenUp)
	o.log.Warn("delivery failed, given up", "to", o.destination, "what", d.What, "error", err)
}

// retry returns whether and when to retry: never a permanent rejection, and not before
// the destination's Retry-After.
func retry(err error, pause time.Duration) (rest time.Duration, again bool) {
	rest = pause/2 + rand.N(pause)
	var rejected *RejectedError
	if !errors.As(err, &rejected) {
		return rest, true
	}
	return max(rest, rejected.RetryAfter), rejected.Temporary
}
