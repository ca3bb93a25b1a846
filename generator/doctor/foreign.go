package doctor

import (
	"context"
	"fmt"

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/generator/status"
)

// directories reports directories in envs without a record: Argo CD syncs them as
// stagings, unless octopod.yaml excludes them.
func (d *diagnosis) directories(tree *envrepo.Tree, p *project.Project) {
	const check = "directories in envs"
	names, err := tree.Names()
	if err != nil {
		d.failed(check, err)
		return
	}
	for _, name := range names {
		_, recorded, err := tree.Entry(staging.RecordPath(name))
		switch {
		case err != nil:
			d.failed(check, err)
			return
		case !recorded && !p.Excludes(name):
			d.add(check, Fault, fmt.Sprintf("%s has no record, but Argo CD syncs it as Application %s", staging.Dir(name), p.Application(name)),
				fmt.Sprintf("restore the record with `octopod rollback %s`; if Octopod did not write the directory, see spec.argocd.exclude in docs/architecture.md", name))
		}
	}
}

// foreign reports objects in Argo CD that are not Octopod's and have a name or a
// namespace that a staging could get.
func (d *diagnosis) foreign(ctx context.Context, cluster status.Inspector, p *project.Project) {
	const check = "names in Argo CD"
	found, err := cluster.Foreign(ctx, p)
	if err != nil {
		d.add(check, Unknown, "cannot list the Applications and AppProjects of others: "+err.Error(), "")
		return
	}
	for _, f := range found {
		fix := "choose another spec.naming.namespace, before the first staging"
		if f.Staging != "" {
			fix = fmt.Sprintf("add %s to spec.naming.reserved, unless it is Octopod's staging", f.Staging)
		}
		d.add(check, Warning, f.Object+" exists: "+f.Conflict, fix)
	}
}

// CheckNames reports objects that Argo CD has already and that meet the names of a new
// project. Without an Argo CD it reports nothing.
func (g *Doctor) CheckNames(ctx context.Context, p *project.Project) []Finding {
	d := &diagnosis{Doctor: g}
	cluster, err := g.Connected(p)
	switch {
	case err != nil:
		d.failed("Argo CD", err)
	case cluster != nil:
		d.foreign(ctx, cluster, p)
	}
	return d.findings
}
