package change

import (
	"context"
	"slices"

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// rollback plans the return of a staging to an old revision.
type rollback struct {
	writer *Writer
	old    *envrepo.Tree // the env repo at that revision
}

// newRollback finds the revision to return to: the action's, or the version before
// the current one.
func (w *Writer) newRollback(ctx context.Context, a staging.Action) (rollback, error) {
	revision := a.To
	if revision == "" {
		var err error
		if revision, err = w.previousVersion(ctx, a.Name); err != nil {
			return rollback{}, err
		}
	}
	old, err := w.Repo.At(ctx, revision)
	if err != nil {
		return rollback{}, err
	}
	existed, err := old.Has(a.Name)
	if err != nil {
		return rollback{}, err
	}
	if !existed {
		return rollback{}, staging.Errorf(staging.CodeNotFound, "staging %q did not exist at %s", a.Name, revision).
			WithTechnicalHint("`octopod history %s` lists its versions", a.Name)
	}
	return rollback{writer: w, old: old}, nil
}

// previousVersion returns the revision before the commit that made the current
// version. Later commits, such as marks, pins and restarts, made no version.
func (w *Writer) previousVersion(ctx context.Context, name string) (string, error) {
	for limit := 8; ; limit *= 8 {
		events, err := w.Versions(ctx, staging.HistoryQuery{Name: name, Limit: limit})
		if err != nil {
			return "", err
		}
		current := slices.IndexFunc(events, func(e staging.Event) bool { return e.Verb.CreatesVersion() })
		switch {
		case current >= 0 && current+1 < len(events) && !events[current+1].Gone:
			return events[current+1].Revision, nil
		case current >= 0 && current+1 < len(events), len(events) < limit:
			return "", staging.Errorf(staging.CodeNotFound, "staging %q has no version before this one", name).
				WithTechnicalHint("`octopod history %s` lists its versions", name)
		}
	}
}

// plan restores the staging's directory, and pins the staging so that CI does not
// deploy over it. The restored objects must pass today's checks.
func (r rollback) plan(ctx context.Context, tree *envrepo.Tree, t task) (planned, error) {
	to, a, err := resolveTarget(ctx, tree, t.Action)
	if err != nil {
		return planned{}, err
	}
	if err := t.authorize(to.project, a); err != nil {
		return planned{}, err
	}
	old, err := r.old.Staging(a.Name)
	if err != nil {
		return planned{}, err
	}
	if err := to.readError(); err != nil {
		return planned{}, err
	}
	if err := t.checkVersion(to.project, to.record); err != nil {
		return planned{}, err
	}
	a.Reason = r.reason(a)
	after := to.restoredRecord(old, a.Reason, t.stamp)
	if err := authorizeSettings(t.By, to.project, to.record, after); err != nil {
		return planned{}, err
	}
	output, err := r.restoreFiles(ctx, to, after)
	if err != nil {
		return planned{}, err
	}
	return update{target: to, action: a, after: &after, output: output}.plan(ctx, r.writer, t)
}

func (r rollback) reason(a staging.Action) string {
	if a.Reason != "" {
		return a.Reason
	}
	return "rolled back to " + r.old.Revision()[:7]
}

// restoredRecord returns the old record, pinned. It keeps what belongs to the
// staging and not to one of its versions: the state of the sweep, the last test, and
// a later expiry.
func (to target) restoredRecord(old staging.Staging, reason string, at staging.Attribution) staging.Staging {
	before, after := to.record, old.Clone()
	after.Spec.Pinned = &staging.Pin{By: at.By, Reason: reason, At: at.At}
	if before != nil && before.Spec.Pinned != nil && before.Spec.Pinned.Reason == reason {
		after.Spec.Pinned = before.Spec.Pinned // repeating a rollback changes nothing
	}
	keepSweepState(&after, before, at)
	after.Spec.Tested = lastTest(to.project, old, before)
	if after.Spec.Expires != nil && before != nil && before.Spec.Expires != nil && after.Spec.Expires.Before(*before.Spec.Expires) {
		after.Spec.Expires = before.Spec.Expires
	}
	return after
}

// restoreFiles returns the old files of the directory with the new record, and their
// checked objects.
func (r rollback) restoreFiles(ctx context.Context, to target, after staging.Staging) (generated, error) {
	files, err := r.old.StagingFiles(after.Name)
	if err != nil {
		return generated{}, err
	}
	record, err := envrepo.Record(after)
	if err != nil {
		return generated{}, err
	}
	files = slices.DeleteFunc(files, func(f staging.File) bool { return f.Path == record.Path })
	params, err := to.project.Params(after)
	if err != nil {
		return generated{}, err
	}
	objects, err := r.writer.RestoredObjects(ctx, to.tree, to.project, after.Name, files)
	if err != nil {
		return generated{}, err
	}
	if err := checkObjects(to.project, params, objects); err != nil {
		return generated{}, err
	}
	return generated{files: append([]staging.File{record}, files...), objects: objects}, nil
}

// lastTest returns the last test mark. A mark is about one version but is no part of
// it, so the current mark stays unless the old record has a mark for the version that
// is restored.
func lastTest(p *project.Project, old staging.Staging, before *staging.Staging) *staging.Test {
	fits := func(t *staging.Test) bool {
		marked := old
		marked.Spec.Tested = t
		state, _ := p.TestState(marked)
		return state != "" && state != staging.TestStateOutdated
	}
	if before == nil || before.Spec.Tested == nil || fits(old.Spec.Tested) && !fits(before.Spec.Tested) {
		return old.Spec.Tested
	}
	return before.Spec.Tested
}

// keepSweepState carries over what the sweep has recorded: it belongs to no version.
func keepSweepState(after, before *staging.Staging, at staging.Attribution) {
	after.Spec.Kept, after.Spec.Since, after.Spec.BranchGone = nil, &staging.Transition{At: at.At, By: at.By}, nil
	if before == nil {
		return
	}
	after.Spec.Kept = before.Spec.Kept
	if before.Spec.State == after.Spec.State {
		after.Spec.Since, after.Spec.BranchGone = before.Spec.Since, before.Spec.BranchGone
	}
}
