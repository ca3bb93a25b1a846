package auth

import "time"

// Limiter exports limiter for its tests.
type Limiter struct{ *limiter }

func NewLimiter(perMinute int) Limiter { return Limiter{newLimiter(perMinute)} }

func (l Limiter) Take(key string, now time.Time) time.Duration { return l.take(key, now) }

func (l Limiter) Keys() int { return l.buckets.Len() }

// SecretString returns a secret that prints redacted.
func SecretString(text string) any { return secretString(text) }
