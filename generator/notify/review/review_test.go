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

// forges lists the kinds with their routes and their names of the three states.
var forges = []struct {
	kind                      review.Kind
	api                       string
	routes                    func(*testing.T, *fakeForge, *http.ServeMux)
	pending, success, failure string
	ended                     string
	deploys                   bool // supports deployments
}{
	{review.GitHub, "", gitHubRoutes, "pending", "success", "failure", "error", true},
	{review.GitLab, "/api/v4", gitLabRoutes, "running", "success", "failed", "canceled", true},
	{review.Gitea, "/api/v1", giteaRoutes, "pending", "success", "failure", "error", false},
	{review.Bitbucket, "/2.0", bitbucketRoutes, "INPROGRESS", "SUCCESSFUL", "FAILED", "STOPPED", false},
}

// everyForge runs a test on each kind.
func everyForge(t *testing.T, test func(t *testing.T, h *fakeForge, open func() *review.Forge, i int)) {
	for i, f := range forges {
		t.Run(string(f.kind), func(t *testing.T) {
			h := newFakeForge(t, func(h *fakeForge, mux *http.ServeMux) { f.routes(t, h, mux) })
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

func show(t *testing.T, f *review.Forge, s review.Report) {
	t.Helper()
	if err := f.Report(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

// One comment and one status are updated during the whole life of a staging.
func TestOneCommentAndOneStatus(t *testing.T) {
	everyForge(t, func(t *testing.T, h *fakeForge, open func() *review.Forge, i int) {
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
			{staging.PhaseArchived, "is archived", forges[i].success}, // the result of the commit stays
			{review.Gone, "is deleted", forges[i].success},
		} {
			show(t, f, report(t, step.phase))
			if len(h.comments) != 2 || !strings.Contains(h.comments[1].text, "feature-login "+step.says) && !strings.Contains(h.comments[1].text, ") "+step.says) {
				t.Errorf("%s: the comments are %+v", step.phase, h.comments)
			}
			if s := h.newest()["octopod/shop/feature-login"]; len(h.newest()) != 1 || s.state != step.state || s.page != page {
				t.Errorf("%s: the statuses are %+v", step.phase, h.statuses)
			}
		}
	})
}

// A restart, a second server and a retry find the present state and write nothing.
func TestReportIsIdempotent(t *testing.T) {
	everyForge(t, func(t *testing.T, h *fakeForge, open func() *review.Forge, _ int) {
		show(t, open(), report(t, staging.PhaseRunning))
		before := h.writes
		show(t, open(), report(t, staging.PhaseRunning))
		if h.writes != before {
			t.Errorf("the second report makes %d writes", h.writes-before)
		}
	})
}

// Two servers that create a comment at the same time leave one comment.
func TestTwoServersAtOnce(t *testing.T) {
	everyForge(t, func(t *testing.T, h *fakeForge, open func() *review.Forge, _ int) {
		s := report(t, staging.PhaseRunning)
		h.meanwhile = func() { h.keep(s.Comment, false) } // the other server is faster
		show(t, open(), s)
		if len(h.comments) != 1 || h.comments[0].id != 1 {
			t.Errorf("the comments are %+v", h.comments)
		}
	})
}

// A person's comment with a copied marker stays, and does not prevent the staging's
// own comment.
func TestSomebodyCopiesTheMarker(t *testing.T) {
	everyForge(t, func(t *testing.T, h *fakeForge, open func() *review.Forge, _ int) {
		h.keep(report(t, staging.PhaseCreating).Marker+"\n\nmine", true)
		f := open()
		show(t, f, report(t, staging.PhaseCreating))
		show(t, f, report(t, staging.PhaseRunning))
		if len(h.comments) != 2 || !strings.HasSuffix(h.comments[0].text, "mine") || !strings.Contains(h.comments[1].text, " runs") {
			t.Errorf("the comments are %+v", h.comments)
		}
	})
}

// A pending status is cancelled when a newer commit replaces its commit. A final
// status does not change.
func TestCommitThatIsReplaced(t *testing.T) {
	everyForge(t, func(t *testing.T, h *fakeForge, open func() *review.Forge, i int) {
		f := open()
		show(t, f, report(t, staging.PhaseUpdating))
		end, ok := report(t, staging.PhaseUpdating).Cancelled()
		if !ok {
			t.Fatal("the pending status is not cancelled")
		}
		show(t, f, end)
		show(t, f, end)
		if s := h.newest()["octopod/shop/feature-login"]; s.state != forges[i].ended || len(h.statuses) != 2 {
			t.Errorf("the statuses are %+v", h.statuses)
		}
		if _, ok := report(t, staging.PhaseRunning).Cancelled(); ok {
			t.Error("a final status is cancelled")
		}
	})
}

// An archived staging without a comment gets none.
func TestNoCommentForAnEnd(t *testing.T) {
	everyForge(t, func(t *testing.T, h *fakeForge, open func() *review.Forge, _ int) {
		show(t, open(), report(t, review.Gone))
		if h.writes != 0 {
			t.Errorf("%d writes: %+v", h.writes, h.comments)
		}
	})
}

// A pull request in the record needs no lookup at the forge.
func TestRequestOfTheRecord(t *testing.T) {
	everyForge(t, func(t *testing.T, h *fakeForge, open func() *review.Forge, _ int) {
		s := report(t, staging.PhaseRunning)
		s.PullRequest = 42
		h.refuse = func(w http.ResponseWriter, r *http.Request) bool {
			asks := strings.HasSuffix(r.URL.Path, "/pulls") || strings.HasSuffix(r.URL.Path, "/pullrequests") || strings.HasSuffix(r.URL.Path, "/merge_requests")
			if asks {
				t.Errorf("looked up %s", r.URL)
			}
			return false
		}
		show(t, open(), s)
		if len(h.comments) != 1 {
			t.Errorf("the comments are %+v", h.comments)
		}
	})
}

// Each forge has its own header for the end of a rate limit. Server errors are
// temporary, too.
func TestRateLimitedForge(t *testing.T) {
	everyForge(t, func(t *testing.T, h *fakeForge, open func() *review.Forge, _ int) {
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
			r := rejection(t, open().Report(t.Context(), report(t, staging.PhaseRunning)))
			if !r.Temporary || r.RetryAfter < c.after || r.RetryAfter > 61*time.Second {
				t.Errorf("%s: %+v", c.name, r)
			}
		}
	})
}

// A missing permission is a permanent error, and does not stop the permitted parts.
func TestTokenThatMayNotComment(t *testing.T) {
	everyForge(t, func(t *testing.T, h *fakeForge, open func() *review.Forge, i int) {
		h.refuse = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPost && (strings.HasSuffix(r.URL.Path, "/comments") || strings.HasSuffix(r.URL.Path, "/notes")) {
				http.Error(w, `{"message": "Resource not accessible by personal access token", "error": {"message": "no"}}`, http.StatusForbidden)
				return true
			}
			return false
		}
		r := rejection(t, open().Report(t.Context(), report(t, staging.PhaseRunning)))
		if r.Temporary || r.Status != http.StatusForbidden {
			t.Errorf("error %+v", r)
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
		if r := rejection(t, open().Report(t.Context(), report(t, staging.PhaseRunning))); !r.Temporary {
			t.Errorf("the temporary error is not returned: %+v", r)
		}
	})
}

// The error of a wrong token does not contain the token.
func TestWrongToken(t *testing.T) {
	everyForge(t, func(t *testing.T, h *fakeForge, _ func() *review.Forge, i int) {
		f, err := review.Open(review.Options{Kind: forges[i].kind, API: h.URL + forges[i].api, Token: "mistaken"})
		if err != nil {
			t.Fatal(err)
		}
		err = f.Report(t.Context(), report(t, staging.PhaseRunning))
		if r := rejection(t, err); r.Status != http.StatusUnauthorized || r.Temporary || strings.Contains(err.Error(), "mistaken") {
			t.Errorf("error %v", err)
		}
	})
}

// GitHub and GitLab have one deployment of a commit to an environment.
func TestDeployments(t *testing.T) {
	everyForge(t, func(t *testing.T, h *fakeForge, open func() *review.Forge, i int) {
		if !forges[i].deploys {
			return
		}
		f := open()
		for _, phase := range []staging.Phase{staging.PhaseCreating, staging.PhaseRunning, staging.PhaseRunning} {
			show(t, f, report(t, phase))
		}
		if len(h.deployments) != 1 || h.deployments[0].env != "shop/feature-login" || h.deployments[0].commit != commit {
			t.Fatalf("the deployments are %+v", h.deployments)
		}
		last := h.deployments[0].statuses[len(h.deployments[0].statuses)-1]
		if last.state != "success" || len(h.deployments[0].statuses) != 2 || h.address != "https://feature-login.staging.example.com" {
			t.Errorf("its statuses are %+v, the environment is at %s", h.deployments[0].statuses, h.address)
		}
		show(t, f, report(t, review.Gone))
		if !h.stopped {
			t.Error("the environment of a deleted staging is active")
		}
	})
}

func TestNotAForge(t *testing.T) {
	if _, err := review.Open(review.Options{Kind: "registry"}); err == nil {
		t.Error("Open accepts a registry as a forge")
	}
}

func unix(in time.Duration) string { return strconv.FormatInt(time.Now().Add(in).Unix(), 10) }

// rejection returns the RejectedError in an error.
func rejection(t *testing.T, err error) *notify.RejectedError {
	t.Helper()
	var r *notify.RejectedError
	if !errors.As(err, &r) {
		t.Fatalf("%v is not a RejectedError", err)
	}
	return r
}
