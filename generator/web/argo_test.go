package web_test

import (
	"context"
	"sync"
	"time"

	"octopod/generator/argocd"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// argo is an Argo CD whose cluster starts things when a test says so. What a
// real one says is tested in package argocd and end to end.
type argo struct {
	mu       sync.Mutex
	apps     map[string]staging.Application
	watchers map[chan argocd.Event]bool
	version  uint64
}

func newArgo() *argo {
	return &argo{apps: map[string]staging.Application{}, watchers: map[chan argocd.Event]bool{}}
}

// put tells of an Application.
func (a *argo) put(name string, change func(*staging.Application)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	app, known := a.apps[name]
	if !known {
		app = staging.Application{Name: "shop-" + name, Staging: name}
	}
	change(&app)
	a.version++
	app.Version = a.version
	a.apps[name] = app
	for w := range a.watchers {
		w <- argocd.Event{Kind: argocd.Changed, Application: app}
	}
}

// runs says that what is at a revision runs, with these images.
func (a *argo) runs(name, revision string, at time.Time, images ...string) {
	a.put(name, func(app *staging.Application) {
		app.Revision, app.Sync, app.Health, app.ReconciledAt, app.Images = revision, "Synced", "Healthy", at.Add(20*time.Second), images
		app.Deploys++
		app.Operation = &staging.Operation{Phase: "Succeeded", Revision: revision, StartedAt: at.Add(4 * time.Second), FinishedAt: at.Add(11 * time.Second)}
		app.Conditions, app.Resources = nil, nil
	})
}

// remove lets an Application be gone.
func (a *argo) remove(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	app := a.apps[name]
	delete(a.apps, name)
	for w := range a.watchers {
		w <- argocd.Event{Kind: argocd.Removed, Application: app}
	}
}

func (a *argo) Applications(context.Context) ([]staging.Application, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []staging.Application
	for _, app := range a.apps {
		all = append(all, app)
	}
	return all, nil
}

func (a *argo) Watch(ctx context.Context, handle func(argocd.Event)) error {
	events := make(chan argocd.Event, 4096)
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

func (a *argo) Pods(context.Context, string) ([]staging.Pod, error) { return nil, nil }

func (a *argo) Refresh(_ context.Context, application string, _ bool) (staging.Application, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, app := range a.apps {
		if app.Name == application {
			return app, nil
		}
	}
	return staging.Application{}, staging.Errorf(staging.CodeNotFound, "no Application %s", application)
}

func (a *argo) UpsertApplicationSet(context.Context, *project.Project) error { return nil }

func (a *argo) Missing(context.Context) ([]argocd.Permission, error) { return nil, nil }

func (a *argo) Installed(context.Context, *project.Project) ([]argocd.Installed, error) {
	return nil, nil
}
