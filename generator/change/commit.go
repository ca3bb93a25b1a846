package change

import (
	"context"
	"time"

	"octopod/generator/envrepo"
	"octopod/generator/staging"
)

// Apply runs one action on one staging, in one commit: it plans the action on the
// tip of the env repo and commits the plan. An action that changes nothing makes
// no commit and succeeds.
//
// A deploy may need image registries. Then Apply plans, queries the registries for
// the images of that plan, and plans again. It queries between two plans, because a
// plan runs inside the env repo's writer, where other requests wait for their
// commit.
func (w *Writer) Apply(ctx context.Context, r Request) (Result, error) {
	if r.Awaited && !w.StatusKnown {
		return Result{}, staging.Errorf(staging.CodeInvalid, "cannot wait: no Argo CD is connected, so the change was not made").
			WithTechnicalHint("set ARGOCD_SERVER and ARGOCD_AUTH_TOKEN, or leave out --wait; `octopod doctor` checks the connection")
	}
	plan, err := w.planFor(ctx, r.Action)
	if err != nil {
		return Result{}, err
	}
	digests := map[string]string{}
	for {
		next, err := w.planAndCommit(ctx, w.newTask(r, digests), plan)
		if err != nil {
			return Result{}, err
		}
		if len(next.unchecked) == 0 {
			return next.result, nil
		}
		if err := w.queryRegistries(ctx, r.Action, next.unchecked, digests); err != nil {
			return Result{}, err
		}
	}
}

// planFor returns the function that plans an action.
func (w *Writer) planFor(ctx context.Context, a staging.Action) (planFunc, error) {
	switch a.Verb {
	case staging.Rollback:
		r, err := w.newRollback(ctx, a)
		return r.plan, err
	case staging.Undo:
		back, err := w.Revert(ctx, a.Name, a.To)
		return w.planUndo(back), err
	}
	return w.planAction, nil
}

// newTask returns a request as a task of the present moment.
func (w *Writer) newTask(r Request, digests map[string]string) task {
	stamp := staging.Attribution{At: w.Now().UTC().Truncate(time.Second), By: r.By.Person.Name}
	return task{Request: r, stamp: stamp, digests: digests}
}

// planAndCommit plans a task on the tip and commits the plan, unless some of its
// images are unchecked.
func (w *Writer) planAndCommit(ctx context.Context, t task, plan planFunc) (planned, error) {
	var next planned
	done, err := w.Commit(ctx, t.DryRun, t.editing(plan, &next))
	next.result = next.committed(done)
	return next, err
}

// editing returns the task as an edit of the env repo, which may run it several
// times. The plan of the last run is stored in last.
func (t task) editing(plan planFunc, last *planned) envrepo.EditFunc {
	return func(ctx context.Context, tree *envrepo.Tree) (envrepo.Edit, error) {
		next, found, err := t.earlierTry(ctx, tree)
		if err == nil && !found {
			next, err = plan(ctx, tree, t)
		}
		if err != nil {
			return envrepo.Edit{}, err
		}
		*last = next
		return next.edit, nil
	}
}

// earlierTry returns the result of an earlier try of the request: a commit with the
// same idempotency key. The try may have run on another server, and its response
// may have been lost.
func (t task) earlierTry(ctx context.Context, tree *envrepo.Tree) (planned, bool, error) {
	if t.By.Key == "" || t.DryRun {
		return planned{}, false, nil
	}
	event, found, err := tree.FindByKey(ctx, t.By.Key, t.By.Person)
	if err != nil || !found || event.Verb != t.Action.Verb && t.Action.Verb != staging.Undo {
		return planned{}, false, err
	}
	to, a, err := resolveTarget(ctx, tree, t.Action)
	if err != nil || to.name != event.Staging {
		return planned{}, false, err
	}
	if err := t.authorize(to.project, t.requested(a)); err != nil { // another actor may have the same name and key
		return planned{}, false, err
	}
	if gone := to.record == nil && a.Branch == ""; !gone {
		if err := t.By.CheckOrigin(to.project, to.record, staging.Action{Verb: a.Verb, Name: a.Name, Branch: a.Branch}); err != nil {
			return planned{}, false, err
		}
	}
	next := to.unchanged("an earlier try of this request made the commit")
	next.replayed, next.result.Changed, next.result.Revision = true, true, event.Revision
	if to.record != nil {
		next.result.Staging = to.view(*to.record, to.content)
	}
	return next, true, nil
}
