package generator_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"octopod/generator"
	"octopod/generator/argocd"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// argo is an Argo CD in which tests say what it sees. What a real one sees is
// tested in package argocd and end to end.
type argo struct {
	mu        sync.Mutex
	apps      map[string]staging.Application
	pods      map[string][]staging.Pod
	watchers  map[chan argocd.Event]bool
	version   uint64
	err       error
	upserts   int
	refreshes []string // "login", "login hard"
	missing   []argocd.Permission
	installed []argocd.Installed
}

// withArgo connects a world with an Argo CD, and gives the world a clock that
// tests move while others read it.
func withArgo(t *testing.T, w *world) (*generator.Stagings, *argo, *clock) {
	a := &argo{apps: map[string]staging.Application{}, pods: map[string][]staging.Pod{}, watchers: map[chan argocd.Event]bool{}}
	c := &clock{now: w.now.Add(10 * time.Second)}
	return generator.New(generator.Parts{
		Repo: w.repo, Renderer: w.Renderer, Now: c.Now,
		Connect: func(*project.Project) (generator.Cluster, error) { return a, nil },
	}), a, c
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

func (c *clock) pass(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.now = c.now.Add(d) }

// put lets Argo CD tell of an Application.
func (a *argo) put(name string, change func(*staging.Application)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	app, known := a.apps[name]
	if !known {
		app = staging.Application{Name: "shop-" + name, Staging: name}
	}
	if app.Operation != nil { // whoever has the old one may be reading it
		op := *app.Operation
		app.Operation = &op
	}
	change(&app)
	a.version++
	app.Version = a.version
	a.apps[name] = app
	a.tell(argocd.Event{Kind: argocd.Changed, Application: app})
}

// remove lets an Application be gone.
func (a *argo) remove(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	app := a.apps[name]
	delete(a.apps, name)
	a.tell(argocd.Event{Kind: argocd.Removed, Application: app})
}

// away lets Argo CD be out of reach; nil brings it back.
func (a *argo) away(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = err
	kind := argocd.Away
	if err == nil {
		kind = argocd.Back
	}
	a.tell(argocd.Event{Kind: kind, Err: err})
}

func (a *argo) tell(e argocd.Event) {
	for watcher := range a.watchers {
		watcher <- e
	}
}

func (a *argo) Applications(context.Context) ([]staging.Application, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []staging.Application
	for _, app := range a.apps {
		all = append(all, app)
	}
	return all, a.err
}

func (a *argo) Watch(ctx context.Context, handle func(argocd.Event)) error {
	events := make(chan argocd.Event, 1000)
	a.mu.Lock()
	for _, app := range a.apps {
		events <- argocd.Event{Kind: argocd.Changed, Application: app}
	}
	a.watchers[events] = true
	a.mu.Unlock()
	for {
		select {
		case e := <-events:
			handle(e)
		case <-ctx.Done():
			a.mu.Lock()
			defer a.mu.Unlock()
			delete(a.watchers, events)
			return ctx.Err()
		}
	}
}

func (a *argo) Pods(_ context.Context, application string) ([]staging.Pod, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.pods[application], nil
}

func (a *argo) Refresh(_ context.Context, application string, hard bool) (staging.Application, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for name, app := range a.apps {
		if app.Name == application {
			a.refreshes = append(a.refreshes, name+map[bool]string{true: " hard"}[hard])
			return app, nil
		}
	}
	return staging.Application{}, staging.Errorf(staging.CodeNotFound, "no Application %s", application)
}

func (a *argo) UpsertApplicationSet(context.Context, *project.Project) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.upserts++
	return a.err
}

func (a *argo) Missing(context.Context) ([]argocd.Permission, error) { return a.missing, a.err }

func (a *argo) Installed(context.Context, *project.Project) ([]argocd.Installed, error) {
	return a.installed, a.err
}

// runs makes an Application one that runs a revision.
func (a *argo) runs(name, revision string, at time.Time, images ...string) {
	a.put(name, func(app *staging.Application) {
		app.Revision, app.Sync, app.Health, app.ReconciledAt, app.Deploys, app.DeployedAt = revision, "Synced", "Healthy", at.Add(time.Second), 1, at.Add(-time.Second)
		app.Operation = &staging.Operation{Phase: "Succeeded", Revision: revision, StartedAt: at.Add(-time.Second), FinishedAt: at}
		app.Images = images
	})
}

func (a *argo) asked() (upserts int, refreshes []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.upserts, slices.Clone(a.refreshes)
}

// following runs a watch and hands its news out one by one.
type following struct {
	t    *testing.T
	news chan generator.News
}

func follow(t *testing.T, w generator.Watcher, q generator.Query) *following {
	t.Helper()
	f := &following{t: t, news: make(chan generator.News, 1000)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Watch(ctx, q, func(n generator.News) { f.news <- n }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the watch ended with %v", err)
		}
	})
	return f
}

// until gives the first news that fits; what comes before is passed over.
func (f *following) until(what string, fits func(generator.News) bool) generator.News {
	f.t.Helper()
	patience := time.After(30 * time.Second)
	for {
		select {
		case n := <-f.news:
			if fits(n) {
				return n
			}
			f.t.Logf("%s %s %s: %s", n.Kind, n.Staging.Metadata.Name, n.Staging.Status.Phase, n.Staging.Status.Reason)
		case <-patience:
			f.t.Fatalf("no news of this: %s", what)
		}
	}
}

func (f *following) phase(name string, want staging.Phase) generator.News {
	f.t.Helper()
	return f.until(name+" "+string(want), func(n generator.News) bool {
		return n.Kind == generator.Changed && n.Staging.Metadata.Name == name && n.Staging.Status.Phase == want
	})
}
