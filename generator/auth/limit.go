package auth

import (
	"sync"
	"time"

	"octopod/generator/bounded"

	"golang.org/x/time/rate"
)

// mostBuckets bounds the memory of a limiter.
const mostBuckets = 10_000

// limiter gives each key a bucket of so many tokens a minute. It forgets the
// keys that have not been seen for longest: who owns that many addresses is not
// stopped by any limit on an address.
type limiter struct {
	perMinute int

	mu      sync.Mutex
	buckets *bounded.Map[string, *rate.Limiter]
}

func newLimiter(perMinute int) *limiter {
	return &limiter{perMinute: perMinute, buckets: bounded.NewMap[string, *rate.Limiter](mostBuckets)}
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

// take uses up a token, or says how long there is none.
func (l *limiter) take(key string, now time.Time) (wait time.Duration) {
	reservation := l.bucket(key).ReserveN(now, 1)
	if wait = reservation.DelayFrom(now); wait > 0 {
		reservation.CancelAt(now)
	}
	return wait
}

// empty says how long there is no token, without using one up.
func (l *limiter) empty(key string, now time.Time) (wait time.Duration) {
	if tokens := l.bucket(key).TokensAt(now); tokens < 1 {
		return time.Duration((1 - tokens) * float64(time.Minute) / float64(l.perMinute))
	}
	return 0
}
