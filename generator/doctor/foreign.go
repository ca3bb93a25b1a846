package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"octopod/generator/argocd"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// directories reports directories in envs without a record: Argo CD syncs them as
// stagings, unless octopod.yaml excludes them.
func (d *diagnosis) directories(tree *envrepo.Tree, p *project.Project) {
	const check = "directories in envs"
	names, err := withoutRecord(tree, p)
	if err != nil {
		d.failed(check, err)
	}
	for _, name := range names {
		d.add(check, Fault, fmt.Sprintf("%s has no record, but Argo CD syncs it as Application %s", staging.Dir(name), p.Application(name)),
			fmt.Sprintf("restore the record with `octopod rollback %s`; if Octopod did not write the directory, see \"Release a directory\" in docs/migrate.md", name))
	}
}

// withoutRecord lists the directories in envs that have no record and are not excluded.
func withoutRecord(tree *envrepo.Tree, p *project.Project) ([]string, error) {
	names, err := tree.Names()
	if err != nil {
		return nil, err
	}
	var without []string
	for _, name := range names {
		_, recorded, err := tree.Entry(staging.RecordPath(name))
		if err != nil {
			return nil, err
		}
		if !recorded && !p.Excludes(name) {
			without = append(without, name)
		}
	}
	return without, nil
}

// taken reports Applications that Argo CD made for directories without a record. Argo CD
// deletes such an Application, with its objects, as soon as the directory is excluded.
func (d *diagnosis) taken(tree *envrepo.Tree, p *project.Project, apps []staging.Application) {
	names, _ := withoutRecord(tree, p) // directories reports the error
	for _, app := range apps {
		if slices.Contains(names, app.Staging) {
			d.add("Applications without a record", Fault, fmt.Sprintf("Argo CD made Application %s for %s, which has no record", app.Name, staging.Dir(app.Staging)),
				fmt.Sprintf("first release it, see \"Release a directory\" in docs/migrate.md: Argo CD deletes its objects if %s is excluded, moved or deleted before", staging.Dir(app.Staging)))
		}
	}
}

// editedByHand reports the stagings whose files differ from the ones that their records give.
func (d *diagnosis) editedByHand(ctx context.Context, tree *envrepo.Tree, p *project.Project) {
	const check = "edited by hand"
	names, err := tree.Names()
	if err != nil {
		d.failed(check, err)
		return
	}
	var edited []string
	for _, name := range slices.DeleteFunc(names, p.Excludes) {
		if yes, err := d.EditedByHand(ctx, name); err == nil && yes { // get reports an unreadable record
			edited = append(edited, name)
		}
	}
	if len(edited) == 0 {
		return
	}
	d.add(check, Warning, "the files of "+strings.Join(edited, ", ")+" are not what the records give: the next change of a staging replaces them",
		fmt.Sprintf("`octopod diff %s` shows the edit; `octopod regenerate %s` restores the files; to keep the edit, make it a setting or a change of the template", edited[0], strings.Join(edited, " ")))
}

// neighbors reports other projects whose namespaces overlap with those of the project.
func (d *diagnosis) neighbors(ctx context.Context, p *project.Project) {
	const check = "names of other projects"
	neighbors, err := d.Neighbors(ctx, p)
	if err != nil {
		d.failed(check, err)
		return
	}
	for _, n := range neighbors {
		if p.NamespacesOverlap(n.Project) {
			d.add(check, Warning, fmt.Sprintf("the namespaces %s overlap with %s of project %s (%s)", p.Namespace("*"), n.Project.Namespace("*"), n.Project.Metadata.Name, n.Where),
				"choose another spec.naming.namespace for one of them, before the first staging")
		}
	}
}

// foreign reports objects in Argo CD and in the env repo that are not Octopod's and have
// a name or a namespace that a staging could get, or the name of the project.
func (d *diagnosis) foreign(ctx context.Context, tree *envrepo.Tree, p *project.Project) {
	const check = "names in Argo CD"
	found, err := d.Foreign(ctx, p)
	if err != nil {
		d.add(check, Unknown, "cannot list the Applications and AppProjects of others: "+err.Error(), "")
	}
	files, err := tree.ForeignManifests(ctx)
	if err != nil {
		d.failed(check, err)
	}
	for _, f := range argocd.ForeignIn(p, files) {
		if !slices.ContainsFunc(found, func(live argocd.Foreign) bool { return live.Object == f.Object }) {
			found = append(found, f)
		}
	}
	for _, f := range found {
		health, fix := Warning, "choose another spec.naming.namespace, before the first staging"
		switch {
		case f.Replaced:
			health, fix = Fault, "do not apply the files for Argo CD: choose another name for the project"
		case f.Staging != "":
			fix = fmt.Sprintf("add %s to spec.argocd.exclude and run `octopod lint --fix`, unless it is Octopod's staging", f.Staging)
		}
		d.add(check, health, f.String()+": "+f.Conflict, fix)
	}
}

// Foreign lists what Argo CD has already and meets the names of a project. Without an
// Argo CD it lists nothing.
func (g *Doctor) Foreign(ctx context.Context, p *project.Project) ([]argocd.Foreign, error) {
	cluster, err := g.Connected(p)
	if err != nil || cluster == nil {
		return nil, err
	}
	return cluster.Foreign(ctx, p)
}

// CheckNames reports objects that exist already and meet the names of a new project.
func (g *Doctor) CheckNames(ctx context.Context, p *project.Project) []Finding {
	d := &diagnosis{Doctor: g}
	tree, err := g.Repo.Tip(ctx)
	if err != nil {
		d.failed("read the env repo", err)
		return d.findings
	}
	d.foreign(ctx, tree, p)
	return d.findings
}
