package gitstore_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"octopod/generator/gitstore"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// hook installs an executable hook in a repository.
func hook(t *testing.T, repo, name, script string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(repo, "hooks"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(repo, "hooks", name), []byte("#!/bin/sh\n"+script), 0o777); err != nil {
		t.Fatal(err)
	}
}

// closedPort is an address on which no server listens.
const closedPort = "127.0.0.1:1"

// silentPort returns the address of a server that accepts connections and never
// answers.
func silentPort(t *testing.T) string {
	t.Helper()
	address, _ := silentServer(t)
	return address
}

// silentServer returns its address, and a channel that receives when a client
// connects.
func silentServer(t *testing.T) (string, <-chan struct{}) {
	t.Helper()
	connected := make(chan struct{}, 100)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			connected <- struct{}{}
		}
	}()
	return l.Addr().String(), connected
}

// TestRefused is the table of faults of a remote: each leads to one error with a cause
// and a hint, and nothing is written.
func TestRefused(t *testing.T) {
	short := 300 * time.Millisecond
	type env struct {
		repo string
		http *testenv.HTTPServer
		ssh  *testenv.SSHServer
		o    *gitstore.Options
	}
	overHTTP := func(e env) { e.o.URL = e.http.URL + "/env.git" }
	overSSH := func(e env) {
		e.o.URL = e.ssh.URL + "/env.git"
		e.o.Auth = gitstore.Auth{SSHKeyFile: e.ssh.KeyFile, KnownHostsFiles: []string{e.ssh.KnownHosts}}
	}
	for _, c := range []struct {
		name string
		with func(t *testing.T, e env)
		code staging.Code
		says []string
	}{
		{"http: wrong credentials", func(_ *testing.T, e env) {
			overHTTP(e)
			e.http.Require("ci", "secret")
			e.o.Auth = gitstore.Auth{Username: "ci", Token: "wrong"}
		}, staging.CodeUnauthorized, []string{"does not accept the credentials", "token"}},
		{"http: no credentials", func(_ *testing.T, e env) {
			overHTTP(e)
			e.http.Require("ci", "secret")
		}, staging.CodeUnauthorized, []string{"none are given"}},
		{"http: credentials that may read but not write", func(_ *testing.T, e env) {
			overHTTP(e)
			e.http.Intercept(func(w http.ResponseWriter, r *http.Request, git http.Handler) {
				if testenv.IsPush(r) {
					http.Error(w, "this token is read-only", http.StatusForbidden)
					return
				}
				git.ServeHTTP(w, r)
			})
		}, staging.CodeForbidden, []string{"this token is read-only", "right to write"}},
		{"http: read-only repository", func(t *testing.T, e env) {
			overHTTP(e)
			testenv.Git(t, e.repo, "config", "http.receivepack", "false")
		}, staging.CodeForbidden, []string{"right to write"}},
		{"http: no such repository", func(_ *testing.T, e env) { e.o.URL = e.http.URL + "/none.git" },
			staging.CodeNotFound, []string{"no repository", "none.git"}},
		{"http: nobody listens", func(t *testing.T, e env) { e.o.URL = "http://" + closedPort + "/env.git" },
			staging.CodeUnavailable, []string{"cannot reach"}},
		{"http: the server hangs", func(t *testing.T, e env) {
			e.o.URL, e.o.Timeout = "http://"+silentPort(t)+"/env.git", short
		}, staging.CodeUnavailable, []string{"does not answer"}},
		{"http: the server hangs at the push", func(_ *testing.T, e env) {
			overHTTP(e)
			e.o.Timeout = short
			e.http.Intercept(func(w http.ResponseWriter, r *http.Request, git http.Handler) {
				if testenv.IsPush(r) {
					testenv.Hang(w, r, git)
					return
				}
				git.ServeHTTP(w, r)
			})
		}, staging.CodeUnavailable, []string{"does not answer"}},
		{"http: the server is broken", func(_ *testing.T, e env) {
			overHTTP(e)
			e.http.Intercept(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
				http.Error(w, "database is down", http.StatusBadGateway)
			})
		}, staging.CodeUnavailable, []string{"Bad Gateway", "database is down"}},
		{"http: not a git server", func(_ *testing.T, e env) {
			overHTTP(e)
			e.http.Intercept(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
				_, _ = w.Write([]byte("<html>welcome</html>"))
			})
		}, staging.CodeUnavailable, []string{"did not answer as a git server"}},
		{"http: protected branch", func(t *testing.T, e env) {
			overHTTP(e)
			hook(t, e.repo, "pre-receive", "echo 'main is protected: ask Ann for a review' >&2; exit 1")
		}, staging.CodeForbidden, []string{"main is protected: ask Ann for a review", "pre-receive hook declined", "rejected the push to main"}},
		{"http: the server cannot store the push", func(t *testing.T, e env) {
			overHTTP(e)
			testenv.Git(t, e.repo, "config", "receive.maxInputSize", "10")
		}, staging.CodeUnavailable, []string{"could not store the push", "contact the administrator of the git server"}},
		{"http: in the clear without the flag", func(_ *testing.T, e env) { overHTTP(e); e.o.AllowPlainHTTP = false },
			staging.CodeInvalid, []string{"unencrypted", "https://"}},
		{"ssh: protected branch", func(t *testing.T, e env) {
			overSSH(e)
			hook(t, e.repo, "update", "echo 'main is frozen' >&2; exit 1")
		}, staging.CodeForbidden, []string{"main is frozen"}},
		{"ssh: unknown host key", func(t *testing.T, e env) {
			overSSH(e)
			empty := filepath.Join(t.TempDir(), "known_hosts")
			if err := os.WriteFile(empty, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			e.o.Auth.KnownHostsFiles = []string{empty}
		}, staging.CodeUnauthorized, []string{"unknown", "SHA256:", "ssh-keyscan -p"}},
		{"ssh: no known_hosts file at all", func(t *testing.T, e env) {
			overSSH(e)
			e.o.Auth.KnownHostsFiles = []string{filepath.Join(t.TempDir(), "none")}
		}, staging.CodeUnauthorized, []string{"unknown", "SHA256:"}},
		{"ssh: changed host key", func(t *testing.T, e env) {
			overSSH(e)
			b, err := os.ReadFile(testenv.ServeSSH(t, t.TempDir()).KnownHosts)
			if err != nil {
				t.Fatal(err)
			}
			fields := strings.Fields(string(b))
			host, port, _ := net.SplitHostPort(e.ssh.Addr)
			fields[0] = "[" + host + "]:" + port
			file := filepath.Join(t.TempDir(), "known_hosts")
			if err := os.WriteFile(file, []byte(strings.Join(fields, " ")+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			e.o.Auth.KnownHostsFiles = []string{file}
		}, staging.CodeUnauthorized, []string{"CHANGED"}},
		{"ssh: wrong key", func(t *testing.T, e env) {
			overSSH(e)
			e.o.Auth.SSHKeyFile = testenv.ServeSSH(t, t.TempDir()).KeyFile
		}, staging.CodeUnauthorized, []string{"does not accept the SSH key"}},
		{"ssh: no key file", func(_ *testing.T, e env) { overSSH(e); e.o.Auth.SSHKeyFile = "/nowhere/id" },
			staging.CodeUnauthorized, []string{"/nowhere/id"}},
		{"ssh: no such repository", func(_ *testing.T, e env) { overSSH(e); e.o.URL = e.ssh.URL + "/none.git" },
			staging.CodeNotFound, []string{"none.git"}},
		{"ssh: read-only key", func(_ *testing.T, e env) { overSSH(e); e.ssh.ReadOnly() },
			staging.CodeForbidden, []string{"marked as read only"}},
		{"ssh: nobody listens", func(t *testing.T, e env) { overSSH(e); e.o.URL = "ssh://git@" + closedPort + "/env.git" },
			staging.CodeUnavailable, []string{"cannot reach"}},
		{"ssh: the server hangs", func(t *testing.T, e env) {
			overSSH(e)
			e.o.URL, e.o.Timeout = "ssh://git@"+silentPort(t)+"/env.git", short
		}, staging.CodeUnavailable, []string{"does not answer"}},
		{"local: no such path", func(t *testing.T, e env) { e.o.URL = filepath.Join(t.TempDir(), "none") },
			staging.CodeNotFound, []string{"no repository", "octopod init"}},
		{"local: not a repository", func(t *testing.T, e env) { e.o.URL = t.TempDir() },
			staging.CodeNotFound, []string{"not a git repository"}},
		{"local: sha256", func(t *testing.T, e env) {
			e.o.URL = filepath.Join(t.TempDir(), "r.git")
			testenv.Git(t, ".", "init", "-q", "--bare", "--object-format=sha256", e.o.URL)
		}, staging.CodeInvalid, []string{"sha256"}},
		{"local: a lock of the git command", func(t *testing.T, e env) {
			e.o.URL = e.repo
			testenv.WriteFile(t, e.repo, "refs/heads/main.lock", "")
		}, staging.CodeUnavailable, []string{"main.lock", "rm '"}},
		{"no URL", func(_ *testing.T, e env) { e.o.URL = "" }, staging.CodeInvalid, []string{"no env repo"}},
		{"ftp", func(_ *testing.T, e env) { e.o.URL = "ftp://example.com/x" }, staging.CodeInvalid, []string{"ftp://"}},
		{"bad branch", func(_ *testing.T, e env) { e.o.URL, e.o.Branch = e.repo, "a..b" }, staging.CodeInvalid, []string{"a..b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			repo := testenv.Bare(t, filepath.Join(dir, "env.git"), 2)
			e := env{repo, testenv.ServeHTTP(t, dir), testenv.ServeSSH(t, dir), &gitstore.Options{AllowPlainHTTP: true, Timeout: testenv.Timeout, Patience: time.Nanosecond, Committer: octopod}}
			c.with(t, e)
			before := testenv.Git(t, repo, "rev-parse", "main")
			s, err := gitstore.Open(t.Context(), *e.o)
			if err == nil {
				defer s.Close()
				_, err = s.Change(t.Context(), write("envs/x/staging.yaml", "x"))
			}
			wantCode(t, err, c.code, c.says...)
			if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "wrong") {
				t.Errorf("the error shows credentials: %v", err)
			}
			if after := testenv.Git(t, repo, "rev-parse", "main"); after != before {
				t.Error("something was written")
			}
			t.Log(err, "|", staging.HintOf(err))
		})
	}
}

