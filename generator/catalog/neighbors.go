package catalog

import (
	"context"
	"maps"
	"slices"

	"octopod/generator/envrepo"
	"octopod/generator/project"
)

// Neighbor is another project, whose stagings may own the same names in the cluster.
type Neighbor struct {
	Project *project.Project
	Tree    *envrepo.Tree
	Where   string // branch second
}

// Neighbors lists the other projects in the branches of a local env repo, and the other
// projects of the server. A branch without a readable octopod.yaml is none, and neither is
// one of the same project.
func (g *Catalog) Neighbors(ctx context.Context, p *project.Project) ([]Neighbor, error) {
	branches, err := g.Repo.OtherBranches(ctx)
	if err != nil {
		return nil, err
	}
	trees := map[string]*envrepo.Tree{}
	for name, tree := range branches {
		trees["branch "+name] = tree
	}
	if g.Served != nil {
		maps.Copy(trees, g.Served(ctx))
	}
	var neighbors []Neighbor
	for _, where := range slices.Sorted(maps.Keys(trees)) {
		other, err := trees[where].Project()
		if err == nil && other.Metadata.Name != p.Metadata.Name {
			neighbors = append(neighbors, Neighbor{Project: other, Tree: trees[where], Where: where})
		}
	}
	return neighbors, nil
}

// Owner returns the name that a staging of project p and a staging of the neighbor would
// both own, where that staging exists.
func (n Neighbor) Owner(p *project.Project, name string) (shared project.SharedName, found bool, err error) {
	for _, shared := range p.SharedNames(name, n.Project) {
		switch exists, err := n.Tree.Has(shared.Other); {
		case err != nil:
			return shared, false, err
		case exists && !n.Project.Excludes(shared.Other):
			return shared, true, nil
		}
	}
	return shared, false, nil
}
