package status

import (
	"context"
	"slices"
	"strings"

	"octopod/generator/catalog"
	"octopod/generator/envrepo"
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

// removedViews lists stagings that only Argo CD still has: all of
// them, or the ones in the query.
func removedViews(tip *envrepo.Tree, q staging.Query, seen *Snapshot) ([]staging.View, error) {
	if seen == nil || !q.Unfiltered() && len(q.Names) == 0 {
		return nil, nil
	}
	var views []staging.View
	for name := range seen.Apps {
		if len(q.Names) > 0 && !slices.Contains(q.Names, name) {
			continue
		}
		recorded, err := tip.Has(name)
		if err != nil {
			return nil, err
		}
		if !recorded {
			views = append(views, RemovedView(name))
		}
	}
	slices.SortFunc(views, func(a, b staging.View) int { return strings.Compare(a.Metadata.Name, b.Metadata.Name) })
	return views, nil
}

// RemovedView returns the view of a staging that is no longer in the env repo.
func RemovedView(name string) staging.View {
	s := staging.Staging{Name: name, Spec: staging.Spec{State: staging.Deleting}}
	return staging.View{Document: s.Document()}
}
