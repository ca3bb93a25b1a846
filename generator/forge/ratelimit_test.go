package forge

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"octopod/generator/gitstore"
	"octopod/generator/staging"
)

// A forge that wants to be left alone is: for as long as it says, else for
// longer each time. Other hosts are called meanwhile.
func TestAForgeIsLeftAlone(t *testing.T) {
	asked, status, after := 0, http.StatusTooManyRequests, "90"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if after != "" {
			w.Header().Set("Retry-After", after)
		}
		w.WriteHeader(status)
	}))
	defer server.Close()
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	f := New("", gitstore.Options{AllowPlainHTTP: true}, nil, NewRateLimiter(func() time.Time { return now }))
	ask := func(wait time.Duration, wantAsked int) {
		t.Helper()
		now = now.Add(wait)
		if _, err := f.Heads(t.Context(), server.URL+"/shop.git"); staging.CodeOf(err) != staging.CodeUnavailable {
			t.Errorf("after %s: %v", wait, err)
		}
		if asked != wantAsked {
			t.Errorf("after %s: asked %d times, want %d", wait, asked, wantAsked)
		}
	}
	ask(0, 1)
	ask(89*time.Second, 1)
	ask(time.Second, 2) // it said 90 s
	status, after = http.StatusServiceUnavailable, ""
	ask(90*time.Second, 3)
	ask(3*time.Minute, 3) // twice as long as the time before that: 4 minutes
	ask(time.Minute, 4)
	if _, err := f.Heads(t.Context(), testRepo(t)); err != nil {
		t.Errorf("another place: %v", err)
	}
	status = http.StatusNotFound
	now = now.Add(time.Hour)
	for range 2 { // a plain error is no reason to wait
		if _, err := f.Heads(t.Context(), server.URL+"/shop.git"); staging.CodeOf(err) != staging.CodeNotFound {
			t.Error(err)
		}
	}
}

func testRepo(t *testing.T) string {
	t.Helper()
	path := t.TempDir() + "/app.git"
	if err := gitstore.InitBare(t.Context(), path, "main"); err != nil {
		t.Fatal(err)
	}
	return path
}
