package change

import (
	"cmp"
	"context"
	"strings"

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// planUndo returns the function that plans the action which takes back a change. The
// older build that it deploys was checked when the actor of the change deployed it.
func (w *Writer) planUndo(back staging.Action) planFunc {
	return func(ctx context.Context, tree *envrepo.Tree, t task) (planned, error) {
		action := back
		action.ReasonDerived = t.Action.Reason == ""
		action.Reason = cmp.Or(t.Action.Reason, "undo "+t.Action.To[:min(len(t.Action.To), 7)])
		t.Action, t.undoes = action, true
		return w.planAction(ctx, tree, t)
	}
}

// Revert returns the action that reverts what one commit changed of a staging.
// Later changes stay. The revision may be shortened to seven digits.
func (w *Writer) Revert(ctx context.Context, name, revision string) (staging.Action, error) {
	after, err := w.Record(ctx, name, revision)
	if err != nil {
		return staging.Action{}, err
	}
	events, err := w.Versions(ctx, staging.HistoryQuery{Name: name})
	if err != nil {
		return staging.Action{}, err
	}
	for i, e := range events {
		if !strings.HasPrefix(e.Revision, revision) || len(revision) < 7 || i+1 == len(events) || events[i+1].Gone {
			continue
		}
		before, err := w.Record(ctx, name, events[i+1].Revision)
		if err != nil {
			return staging.Action{}, err
		}
		return project.Revert(before, after)
	}
	return staging.Action{}, staging.Errorf(staging.CodeNotFound, "staging %q has no change to revert at %s", name, revision).
		WithHint("the first version of a staging cannot be reverted; archive or delete the staging instead")
}
