package status

import (
	"context"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// ClusterState queries Argo CD for one staging. It returns not_found when Argo CD has no
// Application of it, and unavailable when Argo CD cannot be queried.
func (g *Reader) ClusterState(ctx context.Context, name string) (staging.ClusterState, error) {
	cluster, app, err := g.application(ctx, name)
	if err != nil {
		return staging.ClusterState{}, err
	}
	pods, err := cluster.Pods(ctx, app.Name)
	return staging.ClusterState{Application: app, Pods: pods}, err
}

// application returns the Application of one staging.
func (g *Reader) application(ctx context.Context, name string) (Cluster, staging.Application, error) {
	if !staging.IsLabel(name) {
		return nil, staging.Application{}, project.NotFound(name)
	}
	p, err := g.Project(ctx)
	if err != nil {
		return nil, staging.Application{}, err
	}
	cluster, err := g.Connected(p)
	if err == nil && cluster == nil {
		err = staging.Errorf(staging.CodeUnavailable, "no Argo CD is connected").WithHint("set ARGOCD_SERVER and ARGOCD_AUTH_TOKEN")
	}
	if err != nil {
		return nil, staging.Application{}, err
	}
	app, err := cluster.Application(ctx, p.Application(name))
	return cluster, app, err
}
