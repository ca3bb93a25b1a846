package gitstore_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"octopod/generator/gitstore"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// deploy returns an edit of a whole staging, as CI makes it.
func deploy(i, version int) gitstore.Edit {
	return func(context.Context, *gitstore.Snapshot) (gitstore.Commit, error) {
		c := gitstore.Commit{Author: gitstore.Identity{Name: "CI", Email: "ci@example.com"},
			Message: fmt.Sprintf("deploy %s: version %d", testenv.StagingName(i), version)}
		for _, f := range testenv.Staging(i, version) {
			c.Changes = append(c.Changes, gitstore.Change{Path: f.Path, Data: f.Data})
		}
		return c, nil
	}
}

// TestManyWriters: concurrent writers commit to their own stagings, in some cases
// beside the stock git command. No commit is lost.
func TestManyWriters(t *testing.T) {
	for _, c := range []struct {
		name          string
		writers, each int
		shared        bool
		outsider      bool
		local         bool
	}{
		{name: "separate stores over http", writers: 32, each: 10},
		{name: "separate stores over http, and an outsider", writers: 6, each: 4, outsider: true},
		{name: "one store over http, and an outsider", writers: 32, each: 10, shared: true, outsider: true},
		{name: "separate stores, local, and an outsider", writers: 16, each: 10, local: true, outsider: true},
		{name: "one store, local", writers: 32, each: 10, local: true, shared: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			writers, each := c.writers, c.each
			dir := t.TempDir()
			repo := testenv.Bare(t, filepath.Join(dir, "env.git"), writers)
			url := repo
			if !c.local {
				url = testenv.ServeHTTP(t, dir).URL + "/env.git"
			}
			one := open(t, gitstore.Options{URL: url, Patience: 10 * time.Minute})
			stop := make(chan struct{})
			var outside sync.WaitGroup
			pushes := 0
			if c.outsider {
				clone := testenv.WorkTree(t, repo, filepath.Join(t.TempDir(), "clone"))
				outside.Go(func() {
					for {
						select {
						case <-stop:
							return
						case <-time.After(300 * time.Millisecond):
							pushes += stockPush(t, clone, fmt.Sprintf("outside/%d.txt", pushes))
						}
					}
				})
			}
			var wg sync.WaitGroup
			var attempts atomic.Int64
			for w := range writers {
				wg.Go(func() {
					s := one
					if !c.shared {
						s = open(t, gitstore.Options{URL: url, Patience: 10 * time.Minute})
					}
					for v := range each {
						r, err := s.Change(t.Context(), deploy(w, v+1))
						if err != nil || !r.Changed {
							t.Errorf("writer %d, version %d: %+v, %v", w, v+1, r, err)
						}
						attempts.Add(int64(r.Attempts))
					}
				})
			}
			wg.Wait()
			close(stop)
			outside.Wait()
			if got, want := testenv.Git(t, repo, "rev-list", "--count", "main"), fmt.Sprint(1+writers*each+pushes); got != want {
				t.Errorf("%s commits, want %s", got, want)
			}
			snap, err := one.Snapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for w := range writers {
				for _, f := range testenv.Staging(w, each) {
					if b, err := snap.ReadFile(f.Path); err != nil || string(b) != string(f.Data) {
						t.Errorf("%s is not the last version: %v", f.Path, err)
					}
				}
				got := testenv.Git(t, repo, "rev-list", "--count", "main", "--", "envs/"+testenv.StagingName(w))
				if got != fmt.Sprint(1+each) {
					t.Errorf("staging %d has %s commits", w, got)
				}
			}
			t.Logf("%.1f tries for each of our commits, %d pushes of an outsider", float64(attempts.Load())/float64(writers*each), pushes)
			testenv.Fsck(t, repo)
		})
	}
}

