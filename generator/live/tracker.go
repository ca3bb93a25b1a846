package live

import (
	"context"

	"octopod/generator/status"
)

// Tracker watches stagings and publishes every change. It is safe for use by
// many goroutines.
type Tracker struct {
	*status.Reader
	wakeups wakeups
}

// New returns a Tracker.
func New(r *status.Reader) *Tracker { return &Tracker{Reader: r} }

// Fetch reads the env repo into memory, and reports whether it found a commit that this
// process did not know.
func (g *Tracker) Fetch(ctx context.Context) (moved bool, err error) { return g.Repo.Fetch(ctx) }

// Behind is signalled when somebody names a commit of the env repo that Fetch has not read.
func (g *Tracker) Behind() <-chan struct{} { return g.Repo.Behind() }
