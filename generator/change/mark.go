package change

import (
	"context"

	"octopod/generator/staging"
)

// bindMark binds a new mark to the settings that run. Those are the ones of the committed
// files: a default that octopod.yaml changed since was not tested.
func (w *Writer) bindMark(ctx context.Context, to target, a staging.Action, after *staging.Staging) error {
	if a.Verb != staging.Mark || after.Spec.Tested == nil {
		return nil
	}
	from, _, err := w.basisOf(ctx, to)
	if err != nil {
		return err
	}
	to.project.BindMark(after, from.project, to.content)
	if was := to.record.Spec.Tested; after.Spec.Tested.SameResult(was) {
		after.Spec.Tested = was // repeating a mark keeps the first
	}
	return nil
}
