package bounded

import "sync"

// Places limits how many places each key may hold at the same time. It remembers only
// the keys that hold one. It is safe for concurrent use.
type Places struct {
	perKey int

	mu   sync.Mutex
	held map[string]int
}

// NewPlaces returns places of which each key may hold perKey.
func NewPlaces(perKey int) *Places { return &Places{perKey: perKey, held: map[string]int{}} }

// Take takes a place, unless the key holds all of its own. Call leave once, to give the
// place back.
func (p *Places) Take(key string) (leave func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held[key] >= p.perKey {
		return nil, false
	}
	p.held[key]++
	return func() { p.leave(key) }, true
}

func (p *Places) leave(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held[key]--; p.held[key] == 0 {
		delete(p.held, key)
	}
}

// Keys counts the keys that hold a place.
func (p *Places) Keys() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.held)
}
