package forge

import (
	"cmp"
	"errors"
	"sync"
	"time"

	"octopod/generator/gitstore"
	"octopod/generator/staging"
)

// RateLimiter leave a forge alone that wants to be: for as long as it says, else
// for longer each time.
type RateLimiter struct {
	now func() time.Time

	mu    sync.Mutex
	hosts map[string]pause
}

// pause is a host that is left alone.
type pause struct {
	until  time.Time
	length time.Duration // for how long, where it does not say
}

// How long a host is left alone that does not say, and at most.
const (
	shortestPause = time.Minute
	longestPause  = time.Hour
)

func NewRateLimiter(now func() time.Time) *RateLimiter {
	return &RateLimiter{now: now, hosts: map[string]pause{}}
}

// Allow refuses to ask a host before its time.
func (m *RateLimiter) Allow(host string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	until := m.hosts[host].until
	if !m.now().Before(until) {
		return nil
	}
	return staging.Errorf(staging.CodeUnavailable, "%s wants to be left alone until %s", host, until.UTC().Format("15:04:05 UTC")).
		WithHint("it is asked again then")
}

// Observe learns from an answer of a host.
func (m *RateLimiter) Observe(host string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var retry *gitstore.RetryAfter
	switch {
	case err == nil:
		delete(m.hosts, host)
	case errors.As(err, &retry):
		usual := min(max(2*m.hosts[host].length, shortestPause), longestPause)
		m.hosts[host] = pause{until: m.now().Add(min(cmp.Or(retry.Wait, usual), longestPause)), length: usual}
	}
}
