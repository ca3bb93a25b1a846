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

// Refusal is an answer of a place that did not do what it was asked.
type Refusal struct {
	Status  int           // of HTTP; 0 with other protocols
	Words   string        // what it said, in short
	Passing bool          // it may do so later
	After   time.Duration // how long it wants to be left alone
}

func (r *Refusal) Error() string {
	said := r.Words
	if r.Status != 0 {
		said = fmt.Sprintf("it answered %d %s", r.Status, http.StatusText(r.Status))
		if r.Words != "" {
			said += ": " + r.Words
		}
	}
	if r.After > 0 {
		said += fmt.Sprintf(" (wants to be left alone for %s)", r.After.Round(time.Second))
	}
	return said
}

// longestRest bounds what a place may ask for.
const longestRest = time.Hour

// Patient makes an error of every answer that says "not now": the rate limits of
// the forges and the chats, and servers in trouble. It keeps to what the place
// asks for in Retry-After, or as GitHub, GitLab and Gitea name it:
//
//	https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
//	https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/
func Patient(next http.RoundTripper) http.RoundTripper { return patient{next} }

type patient struct{ next http.RoundTripper }

// RoundTrip is http.RoundTripper's.
func (p patient) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := p.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	limited := answer.StatusCode == http.StatusTooManyRequests ||
		answer.StatusCode == http.StatusForbidden && (answer.Header.Get("Retry-After") != "" || answer.Header.Get("X-RateLimit-Remaining") == "0" || saysLimited(answer))
	if !limited && answer.StatusCode < http.StatusInternalServerError {
		answer.Body = limitedBody{io.LimitReader(answer.Body, mostAnswer), answer.Body}
		return answer, nil
	}
	defer func() { _ = answer.Body.Close() }()
	return nil, &Refusal{Status: answer.StatusCode, Passing: true, After: restOf(answer.Header, time.Now())}
}

// saysLimited tells whether a 403 is about how often a place is asked: GitHub's
// second limit may stand in its words alone. The answer can be read as before.
func saysLimited(answer *http.Response) bool {
	const most = 64 << 10
	said, err := io.ReadAll(io.LimitReader(answer.Body, most))
	if err != nil {
		return false
	}
	answer.Body = limitedBody{io.MultiReader(bytes.NewReader(said), answer.Body), answer.Body}
	words := strings.ToLower(string(said))
	return strings.Contains(words, "rate limit") || strings.Contains(words, "rate-limits")
}

// mostAnswer bounds what is read of an answer.
const mostAnswer = 8 << 20

type limitedBody struct {
	io.Reader
	io.Closer
}

// restOf reads how long a place wants to be left alone.
func restOf(h http.Header, now time.Time) time.Duration {
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
	return min(max(rest, 0), longestRest)
}

// until is the time to a moment in Unix seconds.
func until(seconds string, now time.Time) time.Duration {
	at, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return 0
	}
	return time.Unix(at, 0).Sub(now)
}

// withoutAddress takes the address out of an error: that of a chat's webhook is
// the secret itself.
func withoutAddress(err error) error {
	var address *url.Error
	if errors.As(err, &address) {
		return address.Err
	}
	return err
}
