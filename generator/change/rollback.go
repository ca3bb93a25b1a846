package change

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"octopod/generator/catalog"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/rights"
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

// previousVersion returns the newest revision that ran other images or settings than
// the staging has now. Commits that changed neither, such as a night's sleep, a title or
// a regenerate, are no version to return to. Of a deleted staging it is the newest that
// ran at all.
func (w *Writer) previousVersion(ctx context.Context, name string) (string, error) {
	tree, p, err := w.Latest(ctx)
	if err != nil {
		return "", err
	}
	current, err := catalog.FindRecord(tree, name)
	if err != nil && staging.CodeOf(err) != staging.CodeInvalid {
		return "", err // an unreadable record runs nothing: rollback repairs it
	}
	for limit, seen := 8, 0; ; limit *= 8 {
		events, err := w.Versions(ctx, staging.HistoryQuery{Name: name, Limit: limit})
		if err != nil {
			return "", err
		}
		for _, e := range events[min(seen, len(events)):] {
			if e.Gone && current != nil {
				return "", noPreviousVersion(name)
			}
			ran, err := w.ranOther(ctx, p, e, name, current)
			if err != nil {
				return "", err
			}
			if ran {
				return e.Revision, nil
			}
		}
		if len(events) < limit {
			return "", noPreviousVersion(name)
		}
		seen = len(events)
	}
}

// ranOther reports whether a staging ran other images or settings at an event than the
// current record has; current is nil for a deleted staging. An event with an unreadable
// record ran nothing.
func (w *Writer) ranOther(ctx context.Context, p *project.Project, e staging.Event, name string, current *staging.Staging) (bool, error) {
	if e.Gone {
		return false, nil
	}
	old, err := w.Record(ctx, name, e.Revision)
	switch {
	case catalog.IsRepoFault(err):
		return false, err
	case err != nil || old.Spec.State != staging.Active:
		return false, nil
	}
	return current == nil || !p.RunsSame(old, *current), nil
}

func noPreviousVersion(name string) error {
	return staging.Errorf(staging.CodeNotFound, "staging %q has run no other images or settings before", name).
		WithTechnicalHint("`octopod history %s` lists its versions", name)
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
	if err := t.By.CheckOrigin(to.project, to.record, a); err != nil {
		return planned{}, err
	}
	old, err := r.old.Staging(a.Name)
	if err != nil {
		return planned{}, err
	}
	a.Reason = r.reason(a)
	after := to.restoredRecord(old, a, t.stamp)
	refused := to.project.KeepGrants(&after, to.record, t.stamp.At)
	if err := r.writer.checkRollback(ctx, t, to, a, after); err != nil {
		return planned{}, err
	}
	u := update{target: to, action: a, after: &after}
	if len(refused) > 0 {
		err = r.restoreWithout(ctx, &u, refused)
	} else {
		err = r.restoreOutput(ctx, &u, old)
	}
	if err != nil {
		return planned{}, err
	}
	if err := r.restoreDefaults(ctx, &u, t.By); err != nil {
		return planned{}, err
	}
	if to.record != nil && !a.WithData {
		u.remark = joinNotes(u.remark, to.project.NewerMigrations(old, *to.record))
	}
	return u.plan(ctx, r.writer, t)
}

// checkRollback rejects a restored record that the actor may not deploy, or that does
// not fit the project of today.
func (w *Writer) checkRollback(ctx context.Context, t task, to target, a staging.Action, after staging.Staging) error {
	if err := to.readError(); err != nil {
		return err
	}
	if err := t.checkVersion(to.project, to.record); err != nil {
		return err
	}
	if err := t.By.CheckOrigin(to.project, &after, a); err != nil { // the name may have belonged to another branch
		return err
	}
	if err := authorizeSettings(t.By, to.project, to.record, after); err != nil {
		return err
	}
	if err := authorizeData(t.By, to.project, a, to.record, after); err != nil {
		return err
	}
	if err := to.project.CheckRestored(to.record, after); err != nil {
		return err
	}
	if err := w.checkOwners(ctx, to); err != nil {
		return err
	}
	return to.checkQuota(ctx, after)
}

// restoreDefaults returns the project's default images with the staging of a default
// branch, if the action asks for it, and otherwise notes that they stay. With them the
// staging is not pinned: the next build of the branch is the way forward.
func (r rollback) restoreDefaults(ctx context.Context, u *update, by rights.Actor) (err error) {
	images := u.project.DefaultImagesOf(*u.after)
	switch {
	case !u.action.WithDefault && len(images) == 0:
		return nil
	case !u.action.WithDefault:
		u.remark = joinNotes(u.remark, fmt.Sprintf("the default image of %s stays, and the pin refuses new builds of %s: --with-default returns the default too, and does not pin",
			strings.Join(slices.Sorted(maps.Keys(images)), ", "), u.after.Spec.Branch))
		return nil
	case len(images) == 0:
		return staging.Errorf(staging.CodeInvalid, "no default image changes with this rollback of %q", u.name).
			WithTechnicalHint("--with-default is for the staging of a default branch; leave it out")
	}
	u.promotion, err = r.writer.promoteDefaults(ctx, *u, by, images)
	return err
}

