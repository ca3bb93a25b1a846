package notify

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// RejectedError is the error of a destination that rejected a request.
type RejectedError struct {
	Status     int           // of HTTP; 0 for other protocols
	Message    string        // the destination's error message, shortened
	Temporary  bool          // a retry may succeed
	RetryAfter time.Duration // retry after so long at the earliest
}

func (r *RejectedError) Error() string {
	text := r.Message
	if r.Status != 0 {
		text = fmt.Sprintf("the server responded %d %s", r.Status, http.StatusText(r.Status))
		if r.Message != "" {
			text += ": " + r.Message
		}
	}
	if r.RetryAfter > 0 {
		text += fmt.Sprintf(" (retry after %s)", r.RetryAfter.Round(time.Second))
	}
	return text
}

// maxRetryAfter bounds the Retry-After of a destination.
const maxRetryAfter = time.Hour

// Transport wraps a transport and returns an error for temporary failures: the rate
// limits of forges and chats, and server errors. The error carries the time of
// Retry-After, or of the headers of GitHub, GitLab and Gitea:
//
//	https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
//	https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/
func Transport(next http.RoundTripper) http.RoundTripper { return transport{next} }

type transport struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (p transport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := p.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	limited := response.StatusCode == http.StatusTooManyRequests ||
		response.StatusCode == http.StatusForbidden && (response.Header.Get("Retry-After") != "" || response.Header.Get("X-RateLimit-Remaining") == "0" || isRateLimit(response))
	if !limited && response.StatusCode < http.StatusInternalServerError {
		response.Body = limitedBody{io.LimitReader(response.Body, maxResponse), response.Body}
		return response, nil
	}
	defer func() { _ = response.Body.Close() }()
	return nil, &RejectedError{Status: response.StatusCode, Temporary: true, RetryAfter: retryAfter(response.Header, time.Now())}
}

// isRateLimit reports whether a 403 is a rate limit: GitHub may mention its secondary
// limit in the body alone. The body can still be read afterwards.
func isRateLimit(response *http.Response) bool {
	const most = 64 << 10
	text, err := io.ReadAll(io.LimitReader(response.Body, most))
	if err != nil {
		return false
	}
	response.Body = limitedBody{io.MultiReader(bytes.NewReader(text), response.Body), response.Body}
	words := strings.ToLower(string(text))
	return strings.Contains(words, "rate limit") || strings.Contains(words, "rate-limits")
}

// maxResponse bounds the size of a response.
const maxResponse = 8 << 20

type limitedBody struct {
	io.Reader
	io.Closer
}

// retryAfter returns the time to wait before a retry, from the response headers.
func retryAfter(h http.Header, now time.Time) time.Duration {
	var rest time.Duration
	if seconds, err := strconv.Atoi(h.Get("Retry-After")); err == nil {
		rest = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(h.Get("Retry-After")); err == nil {
		rest = at.Sub(now)
	} else if h.Get("X-RateLimit-Remaining") == "0" {
		rest = until(h.Get("X-RateLimit-Reset"), now)
	} else {
		rest = until(h.Get("RateLimit-Reset"), now)
	}
	return min(max(rest, 0), maxRetryAfter)
}

// until returns the duration from now to a Unix time.
func until(seconds string, now time.Time) time.Duration {
	at, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return 0
	}
	return time.Unix(at, 0).Sub(now)
}

// withoutURL removes the URL from an error: the URL of a chat's webhook is a
// secret.
func withoutURL(err error) error {
	var address *url.Error
	if errors.As(err, &address) {
		return address.Err
	}
	return err
}
