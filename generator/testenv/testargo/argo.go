// Package testargo is a fake Argo CD whose state tests set: the few methods that the
// use cases call, without a server. Package argocd and the end-to-end tests cover the
// real one. Only _test files import it.
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
	mu       sync.Mutex
	apps     map[string]staging.Application // by the name of the staging
	pods     map[string][]staging.Pod       // by the name of the Application
	remains  map[string]staging.Remains     // the same
	warnings map[string][]staging.Warning   // the same
	watchers map[chan argocd.Event]bool
	closed   chan struct{} // until it is closed, no watch begins
	version  uint64
	err      error
	lost     error // of the cluster
	probes   int
	fault    string
	block    staging.SyncBlock

	refreshHang chan struct{} // until it is closed, no refresh returns
	hang        chan struct{} // until it is closed, no call returns
	upserts     int
	refreshes   []string
	missing     []argocd.Permission
	installed   []argocd.Installed
	foreign     []argocd.Foreign
}

// New returns an Argo CD without Applications.
func New() *ArgoCD {
	return &ArgoCD{apps: map[string]staging.Application{}, pods: map[string][]staging.Pod{}, remains: map[string]staging.Remains{}, warnings: map[string][]staging.Warning{}, watchers: map[chan argocd.Event]bool{}}
}

// Put creates or changes an Application and publishes the event.
func (a *ArgoCD) Put(name string, change func(*staging.Application)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	app, known := a.apps[name]
	if !known {
		app = staging.Application{Name: "shop-" + name, Staging: name}
	}
	if app.Operation != nil { // a reader may still have the old operation
		op := *app.Operation
		app.Operation = &op
	}
	change(&app)
	a.version++
	app.Version = a.version
	a.apps[name] = app
	a.publish(argocd.Event{Kind: argocd.Modified, Application: app})
}

// SetRunning makes an Application run a revision that was committed at a time.
func (a *ArgoCD) SetRunning(name, revision string, at time.Time, images ...string) {
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

// Remove deletes an Application.
func (a *ArgoCD) Remove(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	app := a.apps[name]
	delete(a.apps, name)
	a.publish(argocd.Event{Kind: argocd.Deleted, Application: app})
}

// SetError makes every call fail, as if Argo CD were down; nil ends that.
func (a *ArgoCD) SetError(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = err
	for _, e := range a.snapshot() {
		a.publish(e)
	}
	if err == nil {
		a.publish(argocd.Event{Kind: argocd.Reachable})
	}
}

// Hang makes every call wait until its context ends or the returned function is called,
// as a stopped process does. Watches stay silent.
func (a *ArgoCD) Hang() (resume func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	hang := make(chan struct{})
	a.hang = hang
	return sync.OnceFunc(func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.hang = nil
		close(hang)
	})
}

// HangRefreshes makes only refreshes wait, as a stopped controller does.
func (a *ArgoCD) HangRefreshes() (resume func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	hang := make(chan struct{})
	a.refreshHang = hang
	return sync.OnceFunc(func() { close(hang) })
}

