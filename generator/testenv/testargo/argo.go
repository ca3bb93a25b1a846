// Package testargo is an Argo CD in which tests say what it sees: the few
// methods that the use cases ask of one, without a server. What a real one sees
// is tested in package argocd and end to end. Only _test files import it.
package testargo

import (
	"context"
	"slices"
	"sync"
	"time"

	"octopod/generator/argocd"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// ArgoCD is the Argo CD of project shop. It is safe for use by many goroutines.
type ArgoCD struct {
	mu        sync.Mutex
	apps      map[string]staging.Application // by the name of the staging
	pods      map[string][]staging.Pod       // by the name of the Application
	watchers  map[chan argocd.Event]bool
	closed    chan struct{} // while it lasts, no watch begins
	version   uint64
	err       error
	upserts   int
	refreshes []string
	missing   []argocd.Permission
	installed []argocd.Installed
}

// New gives one without Applications.
func New() *ArgoCD {
	return &ArgoCD{apps: map[string]staging.Application{}, pods: map[string][]staging.Pod{}, watchers: map[chan argocd.Event]bool{}}
}

// Put lets Argo CD tell of an Application that is new or has changed.
func (a *ArgoCD) Put(name string, change func(*staging.Application)) {
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
	a.tell(argocd.Event{Kind: argocd.Modified, Application: app})
}

// Runs lets an Application run a revision that was committed at a time.
func (a *ArgoCD) Runs(name, revision string, at time.Time, images ...string) {
	a.Put(name, func(app *staging.Application) {
		began, ended := at.Add(4*time.Second), at.Add(11*time.Second)
		app.Revision, app.Sync, app.Health, app.ReconciledAt, app.Images = revision, "Synced", "Healthy", at.Add(20*time.Second), images
		app.Deployments = append(slices.Clone(app.Deployments), staging.Deployment{
			Number: int64(len(app.Deployments)), Revision: revision, StartedAt: began, FinishedAt: ended,
		})
		app.Operation = &staging.Operation{Phase: "Succeeded", Revision: revision, StartedAt: began, FinishedAt: ended}
		app.Conditions, app.Resources = nil, nil
	})
}

// Remove lets an Application be gone.
func (a *ArgoCD) Remove(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	app := a.apps[name]
	delete(a.apps, name)
	a.tell(argocd.Event{Kind: argocd.Deleted, Application: app})
}

// Away lets Argo CD be out of reach; nil brings it back.
func (a *ArgoCD) Away(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = err
	for _, e := range a.state() {
		a.tell(e)
	}
	if err == nil {
		a.tell(argocd.Event{Kind: argocd.Reachable})
	}
}

// state is what a watch is told first.
func (a *ArgoCD) state() []argocd.Event {
	if a.err != nil {
		return []argocd.Event{{Kind: argocd.Unreachable, Err: a.err}}
	}
	var events []argocd.Event
	for _, app := range a.apps {
		events = append(events, argocd.Event{Kind: argocd.Modified, Application: app})
	}
	return append(events, argocd.Event{Kind: argocd.Listed})
}

// CloseStream lets no watch begin until the function that it gives is called.
func (a *ArgoCD) CloseStream() (open func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = make(chan struct{})
	return sync.OnceFunc(func() { close(a.closed) })
}

// SetPods says which pods the Application of a staging has.
func (a *ArgoCD) SetPods(name string, pods ...staging.Pod) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pods["shop-"+name] = pods
}

// SetMissing says which permissions the account lacks.
func (a *ArgoCD) SetMissing(missing ...argocd.Permission) { a.missing = missing }

// SetInstalled says what Argo CD has of the project's manifests.
func (a *ArgoCD) SetInstalled(installed ...argocd.Installed) { a.installed = installed }

// Asked gives what it was asked to look at: how often at all stagings, and at
// which single ones ("login", "login hard").
func (a *ArgoCD) Asked() (upserts int, refreshes []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.upserts, slices.Clone(a.refreshes)
}

func (a *ArgoCD) tell(e argocd.Event) {
	for watcher := range a.watchers {
		watcher <- e
	}
}

// Applications, Watch, Pods, Refresh, UpsertApplicationSet, Missing and
// Installed are those of *argocd.Client.
func (a *ArgoCD) Applications(context.Context) ([]staging.Application, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []staging.Application
	for _, app := range a.apps {
		all = append(all, app)
	}
	return all, a.err
}

// Watch tells of every Application, and then of every change.
func (a *ArgoCD) Watch(ctx context.Context, handle func(argocd.Event)) error {
	a.mu.Lock()
	closed := a.closed
	a.mu.Unlock()
	if closed != nil {
		select {
		case <-closed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	events := make(chan argocd.Event, 4096)
	a.mu.Lock()
	for _, e := range a.state() {
		events <- e
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

// Application is one that tests have put.
func (a *ArgoCD) Application(_ context.Context, name string) (staging.Application, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, app := range a.apps {
		if app.Name == name {
			return app, a.err
		}
	}
	if a.err != nil {
		return staging.Application{}, a.err
	}
	return staging.Application{}, staging.Errorf(staging.CodeNotFound, "no Application %s", name)
}

// Pods gives those that were set.
func (a *ArgoCD) Pods(_ context.Context, application string) ([]staging.Pod, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.pods[application], nil
}

// Refresh notes that it was asked for.
func (a *ArgoCD) Refresh(_ context.Context, application string, hard bool) (staging.Application, error) {
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

// UpsertApplicationSet notes that it was asked for.
func (a *ArgoCD) UpsertApplicationSet(context.Context, *project.Project) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.upserts++
	return a.err
}

// Missing gives what was set.
func (a *ArgoCD) MissingPermissions(context.Context) ([]argocd.Permission, error) {
	return a.missing, a.err
}

// Installed gives what was set.
func (a *ArgoCD) Installed(context.Context, *project.Project) ([]argocd.Installed, error) {
	return a.installed, a.err
}
