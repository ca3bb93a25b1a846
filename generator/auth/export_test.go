package auth

import "time"

// Limiter is seen by its test.
type Limiter struct{ *limiter }

func NewLimiter(perMinute int) Limiter { return Limiter{newLimiter(perMinute)} }

func (l Limiter) Take(key string, now time.Time) time.Duration { return l.take(key, now) }

func (l Limiter) Keys() int { return l.buckets.Len() }

// Hidden wraps a secret as this package does.
func Hidden(text string) any { return hidden(text) }
