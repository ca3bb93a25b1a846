package main

import (
	"cmp"
	"errors"
	"sync"
	"time"

	"octopod/generator/gitstore"
	"octopod/generator/staging"
)

// manners leave a forge alone that wants to be: for as long as it says, else
// for longer each time.
type manners struct {
	now func() time.Time

	mu    sync.Mutex
	hosts map[string]rest
}

// rest is a host that is left alone.
type rest struct {
	until time.Time
	usual time.Duration // for how long, where it does not say
}

// How long a host is left alone that does not say, and at most.
const (
	firstRest = time.Minute
	mostRest  = time.Hour
)

func newManners(now func() time.Time) *manners {
	return &manners{now: now, hosts: map[string]rest{}}
}

// waits refuses to ask a host before its time.
func (m *manners) waits(host string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	until := m.hosts[host].until
	if !m.now().Before(until) {
		return nil
	}
	return staging.Errorf(staging.CodeUnavailable, "%s wants to be left alone until %s", host, until.UTC().Format("15:04:05 UTC")).
		WithHint("it is asked again then")
}

// heard learns from an answer of a host.
func (m *manners) heard(host string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var later *gitstore.RetryAfter
	switch {
	case err == nil:
		delete(m.hosts, host)
	case errors.As(err, &later):
		usual := min(max(2*m.hosts[host].usual, firstRest), mostRest)
		m.hosts[host] = rest{until: m.now().Add(min(cmp.Or(later.Wait, usual), mostRest)), usual: usual}
	}
}
