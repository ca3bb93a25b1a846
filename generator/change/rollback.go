package change

import (
	"context"
	"slices"

	"octopod/generator/catalog"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// Revert gives the action that takes back what one commit changed of a
// staging, and nothing that came later.
func (g *Writer) Revert(ctx context.Context, name, revision string) (staging.Action, error) {
	after, err := g.Record(ctx, name, revision)
	if err != nil {
		return staging.Action{}, err
	}
	events, err := g.Versions(ctx, staging.HistoryQuery{Name: name})
	if err != nil {
		return staging.Action{}, err
	}
	for i, e := range events {
		if e.Revision != revision || i+1 == len(events) || events[i+1].Gone {
			continue
		}
		before, err := g.Record(ctx, name, events[i+1].Revision)
		if err != nil {
			return staging.Action{}, err
		}
		return project.Revert(before, after)
	}
	return staging.Action{}, staging.Errorf(staging.CodeNotFound, "staging %q has no change to take back at %s", name, revision).
		WithHint("its first version cannot be undone; archive or delete it instead")
}

// returnTo is a rollback whose target is known.
type returnTo struct {
	g    *Writer
	then *envrepo.Tree
}

// rollbackTarget finds the revision to return to: the one that was asked for,
// else the version before the present one.
func (g *Writer) rollbackTarget(ctx context.Context, a staging.Action) (returnTo, error) {
	revision := a.To
	if revision == "" {
		var err error
		if revision, err = g.versionBefore(ctx, a.Name); err != nil {
			return returnTo{}, err
		}
	}
	then, err := g.Repo.At(ctx, revision)
	if err != nil {
		return returnTo{}, err
	}
	existed, err := then.Has(a.Name)
	if err != nil {
		return returnTo{}, err
	}
	if !existed {
		return returnTo{}, staging.Errorf(staging.CodeNotFound, "staging %q did not exist at %s", a.Name, revision).
			WithHint("`octopod history %s` lists its versions", a.Name)
	}
	return returnTo{g: g, then: then}, nil
}

// versionBefore is the revision before the commit that made the present version.
// Marks, pins, restarts and their like came after it and made none.
func (g *Writer) versionBefore(ctx context.Context, name string) (string, error) {
	for limit := 8; ; limit *= 8 {
		events, err := g.Versions(ctx, staging.HistoryQuery{Name: name, Limit: limit})
		if err != nil {
			return "", err
		}
		made := slices.IndexFunc(events, func(e staging.Event) bool { return e.Verb.CreatesVersion() })
		switch {
		case made >= 0 && made+1 < len(events) && !events[made+1].Gone:
			return events[made+1].Revision, nil
		case made >= 0 && made+1 < len(events), len(events) < limit:
			return "", staging.Errorf(staging.CodeNotFound, "staging %q has no version before this one", name).
				WithHint("`octopod history %s` lists its versions", name)
		}
	}
}

// plan puts the directory back as it was, pinned so that CI does not undo it.
// The old manifests are checked against the rules of today.
func (t returnTo) plan(ctx context.Context, tree *envrepo.Tree, r Request, at staging.Attribution) (planned, error) {
	p, a, err := catalog.Open(ctx, tree, r.Action)
	if err != nil {
		return planned{}, err
	}
	if err := r.admit(p, a); err != nil {
		return planned{}, err
	}
	old, err := t.then.Staging(a.Name)
	if err != nil {
		return planned{}, err
	}
	before, err := catalog.FindRecord(tree, a.Name)
	if err != nil && staging.CodeOf(err) != staging.CodeInvalid {
		return planned{}, err
	}
	if err := r.current(p, before); err != nil {
		return planned{}, err
	}
	after := old.Clone()
	a.Reason = reasonOf(a, t.then)
	after.Spec.Pinned = &staging.Pin{By: at.By, Reason: a.Reason, At: at.At}
	if before != nil && before.Spec.Pinned != nil && before.Spec.Pinned.Reason == a.Reason {
		after.Spec.Pinned = before.Spec.Pinned // the same rollback again changes nothing
	}
	sweepKnows(&after, before, at)
	after.Spec.Tested = lastTest(p, old, before)
	if after.Spec.Expires != nil && before != nil && before.Spec.Expires != nil && after.Spec.Expires.Before(*before.Spec.Expires) {
		after.Spec.Expires = before.Spec.Expires
	}
	if err := authorizeChanges(r.By, p, step{before: before, after: &after}); err != nil {
		return planned{}, err
	}
	made, err := t.restore(ctx, tree, after)
	if err != nil {
		return planned{}, err
	}
	return t.g.finish(ctx, tree, p, r, step{action: a, before: before, after: &after, made: made})
}

func reasonOf(a staging.Action, then *envrepo.Tree) string {
	if a.Reason != "" {
		return a.Reason
	}
	return "rolled back to " + then.Revision()[:7]
}

// restore takes every file but the record as it was.
func (t returnTo) restore(ctx context.Context, tree *envrepo.Tree, after staging.Staging) (generated, error) {
	p, err := tree.Project()
	if err != nil {
		return generated{}, err
	}
	files, err := t.then.StagingFiles(after.Name)
	if err != nil {
		return generated{}, err
	}
	record, err := envrepo.Record(after)
	if err != nil {
		return generated{}, err
	}
	files = slices.DeleteFunc(files, func(f staging.File) bool { return f.Path == record.Path })
	params, err := p.Params(after)
	if err != nil {
		return generated{}, err
	}
	objects, err := t.g.RestoredObjects(ctx, tree, p, after.Name, files)
	if err != nil {
		return generated{}, err
	}
	if err := checked(p, params, objects); err != nil {
		return generated{}, err
	}
	return generated{files: append([]staging.File{record}, files...), objects: objects}, nil
}

// lastTest: a mark is about one version, and no part of it. The last one stays,
// unless the version that is returned to has one of its own.
func lastTest(p *project.Project, old staging.Staging, before *staging.Staging) *staging.Test {
	fits := func(t *staging.Test) bool {
		tried := old
		tried.Spec.Tested = t
		standing, _ := p.TestState(tried)
		return standing != "" && standing != staging.TestStateOutdated
	}
	if before == nil || before.Spec.Tested == nil || fits(old.Spec.Tested) && !fits(before.Spec.Tested) {
		return old.Spec.Tested
	}
	return before.Spec.Tested
}

// sweepKnows: what the sweep knows of a staging is no part of a version of it.
func sweepKnows(after, before *staging.Staging, at staging.Attribution) {
	after.Spec.Kept, after.Spec.Since, after.Spec.BranchGone = nil, &staging.Transition{At: at.At, By: at.By}, nil
	if before == nil {
		return
	}
	after.Spec.Kept = before.Spec.Kept
	if before.Spec.State == after.Spec.State {
		after.Spec.Since, after.Spec.BranchGone = before.Spec.Since, before.Spec.BranchGone
	}
}
