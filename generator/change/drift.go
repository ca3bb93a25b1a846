package change

import (
	"context"

	"octopod/generator/catalog"
	"octopod/generator/staging"
)

// Drift gives the objects of a staging as they are committed, and as generating
// them now would give. What is not committed counts for now, unless nil.
func (g *Writer) Drift(ctx context.Context, name string, edits *staging.Uncommitted) (before, after []staging.Object, err error) {
	tip, err := g.Repo.Tip(ctx)
	if err != nil {
		return nil, nil, err
	}
	now, err := catalog.WithUncommitted(ctx, tip, edits)
	if err != nil {
		return nil, nil, err
	}
	action := staging.Action{Verb: staging.Regenerate, Name: name}
	p, _, err := catalog.Open(ctx, now, action)
	if err != nil {
		return nil, nil, err
	}
	s, err := now.Staging(name)
	if err != nil {
		return nil, nil, err
	}
	next, err := p.Apply(&s, action, staging.Attribution{})
	if err != nil {
		return nil, nil, err
	}
	made, err := g.generate(ctx, now, p, next, true)
	if err != nil {
		return nil, nil, err
	}
	exists, err := tip.Has(name)
	if err != nil {
		return nil, nil, err
	}
	if was, err := tip.Project(); err == nil && exists {
		// What is there may be broken; that must not keep anybody from mending it.
		before, _ = g.CommittedObjects(ctx, tip, was, name)
	}
	return before, made.objects, nil
}
