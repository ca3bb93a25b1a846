package generator

import (
	"context"

	"octopod/generator/cost"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/rights"
)

// Cost reports the cost of the stagings that the actor may read.
func (a *Access) Cost(ctx context.Context, q cost.Query) (cost.Report, error) {
	v, err := a.authorize(ctx, rights.Read, q.Names...)
	if err == nil {
		err = v.Require(project.SectionCost)
	}
	if err == nil && q.By == cost.ByAuthor {
		err = v.Require(project.SectionAuthor)
	}
	if err != nil {
		return cost.Report{}, a.redactError(v, err)
	}
	q.May = func(name string) bool { return a.by.Authorize(v.Project, rights.Read, name) == nil }
	r, err := a.stagings.Cost(envrepo.FromMemory(ctx), q)
	return r, a.redactError(v, err)
}
