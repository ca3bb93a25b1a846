package live

import (
	"context"
	"time"

	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/generator/status"
)

// Terminate ends the running sync of a staging, so that a newer commit need not wait for a
// hook that hangs. It changes no commit. Argo CD's account needs an optional permission:
// applications, sync.
func (g *Tracker) Terminate(ctx context.Context, name string) error {
	if !staging.IsLabel(name) {
		return project.NotFound(name)
	}
	p, err := g.Project(ctx)
	if err != nil {
		return err
	}
	cluster, err := g.Connected(p)
	if err == nil && cluster == nil {
		err = staging.Errorf(staging.CodeUnavailable, "no Argo CD is connected").WithHint("set ARGOCD_SERVER and ARGOCD_AUTH_TOKEN")
	}
	if err != nil {
		return err
	}
	app, err := cluster.Application(ctx, p.Application(name))
	if err != nil {
		return err
	}
	if op := app.Operation; op == nil || !op.FinishedAt.IsZero() {
		return staging.Errorf(staging.CodeConflict, "no sync of %s runs", name).WithTechnicalHint("`octopod get %s` shows its status", name)
	}
	if err := cluster.Terminate(ctx, app.Name); err != nil {
		return err
	}
	tip, err := g.Repo.Tip(ctx)
	if err != nil {
		return err
	}
	newest, err := g.NewEvaluator(ctx, cluster, tip, p).SameContent(ctx, name, app.Operation.Revision)
	if err != nil || newest { // the newest version itself hangs: it would again
		return err
	}
	if err := awaitEnd(ctx, cluster, app.Name); err != nil {
		return err
	}
	return cluster.Sync(ctx, app.Name)
}

// How long Argo CD may take to end a sync, and the interval of the requests.
const (
	endTimeout = 30 * time.Second
	endEvery   = 500 * time.Millisecond
)

// awaitEnd waits until no sync of an Application runs: Argo CD begins no other one before.
func awaitEnd(ctx context.Context, cluster status.Cluster, application string) error {
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	poll := time.NewTicker(endEvery)
	defer poll.Stop()
	for {
		app, err := cluster.Application(ctx, application)
		if err != nil {
			return err
		}
		if op := app.Operation; op == nil || !op.FinishedAt.IsZero() {
			return nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return staging.Errorf(staging.CodeTimeout, "Argo CD has not ended the sync within %s", endTimeout).
				WithTechnicalHint("`octopod get %s` shows its status; run the command again", app.Staging)
		}
	}
}
