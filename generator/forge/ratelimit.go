package forge

import (
	"cmp"
	"errors"
	"sync"
	"time"

	"octopod/generator/gitstore"
	"octopod/generator/staging"
)

// RateLimiter refuses calls to a forge that asked to back off: for its Retry-After,
// else with exponential back-off.
type RateLimiter struct {
	now func() time.Time

	mu    sync.Mutex
	hosts map[string]pause
}

// pause is the back-off of one host.
type pause struct {
	until  time.Time
	length time.Duration // used when the host sends no Retry-After
}

// The first and the longest back-off of a host.
const (
	shortestPause = time.Minute
	longestPause  = time.Hour
)

func NewRateLimiter(now func() time.Time) *RateLimiter {
	return &RateLimiter{now: now, hosts: map[string]pause{}}
}

// Allow returns an error while the back-off of a host lasts.
func (m *RateLimiter) Allow(host string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	until := m.hosts[host].until
	if !m.now().Before(until) {
		return nil
	}
	return staging.Errorf(staging.CodeUnavailable, "%s asked Octopod to back off until %s", host, until.UTC().Format("15:04:05 UTC")).
		WithHint("Octopod retries then")
}

// Observe updates the back-off of a host from the outcome of a call.
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
