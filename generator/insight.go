package generator

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
func (g *Stagings) Insight(ctx context.Context, name string) (Insight, error) {
	p, err := g.Project(ctx)
	if err != nil {
		return Insight{}, err
	}
	if !staging.IsLabel(name) {
		return Insight{}, project.NotFound(name)
	}
	cluster, err := g.connected(p)
	if err == nil && cluster == nil {
		err = staging.Errorf(staging.CodeUnavailable, "no Argo CD is connected").WithHint("set ARGOCD_SERVER and ARGOCD_AUTH_TOKEN")
	}
	if err != nil {
		return Insight{}, err
	}
	app, err := cluster.Application(ctx, p.Application(name))
	if err != nil {
		return Insight{}, err
	}
	pods, err := cluster.Pods(ctx, app.Name)
	return Insight{app, pods}, err
}
