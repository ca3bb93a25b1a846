package live

import (
	"sync"

	"octopod/generator/status"
)

// asked counts the requests to look at the env repo now, and wakes the watches.
// Its zero value is ready.
type asked struct {
	mu    sync.Mutex
	count uint64
	next  chan struct{} // closed with the next request
}

// LookNow makes every watch read the env repo now, instead of when it would by
// itself. When a watch told what came of it, its News.Looks has reached the
// number.
func (g *Tracker) LookNow() uint64 { return g.asked.ask() }

func (a *asked) ask() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count++
	if a.next != nil {
		close(a.next)
		a.next = nil
	}
	return a.count
}

func (a *asked) number() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.count
}

// since is ready when there were more requests than those.
func (a *asked) since(count uint64) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.count > count {
		return status.Closed()
	}
	if a.next == nil {
		a.next = make(chan struct{})
	}
	return a.next
}
