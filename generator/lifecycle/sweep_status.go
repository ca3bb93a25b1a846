package lifecycle

import (
	"sync"
	"time"

	"octopod/generator/staging"
)

// SweepStatus is this process's in-memory record of sweeps. It is lost on restart; the
// commits remain in git.
type SweepStatus struct {
	Last *LastSweep // nil before the first sweep
	Next time.Time  // zero if this process does not sweep on a timer
}

// LastSweep is a finished sweep.
type LastSweep struct {
	At     time.Time
	By     staging.Person
	Result SweepResult
	Err    error // the sweep failed
}

// sweepStatus guards a SweepStatus. Its zero value is ready.
type sweepStatus struct {
	mu    sync.Mutex
	known SweepStatus
}

func (c *sweepStatus) record(done LastSweep) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known.Last = &done
}

// Current returns a copy of the status.
func (c *sweepStatus) Current() SweepStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known
}

// SetNextSweep records when this process will sweep next; zero means never.
func (g *Sweeper) SetNextSweep(at time.Time) {
	g.Sweeps.mu.Lock()
	defer g.Sweeps.mu.Unlock()
	g.Sweeps.known.Next = at
}
