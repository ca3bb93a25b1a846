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
	*buckets
}

// buckets are the token buckets of a limiter, and of the one that replaces it.
type buckets struct {
	mu    sync.Mutex
	byKey *bounded.Map[string, *rate.Limiter]
}

// newLimiter returns a limiter. It goes on with the buckets of the former one, if there is any.
func newLimiter(perMinute int, former *limiter) *limiter {
	if former != nil {
		return &limiter{perMinute, former.buckets}
	}
	return &limiter{perMinute, &buckets{byKey: bounded.NewMap[string, *rate.Limiter](maxBuckets)}}
}

// bucket returns the bucket of a key, with the limit of this limiter.
func (l *limiter) bucket(key string, now time.Time) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	limit := rate.Every(time.Minute / time.Duration(l.perMinute))
	bucket, known := l.byKey.Get(key)
	switch {
	case !known:
		bucket = rate.NewLimiter(limit, l.perMinute)
		l.byKey.Put(key, bucket)
	case bucket.Burst() != l.perMinute:
		bucket.SetLimitAt(now, limit)
		bucket.SetBurstAt(now, l.perMinute)
	}
	return bucket
}

// take uses up a token, or returns how long to wait for one.
func (l *limiter) take(key string, now time.Time) (wait time.Duration) {
	reservation := l.bucket(key, now).ReserveN(now, 1)
	if wait = reservation.DelayFrom(now); wait > 0 {
		reservation.CancelAt(now)
	}
	return wait
}

// delay returns how long to wait for a token, without using one up.
func (l *limiter) delay(key string, now time.Time) (wait time.Duration) {
	if tokens := l.bucket(key, now).TokensAt(now); tokens < 1 {
		return time.Duration((1 - tokens) * float64(time.Minute) / float64(l.perMinute))
	}
	return 0
}
