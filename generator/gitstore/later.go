package gitstore

import (
	"net/http"
	"strconv"
	"time"
)

// Later is the cause of an error when a server wants to be left alone for a
// while: it answered 429 or 503.
type Later struct {
	Wait time.Duration // 0 where it does not say how long
}

// Error says how long.
func (l *Later) Error() string {
	if l.Wait == 0 {
		return "it does not say until when"
	}
	return "it asks to wait for " + l.Wait.String()
}

// retryAfter reads the header of that name: seconds, or a date.
func retryAfter(answer *http.Response) time.Duration {
	text := answer.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at).Round(time.Second))
	}
	return 0
}
