package lifecycle

import (
	"sync"
	"time"

	"octopod/generator/staging"
)

// Cleaning is what one process knows of its sweeps. It may be lost: what was
// done is in the history.
type Cleaning struct {
	Last *Cleaned  // nil: there was none yet
	Next time.Time // zero: it does not sweep by itself
}

// Cleaned is a sweep that is over.
type Cleaned struct {
	At     time.Time
	By     staging.Person
	Result SweepResult
	Err    error // it came to nothing
}

// cleaning keeps what is known. Its zero value is ready.
type cleaning struct {
	mu    sync.Mutex
	known Cleaning
}

func (c *cleaning) note(done Cleaned) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known.Last = &done
}

// Status returns what this process knows of its sweeps.
func (c *cleaning) Status() Cleaning {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known
}

// SweepsNext tells when this process sweeps next by itself; zero is never.
func (g *Sweeper) SweepsNext(at time.Time) {
	g.Sweeps.mu.Lock()
	defer g.Sweeps.mu.Unlock()
	g.Sweeps.known.Next = at
}
