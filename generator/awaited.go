package generator

import (
	"maps"
	"strings"
	"sync"

	"octopod/generator/staging"
)

// awaited is what stagings wait for beside Argo CD: images that CI still builds.
// Its zero value is ready.
type awaited struct {
	mu      sync.Mutex
	texts   map[string]string // by staging
	changes uint64
	next    chan struct{} // closed with the next change
}

// set replaces all that is awaited, and wakes the watches.
func (a *awaited) set(texts map[string]string) {
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

// now gives what is awaited, and how often that has changed.
func (a *awaited) now() (texts map[string]string, changes uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.texts, a.changes
}

// since is ready when there were more changes than those.
func (a *awaited) since(changes uint64) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.changes > changes {
		return now()
	}
	if a.next == nil {
		a.next = make(chan struct{})
	}
	return a.next
}

// tell says in the status of stagings what they wait for. Their phase is that of
// what runs meanwhile.
func (a *awaited) tell(views []staging.View) {
	texts, _ := a.now()
	for i, v := range views {
		if text := texts[v.Metadata.Name]; text != "" {
			views[i].Status.Reason = sentence(v.Status.Reason, text)
		}
	}
}

// sentence joins two reasons: Everything runs; waiting for the image of backend.
func sentence(first, second string) string {
	if first == "" {
		return strings.ToUpper(second[:1]) + second[1:]
	}
	return first + "; " + second
}
