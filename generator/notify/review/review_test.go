package review_test

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"octopod/generator/notify"
	"octopod/generator/notify/review"
	"octopod/generator/staging"
)

// forges are the kinds with what answers for them, and how each of them calls
// the three states.
var forges = []struct {
	kind                      review.Kind
	api                       string
	routes                    func(*testing.T, *host, *http.ServeMux)
	pending, success, failure string
	ended                     string
	deploys                   bool // it has deployments
}{
	{review.GitHub, "", gitHubRoutes, "pending", "success", "failure", "error", true},
	{review.GitLab, "/api/v4", gitLabRoutes, "running", "success", "failed", "canceled", true},
	{review.Gitea, "/api/v1", giteaRoutes, "pending", "success", "failure", "error", false},
	{review.Bitbucket, "/2.0", bitbucketRoutes, "INPROGRESS", "SUCCESSFUL", "FAILED", "STOPPED", false},
}

// everyForge runs a test on each kind.
func everyForge(t *testing.T, test func(t *testing.T, h *host, open func() *review.Forge, i int)) {
	for i, f := range forges {
		t.Run(string(f.kind), func(t *testing.T) {
			h := newHost(t, func(h *host, mux *http.ServeMux) { f.routes(t, h, mux) })
			test(t, h, func() *review.Forge {
				opened, err := review.Open(review.Options{Kind: f.kind, API: h.URL + f.api, Token: token})
				if err != nil {
					t.Fatal(err)
				}
				return opened
			}, i)
		})
	}
}

