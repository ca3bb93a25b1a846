package live

import (
	"context"

	"octopod/generator/project"
	"octopod/generator/staging"
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
	return cluster.Terminate(ctx, app.Name)
}
