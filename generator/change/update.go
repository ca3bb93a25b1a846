package change

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// update is what a plan does to one staging: from the target's record to after.
type update struct {
	target
	action     staging.Action
	after      *staging.Staging // nil deletes the staging
	output     generated
	recordOnly bool // output is the record alone; all other files stay as they are
	promotion  promotion
	pending    []string // objects that change beside the action, because octopod.yaml or a template changed before
	foreign    []string // files in the staging's directory that Octopod did not write
	remark     string   // what the action did not change, although a person may expect it
	unrendered string   // why the template cannot be rendered now; then the files are committed unseen
}

// generateUpdate generates the files that an update writes. An action on what people
// and the sweep note about a staging writes its record only. An action on what runs
// ships pending changes too, if it brings builds or settings; any other, such as archive
// or restart, ships its own effect only.
func (w *Writer) generateUpdate(ctx context.Context, u *update, needObjects bool) (err error) {
	switch {
	case u.record != nil && !deploys(u.action.Verb) && u.record.Spec.DeploysSame(u.after.Spec):
		return u.writeRecordOnly()
	case u.record == nil || ships(u.action.Verb):
		if u.output, err = w.generate(ctx, u.latest(), *u.after, needObjects); err == nil && u.record != nil {
			u.pending, err = w.pending(ctx, u.target)
		}
		return err
	}
	return w.generateEffect(ctx, u)
}

// deploys reports whether a verb generates the files of a staging again whatever changed.
func deploys(v staging.Verb) bool {
	return slices.Contains([]staging.Verb{staging.Deploy, staging.Create, staging.Update, staging.Regenerate}, v)
}

// ships reports whether a verb ships pending changes of octopod.yaml and the templates.
func ships(v staging.Verb) bool { return deploys(v) || v == staging.Set || v == staging.Unset }

// writeRecordOnly writes the record and leaves every other file as it is. It needs no
// template, and a record that did not fit the project before need not fit it now.
func (u *update) writeRecordOnly() error {
	if err := u.project.Check(*u.after); err != nil && u.project.Check(*u.record) == nil {
		return err
	}
	record, err := envrepo.Record(*u.after)
	u.output.files, u.recordOnly = []staging.File{record}, true
	return err
}

// generateEffect generates the files from what the committed ones were generated from,
// so that nothing changes beside the effect of the action.
func (w *Writer) generateEffect(ctx context.Context, u *update) error {
	from, found, err := w.basisOf(ctx, u.target)
	if err != nil {
		return err
	}
	u.output, err = w.generate(ctx, from, *u.after, true)
	if err != nil && found && from.project.Spec.Output == project.OutputSource && w.isBroken(ctx, u.target) {
		u.unrendered = firstLine(err.Error())
		return nil
	}
	if err == nil && !found {
		u.pending, err = w.pending(ctx, u.target)
	}
	return err
}

// isBroken reports whether the committed files of a staging cannot be rendered: then an
// action is not to blame.
func (w *Writer) isBroken(ctx context.Context, to target) bool {
	_, err := w.CommittedObjects(ctx, to.tree, to.project, to.name)
	return err != nil && ctx.Err() == nil
}

// note returns what else a person should know of the update.
func (u update) note() string {
	var notes []string
	if len(u.pending) > 0 {
		notes = append(notes, fmt.Sprintf("pending changes of %s and the templates went with it: %s", project.File, strings.Join(u.pending, ", ")))
	}
	if len(u.foreign) > 0 {
		notes = append(notes, "files that Octopod did not write stay: "+strings.Join(u.foreign, ", "))
	}
	if u.unrendered != "" {
		notes = append(notes, "the template is broken, so Argo CD cannot apply this until the template is fixed: "+u.unrendered)
	}
	return joinNotes(append(notes, u.remark)...)
}

// joinNotes joins the notes that are not empty.
func joinNotes(notes ...string) string {
	return strings.Join(slices.DeleteFunc(notes, func(n string) bool { return n == "" }), "; ")
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
