package auth

import (
	"sync"
	"time"

	"octopod/generator/bounded"

	"golang.org/x/time/rate"
)

// maxBuckets bounds the memory of a limiter.
const maxBuckets = 10_000

// limiter limits each key with a token bucket. It evicts the least recently used
// keys: a limit per address does not stop an attacker with that many addresses.
type limiter struct {
	perMinute int

	mu      sync.Mutex
	buckets *bounded.Map[string, *rate.Limiter]
}

func newLimiter(perMinute int) *limiter {
	return &limiter{perMinute: perMinute, buckets: bounded.NewMap[string, *rate.Limiter](maxBuckets)}
}

func (l *limiter) bucket(key string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket, known := l.buckets.Get(key)
	if !known {
		bucket = rate.NewLimiter(rate.Every(time.Minute/time.Duration(l.perMinute)), l.perMinute)
		l.buckets.Put(key, bucket)
	}
	return bucket
}

// take uses up a token, or returns how long to wait for one.
func (l *limiter) take(key string, now time.Time) (wait time.Duration) {
	reservation := l.bucket(key).ReserveN(now, 1)
	if wait = reservation.DelayFrom(now); wait > 0 {
		reservation.CancelAt(now)
	}
	return wait
}

// delay returns how long to wait for a token, without using one up.
func (l *limiter) delay(key string, now time.Time) (wait time.Duration) {
	if tokens := l.bucket(key).TokensAt(now); tokens < 1 {
		return time.Duration((1 - tokens) * float64(time.Minute) / float64(l.perMinute))
	}
	return 0
}