// TestLostReply: the server accepts the push, and the connection breaks before the
// reply arrives. The change is committed once, and the caller gets success.
func TestLostReply(t *testing.T) {
	for _, after := range []string{"at once", "after an outsider has built on it"} {
		t.Run(after, func(t *testing.T) {
			dir := t.TempDir()
			repo := testenv.Bare(t, filepath.Join(dir, "env.git"), 2)
			clone := testenv.WorkTree(t, repo, filepath.Join(t.TempDir(), "clone"))
			server := testenv.ServeHTTP(t, dir)
			lost := 0
			server.Intercept(func(w http.ResponseWriter, r *http.Request, git http.Handler) {
				if !testenv.IsPush(r) || lost > 0 {
					git.ServeHTTP(w, r)
					return
				}
				lost++
				defer func() {
					if after != "at once" {
						outsider(t, clone, "other.txt")
					}
					panic(http.ErrAbortHandler)
				}()
				defer func() { _ = recover() }()
				testenv.LoseReply(w, r, git)
			})
			s := open(t, gitstore.Options{URL: server.URL + "/env.git"})
			runs := 0
			r := change(t, s, func(ctx context.Context, tip *gitstore.Snapshot) (gitstore.Commit, error) {
				runs++
				return write("envs/x/staging.yaml", "x")(ctx, tip)
			})
			if !r.Changed || runs != 1 || lost != 1 {
				t.Errorf("%+v, edit ran %d times, %d replies lost", r, runs, lost)
			}
			if got := testenv.Git(t, repo, "log", "--format=%s", "--", "envs/x"); got != "write envs/x/staging.yaml" {
				t.Errorf("log %q", got)
			}
			change(t, s, write("envs/x/staging.yaml", "y"))
			testenv.Fsck(t, repo)
		})
	}
}

