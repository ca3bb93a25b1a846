package change

import (
	"context"
	"fmt"

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// checkNeighbors rejects a new staging with a host, a namespace or an Application that a
// staging of another project owns already.
func (w *Writer) checkNeighbors(ctx context.Context, to target) error {
	if to.exists {
		return nil
	}
	neighbors, err := w.Neighbors(ctx, to.project)
	if err != nil {
		return err
	}
	for _, n := range neighbors {
		shared, found, err := n.Owner(to.project, to.name)
		if err != nil {
			return err
		}
		if found {
			return staging.Errorf(staging.CodeExists, "staging %s would own the %s together with staging %s of project %s", to.name, shared.What, shared.Other, n.Project.Metadata.Name).
				WithHint("choose another name")
		}
	}
	return nil
}

// lintNeighbors returns a problem for each other project whose namespaces overlap with those
// of the project, and for each name that stagings of both own.
func (w *Writer) lintNeighbors(ctx context.Context, tree *envrepo.Tree, p *project.Project) ([]staging.Problem, error) {
	neighbors, err := w.Neighbors(ctx, p)
	if err != nil {
		return nil, err
	}
	names, err := tree.Names()
	if err != nil {
		return nil, err
	}
	var problems []staging.Problem
	for _, n := range neighbors {
		if p.NamespacesOverlap(n.Project) {
			problems = append(problems, overlapProblem(p, n.Project.Namespace("*"), fmt.Sprintf("project %s (%s)", n.Project.Metadata.Name, n.Where)))
		}
		for _, name := range names {
			if shared, found, err := n.Owner(p, name); err == nil && found && !p.Excludes(name) {
				problems = append(problems, staging.Problem{File: staging.RecordPath(name), Field: "metadata.name",
					Message: fmt.Sprintf("staging %s of project %s (%s) owns the %s too: create one of them again under another name", shared.Other, n.Project.Metadata.Name, n.Where, shared.What)})
			}
		}
	}
	return problems, nil
}

// overlapProblem returns the problem of namespaces that two AppProjects allow.
func overlapProblem(p *project.Project, namespaces, owner string) staging.Problem {
	return staging.Problem{File: project.File, Field: "spec.naming.namespace",
		Message: fmt.Sprintf("the namespaces %s overlap with %s of %s, so that the stagings of one can change those of the other: choose another pattern", p.Namespace("*"), namespaces, owner)}
}