// TestBurst: many CI jobs start at the same moment as independent processes. Every
// one succeeds.
func TestBurst(t *testing.T) {
	const jobs = 32
	dir := t.TempDir()
	repo := testenv.Bare(t, filepath.Join(dir, "env.git"), jobs)
	url := testenv.ServeHTTP(t, dir).URL + "/env.git"
	stores := make([]*gitstore.Store, jobs)
	for i := range stores {
		stores[i] = open(t, gitstore.Options{URL: url})
	}
	var wg sync.WaitGroup
	var attempts [jobs]int
	began := time.Now()
	for i, s := range stores {
		wg.Go(func() {
			r, err := s.Change(t.Context(), deploy(i, 1))
			if err != nil {
				t.Error(err, staging.HintOf(err))
			}
			attempts[i] = r.Attempts
		})
	}
	wg.Wait()
	t.Logf("%d jobs in %s, the unluckiest needed %d pushes", jobs, time.Since(began), slices.Max(attempts[:]))
	if got := testenv.Git(t, repo, "rev-list", "--count", "main"); got != fmt.Sprint(1+jobs) {
		t.Errorf("%s commits", got)
	}
}

// stockPush commits with the git command, then pulls and pushes until it succeeds.
func stockPush(t *testing.T, clone, path string) int {
	testenv.WriteFile(t, clone, path, path)
	testenv.Git(t, clone, "add", "-A")
	testenv.Git(t, clone, "commit", "-q", "-m", "outsider: "+path)
	for range 50 {
		if _, err := testenv.TryGit(clone, "push", "-q"); err == nil {
			return 1
		}
		if _, err := testenv.TryGit(clone, "pull", "-q", "--rebase"); err != nil {
			t.Error(err)
			return 0
		}
	}
	testenv.Git(t, clone, "reset", "-q", "--hard", "origin/main")
	return 0
}

// TestSamePath: writers of one file never lose an edit silently. Every edit that was
// reported as successful is a line of the file.
func TestSamePath(t *testing.T) {
	for _, local := range []bool{true, false} {
		t.Run(fmt.Sprintf("local=%v", local), func(t *testing.T) {
			dir := t.TempDir()
			repo := testenv.Bare(t, filepath.Join(dir, "env.git"), 1)
			url := repo
			if !local {
				url = testenv.ServeHTTP(t, dir).URL + "/env.git"
			}
			const path = "envs/shared/staging.yaml"
			var mu sync.Mutex
			done := map[string]bool{}
			var wg sync.WaitGroup
			for w := range 6 {
				s := open(t, gitstore.Options{URL: url, MaxAttempts: 3, Patience: time.Nanosecond})
				for g := range 2 {
					wg.Go(func() {
						for i := range 5 + rand.IntN(5) {
							line := fmt.Sprintf("writer %d.%d, line %d", w, g, i)
							_, err := s.Change(t.Context(), appendLine(path, line))
							switch {
							case err == nil:
								mu.Lock()
								done[line] = true
								mu.Unlock()
							case staging.CodeOf(err) != staging.CodeBusy:
								t.Error(err)
							}
						}
					})
				}
			}
			wg.Wait()
			lines := strings.Split(strings.TrimSpace(testenv.Git(t, repo, "show", "main:"+path)), "\n")
			there := map[string]int{}
			for _, l := range lines {
				there[l]++
			}
			for l := range done {
				if there[l] != 1 {
					t.Errorf("%q was reported done and is there %d times", l, there[l])
				}
			}
			for l := range there {
				if !done[l] {
					t.Errorf("%q is there and was not reported done", l)
				}
			}
			t.Logf("%d edits done", len(done))
		})
	}
}

func appendLine(path, line string) gitstore.Edit {
	return func(_ context.Context, tip *gitstore.Snapshot) (gitstore.Commit, error) {
		old, err := fs.ReadFile(tip, path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return gitstore.Commit{}, err
		}
		return gitstore.Commit{Message: line, Changes: []gitstore.Change{{Path: path, Data: append(old, line+"\n"...)}}}, nil
	}
}

