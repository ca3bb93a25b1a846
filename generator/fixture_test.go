package generator_test

import (
	"context"
	"flag"
	"path/filepath"
	"testing"
	"time"

	"octopod/generator"
	"octopod/generator/argocd"
	"octopod/generator/change"
	"octopod/generator/envrepo"
	"octopod/generator/gitstore"
	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/rights"
	"octopod/generator/setup"
	"octopod/generator/staging"
)

var update = flag.Bool("update", false, "write the golden files")

// fixture is an env repo in a bare repository, with the services that work on it.
type fixture struct {
	*generator.Stagings
	t     testing.TB
	path  string // of the bare repository
	repo  *envrepo.Repo
	clock *clock
}

var ada = rights.Actor{Person: staging.Person{Name: "Ada", Email: "ada@example.com"}, Via: staging.ViaCLI}

// empty returns a fixture whose env repo has no commit.
func empty(t testing.TB) *fixture {
	t.Helper()
	path := filepath.Join(t.TempDir(), "env.git")
	if err := gitstore.InitBare(t.Context(), path, "main"); err != nil {
		t.Fatal(err)
	}
	return join(t, path, newRenderer(t))
}

// newRenderer returns a renderer that the test closes at its end.
func newRenderer(t testing.TB) *render.Renderer {
	t.Helper()
	renderer := render.New(render.Options{Timeout: time.Minute}) // the machine may be busy with other tests
	t.Cleanup(func() {
		if err := renderer.Close(); err != nil {
			t.Error(err)
		}
	})
	return renderer
}

// join returns a fixture for an env repo that other fixtures use too.
func join(t testing.TB, url string, renderer *render.Renderer) *fixture {
	t.Helper()
	return joinBranch(t, url, "main", renderer)
}

// joinBranch is join for any branch.
func joinBranch(t testing.TB, url, branch string, renderer *render.Renderer) *fixture {
	t.Helper()
	w := &fixture{t: t, path: url, clock: &clock{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}}
	store, err := gitstore.Open(t.Context(), gitstore.Options{
		URL: url, Branch: branch, Committer: gitstore.Identity{Name: "Octopod", Email: "octopod@example.com"}, Now: w.clock.Now,
		AllowPlainHTTP: true, MaxAttempts: 1000,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.repo = envrepo.New(store)
	w.Stagings = generator.New(generator.Parts{Repo: w.repo, Renderer: renderer, ArgoCD: argocd.Manifests, Now: w.clock.Now})
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// shop returns a fixture with the sample project.
func shop(t testing.TB, engine project.Engine, output project.Output) *fixture {
	t.Helper()
	w := empty(t)
	_, err := w.Init(t.Context(), setup.InitRequest{
		Name: "shop", Engine: engine, Output: output, BaseDomain: "staging.example.com",
		RepoURL: "https://git.example.com/acme/shop-stagings.git", By: ada,
	})
	if err != nil {
		t.Fatalf("init: %v", err)
	}
	return w
}

// do applies an action that must succeed.
func (w *fixture) do(a staging.Action) change.Result {
	w.t.Helper()
	w.clock.advance(time.Minute)
	r, err := w.Apply(w.t.Context(), change.Request{Action: a, By: ada})
	if err != nil {
		w.t.Fatalf("%s %s: %v", a.Verb, a.Name, err)
	}
	return r
}

// refused applies an action that must fail without changing the env repo.
func (w *fixture) refused(a staging.Action) error {
	w.t.Helper()
	before := w.tip().Revision()
	_, err := w.Apply(w.t.Context(), change.Request{Action: a, By: ada})
	if err == nil {
		w.t.Fatalf("%s %s was accepted", a.Verb, a.Name)
	}
	if after := w.tip().Revision(); after != before {
		w.t.Errorf("a refused %s made commit %s", a.Verb, after)
	}
	return err
}

func (w *fixture) tip() *envrepo.Tree {
	w.t.Helper()
	tree, err := w.repo.Tip(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return tree
}

// has reports whether the tip has a staging.
func (w *fixture) has(name string) bool {
	w.t.Helper()
	exists, err := w.tip().Has(name)
	if err != nil {
		w.t.Fatal(err)
	}
	return exists
}

// files returns a staging's files at the tip, by path.
func (w *fixture) files(name string) map[string]string {
	w.t.Helper()
	files, err := w.tip().StagingFiles(name)
	if err != nil {
		w.t.Fatal(err)
	}
	content := map[string]string{}
	for _, f := range files {
		content[f.Path] = string(f.Data)
	}
	return content
}

// write commits files by hand, without Octopod.
func (w *fixture) write(files ...staging.File) {
	w.t.Helper()
	_, err := w.repo.Change(w.t.Context(), func(context.Context, *envrepo.Tree) (envrepo.Edit, error) {
		return envrepo.Edit{Verb: "edit", By: ada.Person, Write: files}, nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// login returns a deploy of the branch feature/login with its own frontend.
func login(tag string) staging.Action {
	return staging.Action{
		Verb: staging.Deploy, Branch: "feature/login",
		Images: map[string]staging.Build{"frontend": {Image: "registry.example.com/shop/frontend:" + tag, Commit: tag}},
	}
}
