package catalog

import (
	"context"
	"fmt"

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/staging"
)

// Manifests returns the objects of a staging as committed at a revision; "" is the tip.
func (g *Catalog) Manifests(ctx context.Context, name, revision string) ([]staging.Object, error) {
	tree, err := g.tree(ctx, revision)
	if err != nil {
		return nil, err
	}
	p, a, err := Open(ctx, tree, staging.Action{Name: name})
	if err != nil {
		return nil, err
	}
	if err := MustExist(tree, a.Name); err != nil {
		return nil, err
	}
	objects, err := g.CommittedObjects(ctx, tree, p, name)
	if err != nil {
		return nil, fmt.Errorf("rendering staging %s: %w", name, err)
	}
	return objects, nil
}

// CommittedObjects returns the objects of a staging as committed, without generating
// its files again.
func (g *Catalog) CommittedObjects(ctx context.Context, tree *envrepo.Tree, p *project.Project, name string) ([]staging.Object, error) {
	if p.Spec.Output == project.OutputRendered {
		data, err := tree.ReadFile(staging.ManifestsPath(name))
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", staging.ManifestsPath(name), err)
		}
		return render.Parse(staging.ManifestsPath(name), data)
	}
	return g.Renderer.Render(ctx, tree, p, name, nil)
}

// RestoredObjects returns the objects of files of an earlier commit.
func (g *Catalog) RestoredObjects(ctx context.Context, tree *envrepo.Tree, p *project.Project, name string, files []staging.File) ([]staging.Object, error) {
	for _, file := range files {
		if p.Spec.Output == project.OutputRendered && file.Path == staging.ManifestsPath(name) {
			return render.Parse(file.Path, file.Data)
		}
	}
	return g.Renderer.Render(ctx, tree, p, name, files)
}