func show(t *testing.T, f *review.Forge, s review.Showing) {
	t.Helper()
	if err := f.Show(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

// One comment and one status follow a staging from its beginning to its end.
func TestOneCommentAndOneStatus(t *testing.T) {
	everyForge(t, func(t *testing.T, h *host, open func() *review.Forge, i int) {
		h.keep("Looks good to me", true)
		f := open()
		for _, step := range []struct {
			phase       staging.Phase
			says, state string
		}{
			{staging.PhaseCreating, "is starting", forges[i].pending},
			{staging.PhaseRunning, "runs", forges[i].success},
			{staging.PhaseFailed, "failed", forges[i].failure},
			{staging.PhaseRunning, "runs", forges[i].success},
			{staging.PhaseArchived, "is archived", forges[i].success}, // what became of the commit stays true
			{review.Gone, "is deleted", forges[i].success},
		} {
			show(t, f, sight(t, step.phase))
			if len(h.comments) != 2 || !strings.Contains(h.comments[1].text, "feature-login "+step.says) && !strings.Contains(h.comments[1].text, ") "+step.says) {
				t.Errorf("%s: the comments are %+v", step.phase, h.comments)
			}
			if s := h.newest()["octopod/shop/feature-login"]; len(h.newest()) != 1 || s.state != step.state || s.page != page {
				t.Errorf("%s: the statuses are %+v", step.phase, h.statuses)
			}
		}
	})
}

// A restart, a second server and a second attempt find what is there, and write
// nothing.
func TestNothingIsToldTwice(t *testing.T) {
	everyForge(t, func(t *testing.T, h *host, open func() *review.Forge, _ int) {
		show(t, open(), sight(t, staging.PhaseRunning))
		before := h.writes
		show(t, open(), sight(t, staging.PhaseRunning))
		if h.writes != before {
			t.Errorf("%d writes at the second time", h.writes-before)
		}
	})
}

// Two servers that begin at the same moment leave one comment.
func TestTwoServersAtOnce(t *testing.T) {
	everyForge(t, func(t *testing.T, h *host, open func() *review.Forge, _ int) {
		s := sight(t, staging.PhaseRunning)
		h.meanwhile = func() { h.keep(s.Comment, false) } // of the other server, which was a moment faster
		show(t, open(), s)
		if len(h.comments) != 1 || h.comments[0].id != 1 {
			t.Errorf("the comments are %+v", h.comments)
		}
	})
}

// Who copies the marker into a comment of their own neither loses it nor keeps
// the staging from being shown.
func TestSomebodyCopiesTheMarker(t *testing.T) {
	everyForge(t, func(t *testing.T, h *host, open func() *review.Forge, _ int) {
		h.keep(sight(t, staging.PhaseCreating).Marker+"\n\nmine", true)
		f := open()
		show(t, f, sight(t, staging.PhaseCreating))
		show(t, f, sight(t, staging.PhaseRunning))
		if len(h.comments) != 2 || !strings.HasSuffix(h.comments[0].text, "mine") || !strings.Contains(h.comments[1].text, " runs") {
			t.Errorf("the comments are %+v", h.comments)
		}
	})
}

// A commit that gave way to a newer one while it was under way does not stay so
// for ever. What became of one is not changed.
func TestCommitThatIsReplaced(t *testing.T) {
	everyForge(t, func(t *testing.T, h *host, open func() *review.Forge, i int) {
		f := open()
		show(t, f, sight(t, staging.PhaseUpdating))
		end, ok := sight(t, staging.PhaseUpdating).End()
		if !ok {
			t.Fatal("it is not ended")
		}
		show(t, f, end)
		show(t, f, end)
		if s := h.newest()["octopod/shop/feature-login"]; s.state != forges[i].ended || len(h.statuses) != 2 {
			t.Errorf("the statuses are %+v", h.statuses)
		}
		if _, ok := sight(t, staging.PhaseRunning).End(); ok {
			t.Error("one that runs is ended")
		}
	})
}

// A staging that goes and was never shown is not shown for its end.
func TestNoCommentForAnEnd(t *testing.T) {
	everyForge(t, func(t *testing.T, h *host, open func() *review.Forge, _ int) {
		show(t, open(), sight(t, review.Gone))
		if h.writes != 0 {
			t.Errorf("%d writes: %+v", h.writes, h.comments)
		}
	})
}

// A pull request that the record knows is taken at its word; nobody is asked.
func TestRequestOfTheRecord(t *testing.T) {
	everyForge(t, func(t *testing.T, h *host, open func() *review.Forge, _ int) {
		s := sight(t, staging.PhaseRunning)
		s.Request = 42
		h.refuse = func(w http.ResponseWriter, r *http.Request) bool {
			asks := strings.HasSuffix(r.URL.Path, "/pulls") || strings.HasSuffix(r.URL.Path, "/pullrequests") || strings.HasSuffix(r.URL.Path, "/merge_requests")
			if asks {
				t.Errorf("asked %s", r.URL)
			}
			return false
		}
		show(t, open(), s)
		if len(h.comments) != 1 {
			t.Errorf("the comments are %+v", h.comments)
		}
	})
}

// A forge that limits how often it is asked says when to come back, each in its
// own way; forges in trouble are asked again as well.
func TestRateLimitedForge(t *testing.T) {
	everyForge(t, func(t *testing.T, h *host, open func() *review.Forge, _ int) {
		for _, c := range []struct {
			name   string
			status int
			header map[string]string
			after  time.Duration
		}{
			{"GitHub's first limit", http.StatusForbidden, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": unix(time.Minute)}, 50 * time.Second},
			{"GitHub's second limit", http.StatusForbidden, map[string]string{"Retry-After": "60"}, time.Minute},
			{"GitHub's second limit, in words alone", http.StatusForbidden, map[string]string{"X-RateLimit-Remaining": "4000"}, 0},
			{"GitLab's", http.StatusTooManyRequests, map[string]string{"Retry-After": "60", "RateLimit-Reset": unix(time.Minute)}, time.Minute},
			{"a reset alone", http.StatusTooManyRequests, map[string]string{"RateLimit-Reset": unix(time.Minute)}, 50 * time.Second},
			{"a date", http.StatusTooManyRequests, map[string]string{"Retry-After": time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)}, 50 * time.Second},
			{"no word", http.StatusTooManyRequests, nil, 0},
			{"trouble", http.StatusBadGateway, nil, 0},
		} {
			h.refuse = func(w http.ResponseWriter, _ *http.Request) bool {
				for name, value := range c.header {
					w.Header().Set(name, value)
				}
				w.WriteHeader(c.status)
				if strings.Contains(c.name, "in words") {
					_, _ = io.WriteString(w, `{"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}`)
				}
				return true
			}
			r := refusal(t, open().Show(t.Context(), sight(t, staging.PhaseRunning)))
			if !r.Passing || r.After < c.after || r.After > 61*time.Second {
				t.Errorf("%s: %+v", c.name, r)
			}
		}
	})
}

// What a token may not is said, and is final; what it may is shown nevertheless.
func TestTokenThatMayNotComment(t *testing.T) {
	everyForge(t, func(t *testing.T, h *host, open func() *review.Forge, i int) {
		h.refuse = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPost && (strings.HasSuffix(r.URL.Path, "/comments") || strings.HasSuffix(r.URL.Path, "/notes")) {
				http.Error(w, `{"message": "Resource not accessible by personal access token", "error": {"message": "no"}}`, http.StatusForbidden)
				return true
			}
			return false
		}
		r := refusal(t, open().Show(t.Context(), sight(t, staging.PhaseRunning)))
		if r.Passing || r.Status != http.StatusForbidden {
			t.Errorf("said: %+v", r)
		}
		if s := h.newest()["octopod/shop/feature-login"]; s.state != forges[i].success {
			t.Errorf("the statuses are %+v", h.statuses)
		}
		mayNot := h.refuse
		h.refuse = func(w http.ResponseWriter, r *http.Request) bool {
			if strings.Contains(r.URL.Path, "/status") {
				w.WriteHeader(http.StatusBadGateway)
				return true
			}
			return mayNot(w, r)
		}
		if r := refusal(t, open().Show(t.Context(), sight(t, staging.PhaseRunning))); !r.Passing {
			t.Errorf("what passes is not tried again: %+v", r)
		}
	})
}

// The token of one forge is wrong: the error says so and does not tell it.
func TestWrongToken(t *testing.T) {
	everyForge(t, func(t *testing.T, h *host, _ func() *review.Forge, i int) {
		f, err := review.Open(review.Options{Kind: forges[i].kind, API: h.URL + forges[i].api, Token: "mistaken"})
		if err != nil {
			t.Fatal(err)
		}
		err = f.Show(t.Context(), sight(t, staging.PhaseRunning))
		if r := refusal(t, err); r.Status != http.StatusUnauthorized || r.Passing || strings.Contains(err.Error(), "mistaken") {
			t.Errorf("said: %v", err)
		}
	})
}

// GitHub and GitLab show deployments: of one commit to one environment, one.
func TestDeployments(t *testing.T) {
	everyForge(t, func(t *testing.T, h *host, open func() *review.Forge, i int) {
		if !forges[i].deploys {
			return
		}
		f := open()
		for _, phase := range []staging.Phase{staging.PhaseCreating, staging.PhaseRunning, staging.PhaseRunning} {
			show(t, f, sight(t, phase))
		}
		if len(h.deployments) != 1 || h.deployments[0].env != "shop/feature-login" || h.deployments[0].commit != commit {
			t.Fatalf("the deployments are %+v", h.deployments)
		}
		last := h.deployments[0].statuses[len(h.deployments[0].statuses)-1]
		if last.state != "success" || len(h.deployments[0].statuses) != 2 || h.address != "https://feature-login.staging.example.com" {
			t.Errorf("its statuses are %+v, the environment is at %s", h.deployments[0].statuses, h.address)
		}
		show(t, f, sight(t, review.Gone))
		if !h.stopped {
			t.Error("the environment of a staging that is gone is active")
		}
	})
}

func TestNotAForge(t *testing.T) {
	if _, err := review.Open(review.Options{Kind: "registry"}); err == nil {
		t.Error("a registry is opened as a forge")
	}
}

func unix(in time.Duration) string { return strconv.FormatInt(time.Now().Add(in).Unix(), 10) }

// refusal is the one that an error holds.
func refusal(t *testing.T, err error) *notify.Refusal {
	t.Helper()
	var r *notify.Refusal
	if !errors.As(err, &r) {
		t.Fatalf("%v is no refusal", err)
	}
	return r
}
