package gitstore

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RetryAfter is the cause of an error when a server asks the client to retry later: it
// answered 429 or 503, or 403 for a rate limit, as GitHub does.
type RetryAfter struct {
	Wait time.Duration // 0 when the server gives none

	status int
	body   string
}

// Error implements error.
func (l *RetryAfter) Error() string {
	if l.Wait == 0 {
		return "the server gives no time to wait"
	}
	return "the server asks to wait for " + l.Wait.String()
}

// retryAfterTransport turns responses that ask to retry later into errors. go-git
// would report GitHub's 403 as missing rights, and drop its headers.
//
//	https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
type retryAfterTransport struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (p retryAfterTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := p.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	switch answer.StatusCode {
	case http.StatusForbidden, http.StatusTooManyRequests, http.StatusServiceUnavailable:
	default:
		return answer, nil
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxErrorBody))
	_ = answer.Body.Close()
	if err != nil {
		return nil, err
	}
	if answer.StatusCode == http.StatusForbidden && !isRateLimit(answer.Header, string(body)) {
		answer.Body = io.NopCloser(bytes.NewReader(body))
		return answer, nil
	}
	return nil, &RetryAfter{Wait: retryDelay(answer.Header, time.Now()), status: answer.StatusCode, body: string(body)}
}

// maxErrorBody limits how many bytes of an error response are read.
const maxErrorBody = 64 << 10

// isRateLimit reports whether a 403 is about a rate limit and not about rights.
// GitHub's secondary rate limit may be named only in the body.
func isRateLimit(h http.Header, body string) bool {
	body = strings.ToLower(body)
	return h.Get("Retry-After") != "" || h.Get("X-RateLimit-Remaining") == "0" || strings.Contains(body, "rate limit") || strings.Contains(body, "rate-limits")
}

// retryDelay returns how long a server asks to wait. Retry-After holds seconds or a
// date, GitHub's X-RateLimit-Reset a Unix time.
func retryDelay(h http.Header, now time.Time) time.Duration {
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
