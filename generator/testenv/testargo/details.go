package testargo

import (
	"context"

	"octopod/generator/staging"
)

// SetRemains sets what the deletion of a staging's Application has left.
func (a *ArgoCD) SetRemains(name string, remains staging.Remains) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.remains["shop-"+name] = remains
}

// Remains returns the remains of SetRemains.
func (a *ArgoCD) Remains(ctx context.Context, application string) (staging.Remains, error) {
	if err := a.respond(ctx); err != nil {
		return staging.Remains{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.remains[application], a.err
}

// SetWarnings sets the warnings of the objects of a staging's Application.
func (a *ArgoCD) SetWarnings(name string, warnings ...staging.Warning) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.warnings["shop-"+name] = warnings
}

// Warnings returns the warnings of SetWarnings.
func (a *ArgoCD) Warnings(ctx context.Context, application string) ([]staging.Warning, error) {
	if err := a.respond(ctx); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.warnings[application], a.err
}

// Sync makes an Application, in which no sync may run, begin one of the newest commit.
func (a *ArgoCD) Sync(ctx context.Context, application string) error {
	app, err := a.Application(ctx, application)
	switch {
	case err != nil:
		return err
	case app.Operation != nil && app.Operation.FinishedAt.IsZero():
		return staging.Errorf(staging.CodeConflict, "another operation is already in progress")
	}
	a.Put(app.Staging, func(app *staging.Application) {
		app.Operation = &staging.Operation{Phase: "Running", Revision: app.Revision, StartedAt: app.ReconciledAt}
	})
	return nil
}

// LoseCluster makes every probe fail with an error; nil ends that.
func (a *ArgoCD) LoseCluster(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lost = err
}

// Probe returns the error of LoseCluster.
func (a *ArgoCD) Probe(ctx context.Context, _ staging.Application) error {
	if err := a.respond(ctx); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.probes++
	return a.lost
}

// Probes returns the number of probes so far.
func (a *ArgoCD) Probes() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.probes
}