// respond waits while Argo CD hangs.
func (a *ArgoCD) respond(ctx context.Context) error {
	a.mu.Lock()
	hang := a.hang
	a.mu.Unlock()
	if hang == nil {
		return nil
	}
	select {
	case <-hang:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// snapshot returns the first events of a watch.
func (a *ArgoCD) snapshot() []argocd.Event {
	if a.err != nil {
		return []argocd.Event{{Kind: argocd.Unreachable, Err: a.err}}
	}
	var events []argocd.Event
	for _, app := range a.apps {
		events = append(events, argocd.Event{Kind: argocd.Modified, Application: app})
	}
	return append(events, argocd.Event{Kind: argocd.Listed})
}

// CloseStream blocks new watches until the returned function is called.
func (a *ArgoCD) CloseStream() (open func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = make(chan struct{})
	return sync.OnceFunc(func() { close(a.closed) })
}

// SetPods sets the pods of a staging's Application.
func (a *ArgoCD) SetPods(name string, pods ...staging.Pod) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pods["shop-"+name] = pods
}

// SetMissing sets the permissions that the account lacks.
func (a *ArgoCD) SetMissing(missing ...argocd.Permission) { a.missing = missing }

// SetInstalled sets the project's manifests that Argo CD has.
func (a *ArgoCD) SetInstalled(installed ...argocd.Installed) { a.installed = installed }

// SetForeign sets the objects of others that meet the project's names.
func (a *ArgoCD) SetForeign(foreign ...argocd.Foreign) { a.foreign = foreign }

// Calls returns the number of upserts of the ApplicationSet and the refreshed
// Applications ("login", "login hard").
func (a *ArgoCD) Calls() (upserts int, refreshes []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.upserts, slices.Clone(a.refreshes)
}

func (a *ArgoCD) publish(e argocd.Event) {
	for watcher := range a.watchers {
		watcher <- e
	}
}

// Applications returns all Applications, like *argocd.Client.
func (a *ArgoCD) Applications(ctx context.Context) ([]staging.Application, error) {
	if err := a.respond(ctx); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []staging.Application
	for _, app := range a.apps {
		all = append(all, app)
	}
	return all, a.err
}

// Watch calls handle with every Application, and then with every change.
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
	for _, e := range a.snapshot() {
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

// Application returns an Application that a test has put.
func (a *ArgoCD) Application(ctx context.Context, name string) (staging.Application, error) {
	if err := a.respond(ctx); err != nil {
		return staging.Application{}, err
	}
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

// Pods returns the pods of SetPods.
func (a *ArgoCD) Pods(ctx context.Context, application string) ([]staging.Pod, error) {
	if err := a.respond(ctx); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.pods[application], nil
}

// SetSyncBlock sets what a sync window forbids.
func (a *ArgoCD) SetSyncBlock(block staging.SyncBlock) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.block = block
}

// SyncBlock returns the block of SetSyncBlock.
func (a *ArgoCD) SyncBlock(ctx context.Context, _ string) (staging.SyncBlock, error) {
	if err := a.respond(ctx); err != nil {
		return staging.SyncBlock{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.block, a.err
}

// Terminate ends the sync of a running Application.
func (a *ArgoCD) Terminate(ctx context.Context, application string) error {
	if err := a.respond(ctx); err != nil {
		return err
	}
	app, err := a.Application(ctx, application)
	if err == nil {
		a.Put(app.Staging, func(app *staging.Application) {
			app.Operation.Phase, app.Operation.FinishedAt = "Failed", app.ReconciledAt
		})
	}
	return err
}

// Refresh records the call.
func (a *ArgoCD) Refresh(ctx context.Context, application string, hard bool) (staging.Application, error) {
	if err := a.respond(ctx); err != nil {
		return staging.Application{}, err
	}
	a.mu.Lock()
	hang := a.refreshHang
	a.mu.Unlock()
	if hang != nil {
		select {
		case <-hang:
		case <-ctx.Done():
			return staging.Application{}, ctx.Err()
		}
	}
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

// UpsertApplicationSet records the call.
func (a *ArgoCD) UpsertApplicationSet(ctx context.Context, _ *project.Project) (string, error) {
	if err := a.respond(ctx); err != nil {
		return "", err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.upserts++
	return a.fault, a.err
}

// SetFault sets why the ApplicationSet creates no Application.
func (a *ArgoCD) SetFault(fault string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fault = fault
}

// ApplicationSetFault returns the fault of SetFault.
func (a *ArgoCD) ApplicationSetFault(ctx context.Context, _ *project.Project) (string, error) {
	if err := a.respond(ctx); err != nil {
		return "", err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.fault, a.err
}

// MissingPermissions returns the permissions of SetMissing.
func (a *ArgoCD) MissingPermissions(ctx context.Context) ([]argocd.Permission, error) {
	if err := a.respond(ctx); err != nil {
		return nil, err
	}
	return a.missing, a.err
}

// MayTerminate reports that the account may not.
func (a *ArgoCD) MayTerminate(context.Context) (bool, error) { return false, a.err }

// Installed returns the manifests of SetInstalled.
func (a *ArgoCD) Installed(ctx context.Context, _ *project.Project) ([]argocd.Installed, error) {
	if err := a.respond(ctx); err != nil {
		return nil, err
	}
	return a.installed, a.err
}

// Foreign returns the objects of SetForeign.
func (a *ArgoCD) Foreign(ctx context.Context, _ *project.Project) ([]argocd.Foreign, error) {
	if err := a.respond(ctx); err != nil {
		return nil, err
	}
	return a.foreign, a.err
}
