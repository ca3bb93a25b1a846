package live

import (
	"sync"

	"octopod/generator/status"
)

// wakeups counts the requests to read the env repo now, and wakes the watches. The zero
// value is ready.
type wakeups struct {
	mu    sync.Mutex
	count uint64
	next  chan struct{} // closed with the next request
}

// Wake makes every watch read the env repo now instead of at its next poll. A watch
// that has sent the result reports it with the returned number in Event.Wakes.
func (g *Tracker) Wake() uint64 { return g.wakeups.wake() }

func (a *wakeups) wake() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count++
	if a.next != nil {
		close(a.next)
		a.next = nil
	}
	return a.count
}

func (a *wakeups) current() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.count
}

// after returns a channel that is closed once there were more requests than count.
func (a *wakeups) after(count uint64) <-chan struct{} {
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
