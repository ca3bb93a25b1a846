package auth

import "time"

// Limiter exports limiter for its tests.
type Limiter struct{ *limiter }

func NewLimiter(perMinute int) Limiter { return Limiter{newLimiter(perMinute, nil)} }

func (l Limiter) Continued(perMinute int) Limiter { return Limiter{newLimiter(perMinute, l.limiter)} }

func (l Limiter) Take(key string, now time.Time) time.Duration { return l.take(key, now) }

func (l Limiter) Keys() int { return l.byKey.Len() }

// SecretString returns a secret that prints redacted.
func SecretString(text string) any { return secretString(text) }
