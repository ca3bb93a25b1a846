package main

import (
	"cmp"
	"sync"
	"time"

	"octopod/generator/gitstore"
)

const (
	commandPatience = 5 * time.Minute
	serverPatience  = time.Minute
	// A server reads again later, and people wait for the page.
	serverReadPatience = 2 * time.Second
)

// setPatience sets how long requests to the git remote are retried.
func (c *cli) setPatience(o *gitstore.Options) {
	if c.server != nil {
		o.Patience, o.ReadPatience = cmp.Or(c.settings.gitPatience, serverPatience), serverReadPatience
		return
	}
	o.Patience, o.OnWait = cmp.Or(c.settings.gitPatience, commandPatience), c.noteWaits()
}

const (
	quietWait   = time.Second      // waits that are shorter in all are not worth a line
	betweenWait = 10 * time.Second // the shortest time between two lines
)

// noteWaits returns a function that prints why the run waits for the git remote.
func (c *cli) noteWaits() func(gitstore.Wait) {
	var mu sync.Mutex
	var last time.Time
	return func(w gitstore.Wait) {
		mu.Lock()
		defer mu.Unlock()
		waited := time.Since(w.Since)
		if c.settings.machineReadable() || waited+w.Pause < quietWait || time.Since(last) < betweenWait {
			return
		}
		last = time.Now()
		c.note("waiting for %s: %s", waited.Round(time.Second), oneLine(message(w.Cause)))
	}
}