// outsider commits and pushes with the stock git command.
func outsider(t testing.TB, clone, path string) {
	t.Helper()
	testenv.WriteFile(t, clone, path, time.Now().String())
	testenv.Git(t, clone, "pull", "-q", "--rebase")
	testenv.Git(t, clone, "add", "-A")
	testenv.Git(t, clone, "commit", "-q", "-m", "outsider: "+path)
	testenv.Git(t, clone, "push", "-q")
}

// TestMovedBranch: another writer pushes just before each push of the store.
func TestMovedBranch(t *testing.T) {
	const hasty, patient = time.Nanosecond, time.Minute
	for _, c := range []struct {
		moves    int
		patience time.Duration
		attempts int
		conflict bool
	}{{0, hasty, 1, false}, {1, hasty, 2, false}, {9, hasty, 10, false}, {20, hasty, 10, true}, {20, patient, 21, false}} {
		t.Run(fmt.Sprintf("%d moves, patience %s", c.moves, c.patience), func(t *testing.T) {
			dir := t.TempDir()
			repo := testenv.Bare(t, filepath.Join(dir, "env.git"), 2)
			other := open(t, gitstore.Options{URL: repo})
			server := testenv.ServeHTTP(t, dir)
			moved := 0
			server.Intercept(func(w http.ResponseWriter, r *http.Request, git http.Handler) {
				if testenv.IsPush(r) && moved < c.moves {
					moved++
					change(t, other, write("envs/other/staging.yaml", strings.Repeat("x", moved)))
				}
				git.ServeHTTP(w, r)
			})
			s := open(t, gitstore.Options{URL: server.URL + "/env.git", Patience: c.patience})
			r, err := s.Change(t.Context(), write("envs/x/staging.yaml", "x"))
			if c.conflict {
				wantCode(t, err, staging.CodeBusy, "moved 10 times", "again")
				if moved != 10 {
					t.Errorf("pushed %d times", moved)
				}
				return
			}
			if err != nil || r.Attempts != c.attempts {
				t.Fatalf("%+v, %v", r, err)
			}
			if got := testenv.Git(t, repo, "show", "main:envs/x/staging.yaml"); got != "x" {
				t.Errorf("%q", got)
			}
			if got := testenv.Git(t, repo, "rev-list", "--count", "main"); got != testenv.Git(t, repo, "rev-list", "--count", "--first-parent", "main") {
				t.Error("history is not linear")
			}
		})
	}
}

