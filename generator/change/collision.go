package change

import (
	"context"
	"fmt"

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// checkOwners rejects a new staging with a name in the cluster that another staging owns
// already, of this project or of another one.
func (w *Writer) checkOwners(ctx context.Context, to target) error {
	if err := to.checkHosts(); err != nil {
		return err
	}
	return w.checkNeighbors(ctx, to)
}

// checkHosts rejects a new staging with a host that another staging owns already. Both
// would claim it with an Ingress, and one would get the other's requests.
func (to target) checkHosts() error {
	if to.exists {
		return nil
	}
	for _, c := range to.project.Collisions(to.name) {
		switch exists, err := to.tree.Has(c.Other); {
		case err != nil:
			return err
		case exists:
			return staging.Errorf(staging.CodeExists, "stagings %s and %s would both own the host %s", to.name, c.Other, c.Host).
				WithHint("choose another name").OfStaging(c.Other)
		}
	}
	return nil
}

// lintHosts returns a problem for each host that two stagings own.
func lintHosts(tree *envrepo.Tree, p *project.Project) ([]staging.Problem, error) {
	names, err := tree.Names()
	if err != nil {
		return nil, err
	}
	exists := map[string]bool{}
	for _, name := range names {
		exists[name] = !p.Excludes(name)
	}
	var problems []staging.Problem
	for _, name := range names {
		for _, c := range p.Collisions(name) {
			if exists[name] && exists[c.Other] && name < c.Other {
				problems = append(problems, staging.Problem{File: staging.RecordPath(name), Field: "metadata.name",
					Message: fmt.Sprintf("stagings %s and %s both own the host %s: create one of them again under another name", name, c.Other, c.Host)})
			}
		}
	}
	return problems, nil
}
