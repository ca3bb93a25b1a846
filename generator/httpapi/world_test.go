package httpapi_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"octopod/generator"
	"octopod/generator/argocd"
	"octopod/generator/change"
	"octopod/generator/envrepo"
	"octopod/generator/gitstore"
	"octopod/generator/httpapi"
	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/rights"
	"octopod/generator/setup"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// world serves an env repo with the sample project.
type world struct {
	*generator.Stagings
	t    testing.TB
	feed *live.Feed
	http *httptest.Server

	mu      sync.Mutex
	role    project.Role
	refused []error
}

func newWorld(t testing.TB) *world {
	t.Helper()
	path := filepath.Join(t.TempDir(), "env.git")
	initBare(t, path)
	return serve(t, path)
}

func initBare(t testing.TB, path string) {
	t.Helper()
	if err := gitstore.InitBare(t.Context(), path, "main"); err != nil {
		t.Fatal(err)
	}
}

// serve serves an env repo, possibly next to another server.
func serve(t testing.TB, path string) *world {
	t.Helper()
	store, err := gitstore.Open(t.Context(), gitstore.Options{URL: path, Committer: gitstore.Identity{Name: "Octopod", Email: "o@example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	renderer := render.New(render.Options{Timeout: time.Minute})
	w := &world{t: t, role: project.RoleAdmin}
	w.Stagings = generator.New(generator.Parts{Repo: envrepo.New(store), Renderer: renderer, ArgoCD: argocd.Manifests, Now: time.Now})
	if _, err := w.Project(t.Context()); err != nil {
		w.init()
	}
	w.feed = live.NewFeed(w.Stagings, time.Now)
	ctx, cancel := context.WithCancel(context.Background())
	var feed sync.WaitGroup
	feed.Go(func() { w.feed.Run(ctx) })
	w.http = httptest.NewServer(httpapi.New(httpapi.Options{
		Projects: w, Actor: func(context.Context) string { return "eve" }, Version: "test", Log: slog.New(slog.DiscardHandler),
		Now: time.Now, Heartbeat: 50 * time.Millisecond, Refused: w.note,
	}))
	t.Cleanup(func() {
		cancel()
		w.http.CloseClientConnections()
		w.http.Close()
		feed.Wait()
		for _, err := range []error{store.Close(), renderer.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
	})
	return w
}

func (w *world) init() {
	w.t.Helper()
	_, err := w.Init(w.t.Context(), setup.InitRequest{
		Name: "shop", Engine: project.EngineKustomize, Output: project.OutputSource, BaseDomain: "staging.example.com",
		RepoURL: "https://git.example.com/envs.git", By: rights.Actor{Person: staging.Person{Name: "Ada"}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) note(_ context.Context, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refused = append(w.refused, err)
}

func (w *world) as(role project.Role) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.role = role
}

// Names implements httpapi.Projects.
func (w *world) Names(context.Context) []string { return []string{"shop"} }

// Access implements httpapi.Projects.
func (w *world) Access(_ context.Context, name string, claimed rights.Actor) (*generator.Access, error) {
	if name != "shop" && name != "-" {
		return nil, staging.Errorf(staging.CodeNotFound, "the server has no project %q", name)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	claimed.Person = staging.Person{Name: "Eve", Email: "eve@example.com"}
	claimed.Rights = byRole{w.role}
	return w.As(claimed, w.feed), nil
}

// byRole holds the rights of a role.
type byRole struct{ role project.Role }

func (r byRole) Role(*project.Project) project.Role { return r.role }

func (r byRole) Check(_ *project.Project, verb staging.Verb, _ string) error {
	least := project.RoleUser
	switch verb {
	case rights.Read:
		least = project.RoleViewer
	case staging.Regenerate, rights.Fix, rights.Sweep:
		least = project.RoleAdmin
	}
	if !r.role.Includes(least) {
		return staging.Errorf(staging.CodeForbidden, "%s needs %s", verb, least)
	}
	return nil
}

func (w *world) client() *httpapi.Client {
	w.t.Helper()
	c, err := httpapi.NewClient(httpapi.ClientOptions{URL: w.http.URL, Agent: "test"})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// do applies an action through the server, which must succeed.
func (w *world) do(a staging.Action) change.Result {
	w.t.Helper()
	r, err := w.client().Apply(w.t.Context(), change.Request{Action: a})
	if err != nil {
		w.t.Fatalf("%s: %v", a.Verb, err)
	}
	return r
}

func login() staging.Action {
	return staging.Action{Verb: staging.Deploy, Branch: "feature/login",
		Images: map[string]staging.Build{"frontend": {Image: "registry.example.com/shop/frontend:one", Commit: "1111111"}}}
}

// limited returns a context with a timeout for tests.
func limited(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), testenv.Timeout)
	t.Cleanup(cancel)
	return ctx
}

// send sends a plain HTTP request.
func (w *world) send(r *http.Request) *http.Response {
	w.t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}
