package change

import (
	"context"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// PendingChanges lists the objects of a staging that would change if its files were
// generated again: octopod.yaml or a template changed after they were. New default
// images do not count: a staging gets them with its next deploy.
func (w *Writer) PendingChanges(ctx context.Context, name string) ([]string, error) {
	tree, err := w.Repo.Tip(ctx)
	if err != nil {
		return nil, err
	}
	to, _, err := resolveTarget(ctx, tree, staging.Action{Name: name})
	switch {
	case err != nil:
		return nil, err
	case !to.exists:
		return nil, project.NotFound(name)
	case to.recordErr != nil:
		return nil, to.recordErr
	}
	return w.pending(ctx, to)
}

// pending is PendingChanges of a target. A record that does not fit the project, and a
// template that does not build, have no pending changes to name.
func (w *Writer) pending(ctx context.Context, to target) ([]string, error) {
	if w.isBasis(ctx, to.latest(), to) {
		return nil, nil
	}
	output, err := w.generate(ctx, to.latest(), to.project.WithDeclaredServices(*to.record), true)
	if err != nil {
		return nil, ctx.Err()
	}
	before, err := w.CommittedObjects(ctx, to.tree, to.project, to.name)
	if err != nil {
		return nil, ctx.Err()
	}
	var pending []string
	for _, d := range Compare(before, output.objects) {
		pending = append(pending, d.Object)
	}
	return pending, nil
}
