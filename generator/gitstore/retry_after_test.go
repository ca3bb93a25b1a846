package gitstore_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"octopod/generator/gitstore"
	"octopod/generator/staging"
)

// TestRetryAfter: responses that ask to retry later, as servers document them. GitHub
// also uses 403; its secondary limit shows in a header, or only in the body.
func TestRetryAfter(t *testing.T) {
	const second = `{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",` +
		`"documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`
	in := func(d time.Duration) string { return fmt.Sprint(time.Now().Add(d).Unix()) }
	for _, c := range []struct {
		name   string
		status int
		header map[string]string
		body   string
		later  bool
		wait   time.Duration
	}{
		{"429", 429, map[string]string{"Retry-After": "60"}, "slow down", true, time.Minute},
		{"429 that does not say", 429, nil, "", true, 0},
		{"503", 503, map[string]string{"Retry-After": time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)}, "", true, time.Minute},
		{"GitHub's first limit", 403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": in(time.Minute)}, "API rate limit exceeded", true, time.Minute},
		{"GitHub's second limit", 403, map[string]string{"Retry-After": "60"}, second, true, time.Minute},
		{"the same, with what is left of the first", 403, map[string]string{"X-RateLimit-Remaining": "4000", "X-RateLimit-Reset": in(time.Hour)}, second, true, 0},
		{"the same, in words alone", 403, nil, "You have exceeded a secondary rate limit.", true, 0},
		{"rights", 403, map[string]string{"X-RateLimit-Remaining": "4000"}, "Write access to repository not granted.", false, 0},
		{"rights, and no word", 403, nil, "", false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				for name, value := range c.header {
					w.Header().Set(name, value)
				}
				http.Error(w, c.body, c.status)
			}))
			defer server.Close()
			_, err := gitstore.ListRefs(t.Context(), gitstore.Options{URL: server.URL + "/acme/shop.git", AllowPlainHTTP: true, Patience: time.Nanosecond})
			var later *gitstore.RetryAfter
			if !c.later {
				if errors.As(err, &later) || staging.CodeOf(err) != staging.CodeForbidden || !strings.Contains(err.Error(), c.body) {
					t.Errorf("got %s: %v", staging.CodeOf(err), err)
				}
				return
			}
			if !errors.As(err, &later) || staging.CodeOf(err) != staging.CodeUnavailable || !strings.Contains(err.Error(), fmt.Sprint("answered ", c.status)) {
				t.Fatalf("got %s: %v", staging.CodeOf(err), err)
			}
			if d := later.Wait - c.wait; d < -2*time.Second || d > 2*time.Second {
				t.Errorf("the wait is %s, want %s", later.Wait, c.wait)
			}
		})
	}
}
