package gitstore

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Later is the cause of an error when a server wants to be left alone for a
// while: it answered 429 or 503, or 403 as GitHub does.
type Later struct {
	Wait time.Duration // 0 where it does not say how long

	status int
	words  string
}

// Error says how long.
func (l *Later) Error() string {
	if l.Wait == 0 {
		return "it does not say until when"
	}
	return "it asks to wait for " + l.Wait.String()
}

// patient makes an error of the answers that say "not now". go-git would take
// GitHub's 403 for one about rights, and drop what its header says.
//
//	https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
type patient struct{ next http.RoundTripper }

// RoundTrip is http.RoundTripper's.
func (p patient) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := p.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	switch answer.StatusCode {
	case http.StatusForbidden, http.StatusTooManyRequests, http.StatusServiceUnavailable:
	default:
		return answer, nil
	}
	said, err := io.ReadAll(io.LimitReader(answer.Body, mostSaid))
	_ = answer.Body.Close()
	if err != nil {
		return nil, err
	}
	if answer.StatusCode == http.StatusForbidden && !limited(answer.Header, string(said)) {
		answer.Body = io.NopCloser(bytes.NewReader(said))
		return answer, nil
	}
	return nil, &Later{Wait: restOf(answer.Header, time.Now()), status: answer.StatusCode, words: string(said)}
}

// mostSaid bounds what is read of a refusal.
const mostSaid = 64 << 10

// limited tells whether a 403 is about how often a server is asked, and not about
// rights. GitHub's second limit may stand in its words alone.
func limited(h http.Header, said string) bool {
	said = strings.ToLower(said)
	return h.Get("Retry-After") != "" || h.Get("X-RateLimit-Remaining") == "0" || strings.Contains(said, "rate limit") || strings.Contains(said, "rate-limits")
}

// restOf reads how long a server wants to be left alone: Retry-After holds seconds
// or a date, GitHub's own header a moment in Unix seconds.
func restOf(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(text)
	if seconds, number := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64); err != nil && number == nil && h.Get("X-RateLimit-Remaining") == "0" {
		at, err = time.Unix(seconds, 0), nil
	}
	if err != nil {
		return 0
	}
	return max(0, at.Sub(now).Round(time.Second))
}
