package change

import (
	"context"
	"slices"
	"strings"

	"octopod/generator/catalog"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// PendingChanges lists the objects of a staging that would change if its files were
// generated again: octopod.yaml or a template changed after they were. New default
// images do not count: a staging gets them with its next deploy. edited reports that no
// octopod.yaml and template of the staging's history give its files: they were edited by
// hand, and the record is what counts.
func (w *Writer) PendingChanges(ctx context.Context, name string) (pending []string, edited bool, err error) {
	tree, err := w.Repo.Tip(ctx)
	if err != nil {
		return nil, false, err
	}
	to, _, err := resolveTarget(ctx, tree, staging.Action{Name: name})
	switch {
	case err != nil:
		return nil, false, err
	case !to.exists:
		return nil, false, project.NotFound(name)
	case to.recordErr != nil:
		return nil, false, to.recordErr
	}
	if w.isBasis(ctx, to.latest(), to) {
		return nil, false, nil
	}
	if pending, err = w.pending(ctx, to); err != nil {
		return nil, false, err
	}
	_, found, err := w.basisOf(ctx, to)
	return pending, !found, err
}

// AddPending adds their pending changes to views. A view that is no readable staging has
// none.
func (w *Writer) AddPending(ctx context.Context, views []staging.View) error {
	for i := range views {
		if views[i].Status.Phase == staging.PhaseInvalid {
			continue
		}
		pending, edited, err := w.PendingChanges(ctx, views[i].Metadata.Name)
		if catalog.IsRepoFault(err) {
			return err
		}
		views[i].Status.Pending, views[i].Status.EditedByHand = pending, edited
	}
	return nil
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
		kind, name, _ := strings.Cut(d.Object, "/")
		pending = append(pending, kind+"/"+staging.StableName(kind, name))
	}
	return slices.Compact(pending), nil
}
