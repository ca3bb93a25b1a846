package generator_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"octopod/generator/branch"
	"octopod/generator/gitstore"
	"octopod/generator/project"
	"octopod/generator/receiver"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// apps is a fixture with the application's repositories on a real server.
type apps struct {
	*fixture
	dir    string
	server *testenv.HTTPServer
	made   int
}

// Heads queries the server.
func (a *apps) Heads(ctx context.Context, repository string) (map[string]string, error) {
	known, err := gitstore.ListRefs(ctx, gitstore.Options{URL: repository, AllowPlainHTTP: true, ReadPatience: -1})
	return known.Heads, err
}

// withApps returns a fixture whose project has two repositories, with the rules of
// spec.branches.
func withApps(t testing.TB, rules string) *apps {
	t.Helper()
	w := shop(t, project.EngineKustomize, project.OutputSource)
	a := &apps{fixture: w, dir: t.TempDir()}
	a.server = testenv.ServeHTTP(t, a.dir)
	w.Stagings.Heads = a
	text := a.projectFile()
	for _, name := range []string{"backend", "frontend"} {
		testenv.Git(t, a.dir, "init", "--bare", "--initial-branch", "main", filepath.Join(a.dir, name+".git"))
		a.commit(name, "main")
		text = strings.Replace(text, "repository: github.com/acme/shop-"+name,
			"repository: "+a.server.URL+"/"+name+".git\n      build: registry.example.com/shop/"+name+":{commit}", 1)
	}
	w.write(staging.File{Path: project.File, Data: []byte(strings.Replace(text, "spec:\n", "spec:\n  branches: {"+rules+"}\n", 1))})
	return a
}

// projectFile returns octopod.yaml at the tip.
func (w *fixture) projectFile() string {
	w.t.Helper()
	return testenv.Git(w.t, w.path, "show", "main:"+project.File) + "\n"
}

// commit adds a commit to a branch and returns the push event of a forge.
func (a *apps) commit(repository, name string) branch.Event {
	a.t.Helper()
	repo := filepath.Join(a.dir, repository+".git")
	before, _ := testenv.TryGit(repo, "rev-parse", "--verify", "-q", "refs/heads/"+name)
	a.made++
	tree := testenv.Git(a.t, repo, "hash-object", "-w", "-t", "tree", os.DevNull)
	args := []string{"commit-tree", "-m", fmt.Sprint("commit ", a.made), tree}
	if before != "" {
		args = append(args, "-p", before)
	}
	return a.reset(repository, name, testenv.Git(a.t, repo, args...))
}

// reset moves a branch to a commit, like a forced push.
func (a *apps) reset(repository, name, commit string) branch.Event {
	a.t.Helper()
	repo := filepath.Join(a.dir, repository+".git")
	before, _ := testenv.TryGit(repo, "rev-parse", "--verify", "-q", "refs/heads/"+name)
	testenv.Git(a.t, repo, "update-ref", "refs/heads/"+name, commit)
	a.made++
	return branch.Event{
		Kind: branch.Pushed, Repository: "127.0.0.1/" + repository, Branch: name, Commit: commit, Before: before,
		Committed: a.fixture.clock.Now().Add(time.Duration(a.made) * time.Minute), By: staging.Person{Name: "grace"},
	}
}

// remove deletes a branch.
func (a *apps) remove(repository, name string) branch.Event {
	a.t.Helper()
	testenv.Git(a.t, filepath.Join(a.dir, repository+".git"), "update-ref", "-d", "refs/heads/"+name)
	return branch.Event{Kind: branch.Deleted, Repository: "127.0.0.1/" + repository, Branch: name, By: staging.Person{Name: "grace"}}
}

// process processes an event.
func (a *apps) process(e branch.Event) receiver.ProcessResult {
	a.t.Helper()
	done, err := a.Process(a.t.Context(), receiver.ProcessRequest{Event: e, Request: "d1"})
	if err != nil {
		a.t.Fatalf("%s of %s: %v", e.Kind, e.Branch, err)
	}
	return done
}

// record returns a staging's record at the tip.
func (w *fixture) record(name string) staging.Staging {
	w.t.Helper()
	s, err := w.tip().Staging(name)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// pullOf returns the event of a pull request for a push.
func pullOf(e branch.Event, change func(*branch.Pull)) branch.Event {
	e.Kind, e.Before = branch.PullChanged, ""
	e.Pull = &branch.Pull{
		PullRequest: staging.PullRequest{Number: 7, URL: "https://git.example.com/acme/backend/pulls/7", Title: "Passkeys", Author: "grace"}, HeadChanged: true,
	}
	change(e.Pull)
	return e
}

func asOpened(*branch.Pull) {}