// TestOneCallerGivesUp: a cancelled caller returns at once and does not affect others.
func TestOneCallerGivesUp(t *testing.T) {
	dir := t.TempDir()
	repo := testenv.Bare(t, filepath.Join(dir, "env.git"), 2)
	server := testenv.ServeHTTP(t, dir)
	pushing, gate := make(chan struct{}, 2), make(chan struct{})
	server.Intercept(func(w http.ResponseWriter, r *http.Request, git http.Handler) {
		if testenv.IsPush(r) {
			pushing <- struct{}{}
			<-gate
		}
		git.ServeHTTP(w, r)
	})
	s := open(t, gitstore.Options{URL: server.URL + "/env.git"})
	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error, 2)
	go func() { _, err := s.Change(ctx, write("envs/a/f", "1")); errs <- err }()
	<-pushing
	go func() { _, err := s.Change(ctx, write("envs/b/f", "1")); errs <- err }()
	waiting(t, s, 1)
	cancel()
	for range 2 {
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	}
	close(gate)
	change(t, s, write("envs/c/f", "1"))
	for path, there := range map[string]bool{"envs/a": true, "envs/b": false, "envs/c": true} {
		if _, err := testenv.TryGit(repo, "rev-parse", "--verify", "main:"+path); (err == nil) != there {
			t.Errorf("%s: %v", path, err)
		}
	}
	testenv.Fsck(t, repo)
}

// waiting blocks until n edits wait for the push in flight.
func waiting(t *testing.T, s *gitstore.Store, edits int) {
	t.Helper()
	testenv.Eventually(t, fmt.Sprintf("%d wait", edits), func() (int, bool) { n := s.QueueLength(); return n, n == edits })
}

// TestOneEditFails: an edit that fails or panics affects only its caller.
func TestOneEditFails(t *testing.T) {
	repo := testenv.Bare(t, filepath.Join(t.TempDir(), "env.git"), 2)
	s := open(t, gitstore.Options{URL: repo})
	errs := make(chan error, 3)
	boom := errors.New("boom")
	for _, e := range []gitstore.Edit{
		func(context.Context, *gitstore.Snapshot) (gitstore.Commit, error) { return gitstore.Commit{}, boom },
		func(context.Context, *gitstore.Snapshot) (gitstore.Commit, error) { panic("oh no") },
		write("envs/ok/f", "1"),
	} {
		go func() { _, err := s.Change(t.Context(), e); errs <- err }()
	}
	var failed, panicked, fine int
	for range 3 {
		switch err := <-errs; {
		case err == nil:
			fine++
		case errors.Is(err, boom):
			failed++
		case strings.Contains(err.Error(), "oh no"):
			panicked++
		default:
			t.Error(err)
		}
	}
	if failed+panicked+fine != 3 || fine != 1 {
		t.Errorf("%d failed, %d panicked, %d fine", failed, panicked, fine)
	}
}
