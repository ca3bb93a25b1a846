package live

import "octopod/generator/status"

// Tracker watches stagings and publishes every change. It is safe for use by
// many goroutines.
type Tracker struct {
	*status.Reader
	wakeups wakeups
}

// New returns a Tracker.
func New(r *status.Reader) *Tracker { return &Tracker{Reader: r} }
