package change

import (
	"context"
	"fmt"

	"octopod/generator/argocd"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// lintDirectories compares spec.argocd.exclude with the directories in envs. Argo CD
// creates an Application for each directory that is not excluded, and deletes the
// Application of an excluded one.
func lintDirectories(tree *envrepo.Tree, p *project.Project) ([]staging.Problem, error) {
	names, err := tree.Names()
	if err != nil {
		return nil, err
	}
	var problems []staging.Problem
	for _, name := range names {
		_, recorded, err := tree.Entry(staging.RecordPath(name))
		if err != nil {
			return nil, err
		}
		_, readErr := tree.Staging(name)
		switch excluded := p.Excludes(name); {
		case excluded && readErr == nil:
			problems = append(problems, staging.Problem{File: project.File, Field: "spec.argocd.exclude",
				Message: fmt.Sprintf("%s is a staging: Argo CD deletes the Application of an excluded directory", name)})
		case !excluded && !recorded:
			problems = append(problems, staging.Problem{File: staging.Dir(name),
				Message: fmt.Sprintf("has no record, but Argo CD syncs it as Application %s: restore the record with `octopod rollback %s`; if Octopod did not write it, move it out of %s, or add %s to spec.argocd.exclude before you push", p.Application(name), name, staging.EnvsDir, name)})
		}
	}
	return problems, nil
}

// lintForeign reports Applications, AppProjects and ApplicationSets of others in the env
// repo that Octopod's would replace.
func lintForeign(ctx context.Context, tree *envrepo.Tree, p *project.Project) ([]staging.Problem, error) {
	files, err := tree.ForeignManifests(ctx)
	if err != nil {
		return nil, err
	}
	var problems []staging.Problem
	for _, f := range argocd.ForeignIn(p, files) {
		fix := "choose another name for the project"
		if !f.Replaced {
			fix = "choose another spec.naming.namespace"
		}
		if f.Staging != "" {
			fix = fmt.Sprintf("add %s to spec.argocd.exclude", f.Staging)
			if _, recorded, _ := tree.Entry(staging.RecordPath(f.Staging)); recorded {
				fix = fmt.Sprintf("%s is a staging: choose another name or namespace for the Application", f.Staging)
			}
		}
		problems = append(problems, staging.Problem{File: f.File, Message: fmt.Sprintf("%s: %s: %s", f.Object, f.Conflict, fix)})
	}
	return problems, nil
}
