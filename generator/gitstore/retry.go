package gitstore

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// Wait is one pause of a store: a request failed in a way that passes, or other
// writers were first.
type Wait struct {
	Since time.Time     // when the store began to wait
	Pause time.Duration // until the next try
	Cause error         // of the last try
}

// transient marks an error of a git server that a later request may not get: the
// server is overloaded or restarts, or the connection broke.
type transient struct {
	error
	wait time.Duration // the server asked for; 0 without one
}

func (t transient) Unwrap() error { return t.error }

// Transient marks an error of a TokenSource that passes: the request is tried again.
func Transient(err error) error { return transient{error: err} }

const (
	firstPause = 100 * time.Millisecond
	maxPause   = 5 * time.Second
)

// patience decides how long one operation is retried.
type patience struct {
	began time.Time
	limit
	tries  int
	onWait func(Wait)
}

// limit ends the patience.
type limit struct {
	until time.Time
	stop  <-chan struct{} // closed when the store closes
}

// wait pauses before the next try. It returns false if err does not pass, or no time
// is left.
func (p *patience) wait(ctx context.Context, err error) bool {
	var passing transient
	if !errors.As(err, &passing) {
		return false
	}
	pause := min(firstPause<<min(p.tries, 10), maxPause)
	p.tries++
	pause = max(pause/2+rand.N(pause), passing.wait)
	if time.Now().Add(pause).After(p.until) {
		return false
	}
	p.onWait(Wait{Since: p.began, Pause: pause, Cause: err})
	select {
	case <-ctx.Done():
		return false
	case <-p.stop:
		return false
	case <-time.After(pause):
		return true
	}
}

// limitKey is the key of withLimit.
type limitKey struct{}

// withLimit returns a context whose requests to a git server are retried until the
// limit, in place of ReadPatience.
func withLimit(ctx context.Context, l limit) context.Context {
	return context.WithValue(ctx, limitKey{}, l)
}

// patience returns the patience of an operation that begins now.
func (o *Options) patience(ctx context.Context) *patience {
	now := time.Now()
	l, ok := ctx.Value(limitKey{}).(limit)
	if !ok {
		l.until = now.Add(o.ReadPatience)
	}
	return &patience{began: now, limit: l, onWait: o.OnWait}
}

// retry calls f until it succeeds, its error does not pass, or the patience ends.
func retry[T any](ctx context.Context, o *Options, f func() (T, error)) (T, error) {
	p := o.patience(ctx)
	for {
		result, err := f()
		if err == nil || !p.wait(ctx, err) {
			return result, err
		}
	}
}
