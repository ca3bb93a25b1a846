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

// apps are the repositories of the application, on a real server.
type apps struct {
	*world
	dir    string
	server *testenv.HTTPServer
	made   int
}

// Heads asks the server.
func (a *apps) Heads(ctx context.Context, repository string) (map[string]string, error) {
	known, err := gitstore.ListRefs(ctx, gitstore.Options{URL: repository, AllowPlainHTTP: true})
	return known.Heads, err
}

// withApps makes a world whose stagings follow two repositories; rules are those
// of spec.branches.
func withApps(t testing.TB, rules string) *apps {
	t.Helper()
	w := shop(t, project.EngineKustomize, project.OutputSource)
	a := &apps{world: w, dir: t.TempDir()}
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

// projectFile is octopod.yaml as it is now.
func (w *world) projectFile() string {
	w.t.Helper()
	return testenv.Git(w.t, w.path, "show", "main:"+project.File) + "\n"
}

// commit adds a commit to a branch, and gives what a forge would tell of it.
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

// reset puts a branch to a commit, as a forced push does.
func (a *apps) reset(repository, name, commit string) branch.Event {
	a.t.Helper()
	repo := filepath.Join(a.dir, repository+".git")
	before, _ := testenv.TryGit(repo, "rev-parse", "--verify", "-q", "refs/heads/"+name)
	testenv.Git(a.t, repo, "update-ref", "refs/heads/"+name, commit)
	a.made++
	return branch.Event{
		Kind: branch.Pushed, Repository: "127.0.0.1/" + repository, Branch: name, Commit: commit, Before: before,
		Committed: a.world.now.Add(time.Duration(a.made) * time.Minute), By: staging.Person{Name: "grace"},
	}
}

// remove deletes a branch.
func (a *apps) remove(repository, name string) branch.Event {
	a.t.Helper()
	testenv.Git(a.t, filepath.Join(a.dir, repository+".git"), "update-ref", "-d", "refs/heads/"+name)
	return branch.Event{Kind: branch.Deleted, Repository: "127.0.0.1/" + repository, Branch: name, By: staging.Person{Name: "grace"}}
}

// follow lets the stagings follow an event.
func (a *apps) follow(e branch.Event) receiver.ProcessResult {
	a.t.Helper()
	done, err := a.Process(a.t.Context(), receiver.ProcessRequest{Event: e, Request: "d1"})
	if err != nil {
		a.t.Fatalf("%s of %s: %v", e.Kind, e.Branch, err)
	}
	return done
}

// record gives what the env repo says of a staging.
func (w *world) record(name string) staging.Staging {
	w.t.Helper()
	s, err := w.tip().Staging(name)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// pullOf is a pull request for what was pushed.
func pullOf(e branch.Event, change func(*branch.Pull)) branch.Event {
	e.Kind, e.Before = branch.PullChanged, ""
	e.Pull = &branch.Pull{
		PullRequest: staging.PullRequest{Number: 7, URL: "https://git.example.com/acme/backend/pulls/7", Title: "Passkeys", Author: "grace"}, HeadChanged: true,
	}
	change(e.Pull)
	return e
}

func asOpened(*branch.Pull) {}
