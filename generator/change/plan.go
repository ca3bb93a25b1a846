package change

import (
	"context"
	"strings"

	"octopod/generator/cost"
	"octopod/generator/envrepo"
	"octopod/generator/staging"
)

// task is a request with everything a plan depends on beside the tree.
type task struct {
	Request
	stamp   staging.Attribution // time and author of the change
	digests map[string]string   // by image, as registries returned them so far
	undoes  bool                // the action takes back a change: it may deploy an older build
}

// requested returns the part of an action that the actor asked for.
func (t task) requested(a staging.Action) staging.Action {
	a.Force = a.Force && !t.undoes
	return a
}

// planFunc plans a task on a tree. Planning changes nothing, so a plan may be made
// any number of times.
type planFunc func(context.Context, *envrepo.Tree, task) (planned, error)

// planned is the plan of a task on one tree.
type planned struct {
	edit      envrepo.Edit
	result    Result
	unchecked []string // images to look up in their registries first; then there is no edit
	replayed  bool     // result is that of an earlier try, which made the commit
}

// unchanged is the plan that changes nothing, for the reason in note.
func (to target) unchanged(note string) planned {
	return planned{result: Result{Name: to.name, Note: note, Plan: []staging.PlanItem{}}}
}

// committed returns the result of a plan after its commit.
func (p planned) committed(done envrepo.Result) Result {
	result := p.result
	if p.replayed {
		return result
	}
	result.Changed, result.Revision = done.Changed, done.Revision
	if result.Staging != nil {
		result.Staging.Status.Revision = done.Revision
	}
	return result
}

// plan returns the update as an edit of the env repo, and as a result for the
// caller.
func (u update) plan(ctx context.Context, w *Writer, t task) (planned, error) {
	dir := staging.Dir(u.name)
	before, err := u.compare(ctx, w, t)
	if err != nil {
		return planned{}, err
	}
	next := planned{
		edit: envrepo.Edit{
			Verb: u.action.Verb, Staging: u.name, By: t.By.Person, Via: t.By.Via, Request: t.By.Request, Key: t.By.Key,
		},
		result: Result{Name: u.name, Changes: u.differences(), After: u.output.objects, Refused: u.promotion.failed},
	}
	next.edit.Subject, next.edit.Body = u.commitMessage(next.result.Changes)
	for _, c := range u.promotion.changes {
		next.result.Changes = append(next.result.Changes, c)
		next.edit.Body = strings.TrimPrefix(next.edit.Body+"\n"+c.String(), "\n")
	}
	next.edit.Requests, next.result.Cost = u.requests()
	next.result.Note = u.note()
	switch {
	case u.after == nil:
		next.edit.Remove = []string{dir}
	case u.recordOnly:
		next.edit.Write = u.output.files
		next.result.Staging = u.view(*u.after, u.content)
	default:
		next.edit.Replace = append([]envrepo.Directory{{Path: dir, Files: u.output.files}}, u.promotion.stagings...)
		next.edit.Write = u.promotion.project
		next.result.Staging = u.view(*u.after, "")
	}
	if t.Manifests {
		next.result.Before = before
	}
	next.result.Plan, err = next.edit.Plan(u.tree)
	return next, err
}

// compare compares the update with what is committed: it refuses to lose data, and notes
// the files of people. It returns the committed objects, nil when they cannot be
// rendered: broken files must not prevent their repair.
func (u *update) compare(ctx context.Context, w *Writer, t task) (before []staging.Object, err error) {
	if !u.exists || u.recordOnly {
		return nil, nil
	}
	if t.Manifests || changesTemplate(u.action.Verb) {
		before, _ = w.CommittedObjects(ctx, u.tree, u.project, u.name)
	}
	if u.foreign, err = u.tree.ForeignFiles(u.name); err != nil {
		return nil, err
	}
	return before, u.checkDataLoss(t, before)
}

// requests returns the state of the staging and the requests of its objects, for the commit
// message: so the cost of a commit is known without rendering it again. It also returns the
// price. Both are empty without a price table, and where nothing was rendered.
func (u update) requests() (string, *cost.Day) {
	if !u.project.HasPrices() || u.after == nil || u.output.objects == nil {
		return "", nil
	}
	need, err := cost.NeedOf(u.output.objects)
	if err != nil { // a custom kind with fields of other types
		return "", nil
	}
	return string(u.after.Spec.State) + " " + need.String(), cost.DayOf(u.project.Spec.Cost, need)
}
