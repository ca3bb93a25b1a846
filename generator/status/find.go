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
	names, err := catalog.SelectNames(tree, p, q.Names)
	if err != nil {
		return nil, err
	}
	views, err := catalog.Views(ctx, tree, p, q, names)
	if err != nil || q.Recorded {
		return views, err
	}
	if cluster, seen := g.Snapshot(ctx, p); seen != nil {
		if q.Unfiltered() {
			removed, err := removedViews(tree, seen)
			if err != nil {
				return nil, err
			}
			views = append(views, removed...)
		}
		g.readFault(ctx, cluster, p, seen, views)
		err = g.NewEvaluator(ctx, cluster, tree, p).EvaluateAll(ctx, seen, views)
	}
	g.Pending.Annotate(views)
	return views, err
}
