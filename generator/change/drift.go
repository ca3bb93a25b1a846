package change

import (
	"context"

	"octopod/generator/catalog"
	"octopod/generator/staging"
)

// Drift returns the objects of a staging as committed, and as regenerating would
// make them. Uncommitted edits of the work tree, unless nil, apply to the latter.
func (w *Writer) Drift(ctx context.Context, name string, edits *staging.Uncommitted) (before, after []staging.Object, err error) {
	tip, err := w.Repo.Tip(ctx)
	if err != nil {
		return nil, nil, err
	}
	edited, err := catalog.WithUncommitted(ctx, tip, edits)
	if err != nil {
		return nil, nil, err
	}
	action := staging.Action{Verb: staging.Regenerate, Name: name}
	p, _, err := catalog.Open(ctx, edited, action)
	if err != nil {
		return nil, nil, err
	}
	s, err := edited.Staging(name)
	if err != nil {
		return nil, nil, err
	}
	output, err := w.generate(ctx, basis{edited, p}, p.WithDeclaredServices(s), true)
	if err != nil {
		return nil, nil, err
	}
	exists, err := tip.Has(name)
	if err != nil {
		return nil, nil, err
	}
	if committed, err := tip.Project(); err == nil && exists {
		// The committed files may be broken; that must not prevent their repair.
		before, _ = w.CommittedObjects(ctx, tip, committed, name)
	}
	return before, output.objects, nil
}