// TestUnchangedIsTrue: an edit that changes nothing has seen the current tip, even in
// a store whose cached tip is older.
func TestUnchangedIsTrue(t *testing.T) {
	dir := t.TempDir()
	repo := testenv.Bare(t, filepath.Join(dir, "env.git"), 1)
	s := open(t, gitstore.Options{URL: testenv.ServeHTTP(t, dir).URL + "/env.git"})
	change(t, s, write("envs/x/f", "1"))
	other := open(t, gitstore.Options{URL: repo})
	change(t, other, func(context.Context, *gitstore.Snapshot) (gitstore.Commit, error) {
		return gitstore.Commit{Message: "delete", Changes: []gitstore.Change{{Path: "envs/x", Delete: true}}}, nil
	})
	if r := change(t, s, write("envs/x/f", "1")); !r.Changed {
		t.Error("the file was gone, and writing it was called unchanged")
	}
}

// TestBesideGitMaintenance: git gc, git repack and git pack-refs run while a store
// writes and reads.
func TestBesideGitMaintenance(t *testing.T) {
	repo := testenv.Bare(t, filepath.Join(t.TempDir(), "env.git"), 50)
	s := open(t, gitstore.Options{URL: repo})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				args := [][]string{{"gc", "-q", "--prune=now"}, {"repack", "-adq"}, {"pack-refs", "--all", "--prune"}}[i%3]
				if _, err := testenv.TryGit(repo, args...); err != nil {
					t.Log(err) // a lock of ours was in its way
				}
			}
		}
	})
	for v := range 150 {
		change(t, s, deploy(v%50, v+1))
		snap, err := s.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range testenv.Staging(v%50, v+1) {
			if b, err := snap.ReadFile(f.Path); err != nil || string(b) != string(f.Data) {
				t.Fatalf("%s: %v", f.Path, err)
			}
		}
	}
	close(stop)
	wg.Wait()
	if got := testenv.Git(t, repo, "rev-list", "--count", "main"); got != "151" {
		t.Errorf("%s commits", got)
	}
	testenv.Fsck(t, repo)
}

// TestErrorOnUnpushedCommit: an edit that failed because of another edit in the same
// batch gets its error only after that other edit's commit was pushed.
func TestErrorOnUnpushedCommit(t *testing.T) {
	dir := t.TempDir()
	repo := testenv.Bare(t, filepath.Join(dir, "env.git"), 1)
	outside := open(t, gitstore.Options{URL: repo})
	server := testenv.ServeHTTP(t, dir)
	pushing, gate := make(chan struct{}), make(chan struct{})
	pushes := 0
	server.Intercept(func(w http.ResponseWriter, r *http.Request, git http.Handler) {
		if testenv.IsPush(r) {
			switch pushes++; pushes {
			case 1: // so that the two edits wait together
				pushing <- struct{}{}
				<-gate
			case 2: // the two edits are beaten
				change(t, outside, write("envs/outside/f", "x"))
			}
		}
		git.ServeHTTP(w, r)
	})
	var reported []string
	s := open(t, gitstore.Options{URL: server.URL + "/env.git", OnPush: func(p gitstore.Push) {
		reported = append(reported, fmt.Sprintf("%d %s", p.Edits, p.Outcome))
	}})
	unless := func(there, then string, otherwise error) gitstore.Edit {
		return func(ctx context.Context, tip *gitstore.Snapshot) (gitstore.Commit, error) {
			if _, exists, err := tip.Entry(there); err != nil || exists {
				return gitstore.Commit{}, cmp.Or(err, otherwise)
			}
			return write(then, "x")(ctx, tip)
		}
	}
	errs := make(chan error, 3)
	run := func(e gitstore.Edit) { _, err := s.Change(t.Context(), e); errs <- err }
	go run(write("envs/first/f", "x"))
	<-pushing
	go run(unless("envs/outside", "envs/a/f", nil))
	waiting(t, s, 1)
	go run(unless("envs/a", "envs/b/f", errors.New("a is there")))
	waiting(t, s, 2)
	close(gate)
	for range 3 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if got := testenv.Git(t, repo, "ls-tree", "--name-only", "main:envs"); got != "b\nfeature-00000\nfirst\noutside" {
		t.Errorf("%q", got)
	}
	if want := []string{"1 landed", "2 beaten", "1 landed"}; !slices.Equal(reported, want) {
		t.Errorf("OnPush got %q, want %q", reported, want)
	}
}