func (r rollback) reason(a staging.Action) string {
	if a.Reason != "" {
		return a.Reason
	}
	return "rolled back to " + r.old.Revision()[:7]
}

// restoredRecord returns the old record, pinned unless the default images return with
// it. It keeps what belongs to the staging and not to one of its versions: the state of
// the sweep, the last test, and a later expiry.
func (to target) restoredRecord(old staging.Staging, a staging.Action, at staging.Attribution) staging.Staging {
	before, after := to.record, old.Clone()
	after.Spec.Pinned = to.pinAfter(a, at)
	keepSweepState(&after, before, at)
	after.Spec.Tested = lastTest(to.project, old, before)
	after.Spec.Database = to.project.RestoredData(old, before, a.WithData, at)
	if after.Spec.Expires != nil && before != nil && before.Spec.Expires != nil && after.Spec.Expires.Before(*before.Spec.Expires) {
		after.Spec.Expires = before.Spec.Expires
	}
	return after
}

// pinAfter returns the pin after a rollback. Repeating a rollback changes nothing.
func (to target) pinAfter(a staging.Action, at staging.Attribution) *staging.Pin {
	var was *staging.Pin
	if to.record != nil {
		was = to.record.Spec.Pinned
	}
	if a.WithDefault || was != nil && was.Reason == a.Reason {
		return was
	}
	return &staging.Pin{By: at.By, Reason: a.Reason, At: at.At}
}

// restoreOutput restores the files of the version. The data stay as they are, so the files that
// hold them are generated again from the templates and settings of the version.
func (r rollback) restoreOutput(ctx context.Context, u *update, old staging.Staging) error {
	if u.project.WantsSameData(old, *u.after) {
		return r.restoreFiles(ctx, u)
	}
	then, _, err := catalog.Open(ctx, r.old, staging.Action{Name: u.name})
	if err != nil {
		return err
	}
	from := basis{tree: u.tree, project: then} // Argo CD renders the templates of the tip
	switch {
	case !then.Spec.Database.Kind.IsManaged():
		from.project = u.project
	case then.Spec.Output == project.OutputRendered:
		from.tree = r.old
	}
	u.output, err = r.writer.generate(ctx, from, *u.after, true)
	return err
}

// restoreWithout generates the files of the version without the values that need a grant
// and have none any more. Its own files have these values.
func (r rollback) restoreWithout(ctx context.Context, u *update, refused []string) (err error) {
	u.remark = "without " + strings.Join(refused, ", ") + " of that version, which needs a new grant: `octopod set` gives it"
	from := u.latest() // Argo CD renders the templates of the tip
	if u.project.Spec.Output == project.OutputRendered {
		from.tree = r.old
	}
	u.output, err = r.writer.generate(ctx, from, *u.after, true)
	return err
}

// restoreFiles restores the generated files of the directory with the new record, and
// checks their objects. Where Argo CD renders a template that is broken now, the files
// are restored unseen.
func (r rollback) restoreFiles(ctx context.Context, u *update) error {
	files, err := r.old.StagingFiles(u.name)
	if err != nil {
		return err
	}
	record, err := envrepo.Record(*u.after)
	if err != nil {
		return err
	}
	files = slices.DeleteFunc(files, func(f staging.File) bool { return f.Path == record.Path || !staging.IsGenerated(f.Path) })
	u.output.files = append([]staging.File{record}, files...)
	params, err := u.project.Params(*u.after)
	if err != nil {
		return err
	}
	u.output.objects, err = r.writer.RestoredObjects(ctx, u.tree, u.project, u.name, files)
	switch {
	case err == nil:
		return checkObjects(u.project, params, u.output.objects)
	case u.record != nil && r.writer.isBroken(ctx, u.target):
		u.unrendered = firstLine(err.Error())
		return nil
	}
	return err
}

// lastTest returns the last test mark. A mark is about one version but is no part of
// it, so the current mark stays unless the old record has a mark for the version that
// is restored.
func lastTest(p *project.Project, old staging.Staging, before *staging.Staging) *staging.Test {
	fits := func(t *staging.Test) bool {
		marked := old
		marked.Spec.Tested = t
		state, _ := p.TestState(marked, "")
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
