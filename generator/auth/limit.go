package auth

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// mostBuckets bounds the memory of a limiter: two generations of so many.
const mostBuckets = 10_000

// limiter gives each key a bucket of so many tokens a minute. It forgets the
// keys that have not been seen for longest: who owns that many addresses is not
// stopped by any limit on an address.
type limiter struct {
	perMinute int

	mu         sync.Mutex
	young, old map[string]*rate.Limiter
}

func newLimiter(perMinute int) *limiter {
	return &limiter{perMinute: perMinute, young: map[string]*rate.Limiter{}}
}

func (l *limiter) bucket(key string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if bucket := l.young[key]; bucket != nil {
		return bucket
	}
	bucket := l.old[key]
	if bucket == nil {
		bucket = rate.NewLimiter(rate.Every(time.Minute/time.Duration(l.perMinute)), l.perMinute)
	}
	if len(l.young) >= mostBuckets {
		l.old, l.young = l.young, map[string]*rate.Limiter{}
	}
	l.young[key] = bucket
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
