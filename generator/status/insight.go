package status

import (
	"context"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Insight is what Argo CD says of one staging now, in its own words.
type Insight struct {
	Application staging.Application `json:"application"`
	Pods        []staging.Pod       `json:"pods"`
}

// Insight asks Argo CD about one staging: not_found where it has no Application
// of it, unavailable where Argo CD cannot be asked.
func (g *Reader) Insight(ctx context.Context, name string) (Insight, error) {
	cluster, app, err := g.application(ctx, name)
	if err != nil {
		return Insight{}, err
	}
	pods, err := cluster.Pods(ctx, app.Name)
	return Insight{app, pods}, err
}

// application asks Argo CD for what it makes of one staging.
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
