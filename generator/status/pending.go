package status

import (
	"maps"
	"sync"

	"octopod/generator/staging"
)

// pendingImages is what stagings wait for beside Argo CD: images that CI still builds.
// Its zero value is ready.
type pendingImages struct {
	mu      sync.Mutex
	awaited map[string]staging.Names // services whose image is missing, by staging
	changes uint64
	next    chan struct{} // closed with the next change
}

// Set replaces the services that each staging waits for, and wakes the watches.
func (a *pendingImages) Set(awaited map[string]staging.Names) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if maps.Equal(a.awaited, awaited) {
		return
	}
	a.awaited = awaited
	a.changes++
	if a.next != nil {
		close(a.next)
		a.next = nil
	}
}

// Current returns the services that each staging waits for, and how often that has changed.
func (a *pendingImages) Current() (awaited map[string]staging.Names, changes uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.awaited, a.changes
}

// Changed is ready when there were more changes than those.
func (a *pendingImages) Changed(changes uint64) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.changes > changes {
		return Closed()
	}
	if a.next == nil {
		a.next = make(chan struct{})
	}
	return a.next
}

// Annotate adds the services that stagings wait for to the reasons of their status.
// Their phase stays that of what runs meanwhile.
func (a *pendingImages) Annotate(views []staging.View) {
	awaited, _ := a.Current()
	for i, v := range views {
		views[i].Status.Reason.Awaiting = awaited[v.Metadata.Name]
	}
}

// Closed is a channel that is ready already.
func Closed() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}
