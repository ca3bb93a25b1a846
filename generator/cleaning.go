package generator

import (
	"slices"
	"sync"
	"time"

	"octopod/generator/project"
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

func (c *cleaning) now() Cleaning {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known
}

// SweepsNext tells when this process sweeps next by itself; zero is never.
func (g *Stagings) SweepsNext(at time.Time) {
	g.cleaning.mu.Lock()
	defer g.cleaning.mu.Unlock()
	g.cleaning.known.Next = at
}

// Cleaning tells what the process that answers has swept last, and when it will
// again, by rules that were read before: to those who may sweep.
func (a *Access) Cleaning(p *project.Project) (Cleaning, error) {
	if err := a.by.may(p, Sweep, ""); err != nil {
		return Cleaning{}, err
	}
	known := a.stagings.cleaning.now()
	if known.Last == nil {
		return known, nil
	}
	v, last := newVeil(p, a.by.Rights), *known.Last
	last.Err = v.err(last.Err)
	last.Result.Items = slices.Clone(last.Result.Items)
	for i := range last.Result.Items {
		last.Result.Items[i].Err = v.err(last.Result.Items[i].Err)
	}
	last.Result.Repositories = slices.Clone(last.Result.Repositories)
	for i := range last.Result.Repositories {
		last.Result.Repositories[i].Err = v.err(last.Result.Repositories[i].Err)
	}
	known.Last = &last
	return known, nil
}
