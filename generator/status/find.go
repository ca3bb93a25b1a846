package status

import (
	"context"

	"octopod/generator/catalog"
	"octopod/generator/staging"
)

// Find lists stagings by name. A record that cannot be read is listed as Invalid and
// hides no other. A deleted staging is listed until Argo CD has removed it.
func (g *Reader) Find(ctx context.Context, q staging.Query) ([]staging.View, error) {
	tree, p, err := g.Latest(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.CheckSelector(q.Selector); err != nil {
		return nil, err
	}
	var cluster Cluster
	var seen *Snapshot
	if !q.Recorded {
		cluster, seen = g.Snapshot(ctx, p)
	}
	removed, err := removedViews(tree, q, seen)
	if err != nil {
		return nil, err
	}
	views, err := catalog.ViewsExcept(ctx, tree, p, q, removed)
	if err != nil || q.Recorded {
		return views, err
	}
	views = append(views, removed...)
	if seen != nil {
		g.readFault(ctx, cluster, p, seen, views)
		err = g.NewEvaluator(ctx, cluster, tree, p).EvaluateAll(ctx, seen, views)
	}
	g.Pending.Annotate(views)
	return views, err
}
