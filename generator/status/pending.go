package status

import (
	"maps"
	"strings"
	"sync"

	"octopod/generator/staging"
)

// pendingImages is what stagings wait for beside Argo CD: images that CI still builds.
// Its zero value is ready.
type pendingImages struct {
	mu      sync.Mutex
	texts   map[string]string // by staging
	changes uint64
	next    chan struct{} // closed with the next change
}

// Set replaces all that is pendingImages, and wakes the watches.
func (a *pendingImages) Set(texts map[string]string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if maps.Equal(a.texts, texts) {
		return
	}
	a.texts = texts
	a.changes++
	if a.next != nil {
		close(a.next)
		a.next = nil
	}
}

// Current gives what is pendingImages, and how often that has changed.
func (a *pendingImages) Current() (texts map[string]string, changes uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.texts, a.changes
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

// Annotate says in the status of stagings what they wait for. Their phase is that of
// what runs meanwhile.
func (a *pendingImages) Annotate(views []staging.View) {
	texts, _ := a.Current()
	for i, v := range views {
		if text := texts[v.Metadata.Name]; text != "" {
			views[i].Status.Reason = joinReasons(v.Status.Reason, text)
		}
	}
}

// joinReasons joins two reasons: Everything runs; waiting for the image of backend.
func joinReasons(first, second string) string {
	if first == "" {
		return strings.ToUpper(second[:1]) + second[1:]
	}
	return first + "; " + second
}

// Closed is a channel that is ready already.
func Closed() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}
