package live

import (
	"context"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/generator/status"
)

// Refresh makes Argo CD compare what a commit changed now, instead of minutes later.
// Call it with the plan of the change. A failure loses nothing: Argo CD then finds the
// commit at its own poll. Refresh does nothing without an Argo CD.
func (g *Tracker) Refresh(ctx context.Context, plan []staging.PlanItem) error {
	members, names := refreshTargets(plan)
	if !g.HasCluster() || !members && len(names) == 0 {
		return nil
	}
	p, err := g.Project(ctx)
	if err != nil {
		return err
	}
	cluster, err := g.Connected(p)
	if err != nil {
		return err
	}
	return g.refreshAll(ctx, cluster, p, members, names)
}

// refreshAll refreshes several Applications, and the ApplicationSet when members is
// set, concurrently.
func (g *Tracker) refreshAll(ctx context.Context, cluster status.Refresher, p *project.Project, members bool, names []string) error {
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(status.MaxConcurrent)
	if members {
		work.Go(func() error { return g.Upsert(ctx, cluster, p) })
	}
	for _, name := range names {
		work.Go(func() error {
			_, err := cluster.Refresh(ctx, p.Application(name), false)
			if staging.CodeOf(err) == staging.CodeNotFound {
				return g.Upsert(ctx, cluster, p)
			}
			return err
		})
	}
	return work.Wait()
}

// refreshTargets derives from a plan whether a staging was added or removed, and which
// others changed in files that Argo CD reads. It never reads a record.
func refreshTargets(plan []staging.PlanItem) (members bool, names []string) {
	changed := map[string]bool{}
	for _, item := range plan {
		below, inside := strings.CutPrefix(item.Path, staging.EnvsDir+"/")
		name, _, _ := strings.Cut(below, "/")
		if !inside || name == "" {
			continue
		}
		whole := item.Path == staging.Dir(name) || item.Path == staging.RecordPath(name)
		if whole && item.Action != staging.Modified {
			members = true
			changed[name] = false
		} else if item.Path == staging.RecordPath(name) {
			continue
		} else if _, known := changed[name]; !known {
			changed[name] = true
		}
	}
	maps.DeleteFunc(changed, func(_ string, looks bool) bool { return !looks })
	return members, slices.Sorted(maps.Keys(changed))
}
