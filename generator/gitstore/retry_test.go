package gitstore_test

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"octopod/generator/gitstore"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// firstOf returns a function for Intercept that answers the first requests of one kind
// with a fault.
func firstOf(n int64, f testenv.Fault, is func(*http.Request) bool) testenv.Fault {
	var seen atomic.Int64
	return func(w http.ResponseWriter, r *http.Request, git http.Handler) {
		if is(r) && seen.Add(1) <= n {
			f(w, r, git)
			return
		}
		git.ServeHTTP(w, r)
	}
}

var requestKinds = map[string]func(*http.Request) bool{
	"list": func(r *http.Request) bool { return r.Method == http.MethodGet },
	"fetch": func(r *http.Request) bool {
		return strings.HasSuffix(r.URL.Path, "/git-upload-pack") && r.Method == http.MethodPost
	},
	"push": testenv.IsPush,
}

// TestFaultsPass: whatever request of a change gets whatever fault that passes, twice in a
// row, the change is committed once.
func TestFaultsPass(t *testing.T) {
	for kind, is := range requestKinds {
		for name, fault := range testenv.PassingFaults {
			t.Run(kind+": "+name, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				repo := testenv.Bare(t, filepath.Join(dir, "env.git"), 2)
				server := testenv.ServeHTTP(t, dir)
				server.Intercept(firstOf(2, fault, is))
				s := open(t, gitstore.Options{URL: server.URL + "/env.git"})
				r := change(t, s, appendLine("envs/feature-00001/staging.yaml", "x"))
				if !r.Changed {
					t.Errorf("%+v", r)
				}
				if got := testenv.Git(t, repo, "rev-list", "--count", "main"); got != "2" {
					t.Errorf("%s commits, want the first and ours", got)
				}
				if got := testenv.Git(t, repo, "rev-parse", "main"); got != r.Revision.String() {
					t.Errorf("main is %s, want %s", got, r.Revision)
				}
			})
		}
	}
}

// TestFaultsPassSSH: the same with connections that break.
func TestFaultsPassSSH(t *testing.T) {
	dir := t.TempDir()
	repo := testenv.Bare(t, filepath.Join(dir, "env.git"), 2)
	server := testenv.ServeSSH(t, dir)
	s := open(t, gitstore.Options{URL: server.URL + "/env.git",
		Auth: gitstore.Auth{SSHKeyFile: server.KeyFile, KnownHostsFiles: []string{server.KnownHosts}}})
	server.Break(2)
	change(t, s, write("envs/x/f", "1"))
	change(t, s, func(ctx context.Context, tip *gitstore.Snapshot) (gitstore.Commit, error) {
		server.Break(2) // the push
		return write("envs/x/f", "2")(ctx, tip)
	})
	if got := testenv.Git(t, repo, "rev-list", "--count", "main"); got != "3" {
		t.Errorf("%s commits", got)
	}
}

// TestPatienceEnds: a fault that stays ends in its own words when the patience ends; a
// rejection is never retried, and neither is a server that asks for more time than there is.
func TestPatienceEnds(t *testing.T) {
	reject := func(code int, header ...string) testenv.Fault {
		return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			http.Error(w, "no", code)
		}
	}
	for name, c := range map[string]struct {
		fault   testenv.Fault
		code    staging.Code
		retried bool
	}{
		"502":            {testenv.PassingFaults["502"], staging.CodeUnavailable, true},
		"reset":          {testenv.PassingFaults["reset"], staging.CodeUnavailable, true},
		"503 for a day":  {reject(503, "Retry-After", "86400"), staging.CodeUnavailable, false},
		"401":            {reject(401), staging.CodeUnauthorized, false},
		"403":            {reject(403), staging.CodeForbidden, false},
		"404":            {reject(404), staging.CodeNotFound, false},
		"no git answers": {reject(200), staging.CodeUnavailable, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			testenv.Bare(t, filepath.Join(dir, "env.git"), 2)
			server := testenv.ServeHTTP(t, dir)
			server.Intercept(c.fault)
			var waits atomic.Int64
			s := open(t, gitstore.Options{URL: server.URL + "/env.git", Patience: time.Second,
				OnWait: func(gitstore.Wait) { waits.Add(1) }})
			_, err := s.Change(t.Context(), write("envs/x/f", "1"))
			wantCode(t, err, c.code)
			if retried := waits.Load() > 0; retried != c.retried {
				t.Errorf("retried %d times", waits.Load())
			}
		})
	}
}

// TestCloseEndsPatience: a store that waits for a broken server closes at once.
func TestCloseEndsPatience(t *testing.T) {
	dir := t.TempDir()
	testenv.Bare(t, filepath.Join(dir, "env.git"), 2)
	server := testenv.ServeHTTP(t, dir)
	server.Intercept(testenv.PassingFaults["502"])
	waits := make(chan struct{}, 100)
	s := open(t, gitstore.Options{URL: server.URL + "/env.git", Patience: time.Hour, OnWait: func(gitstore.Wait) { waits <- struct{}{} }})
	failed := make(chan error, 1)
	go func() {
		_, err := s.Change(t.Context(), write("envs/x/f", "1"))
		failed <- err
	}()
	<-waits
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	wantCode(t, <-failed, staging.CodeUnavailable, "502")
}
