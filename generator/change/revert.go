package change

import (
	"context"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Revert returns the action that reverts what one commit changed of a staging.
// Later changes stay.
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
		if e.Revision != revision || i+1 == len(events) || events[i+1].Gone {
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
