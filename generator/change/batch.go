package change

import (
	"context"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"octopod/generator/catalog"
	"octopod/generator/envrepo"
	"octopod/generator/staging"
)

// ApplyAll runs actions on different stagings: one commit each, in one push. It
// plans them in parallel on the given tree before the push, and plans an action
// again when its staging is different on the tip. An action that needs an image
// registry fails: only Apply queries registries.
func (w *Writer) ApplyAll(ctx context.Context, tree *envrepo.Tree, requests []Request) ([]Result, []error) {
	return w.applyAll(ctx, tree, requests, w.planWithoutRegistries)
}

func (w *Writer) planWithoutRegistries(ctx context.Context, tree *envrepo.Tree, t task) (planned, error) {
	next, err := w.planAction(ctx, tree, t)
	if err == nil && len(next.unchecked) > 0 {
		err = fmt.Errorf("the images %s were not checked in their registries", strings.Join(next.unchecked, ", "))
	}
	return next, err
}

// applyAll is ApplyAll with a plan of the caller's choice.
func (w *Writer) applyAll(ctx context.Context, tree *envrepo.Tree, requests []Request, plan planFunc) ([]Result, []error) {
	tasks := make([]task, len(requests))
	for i, r := range requests {
		tasks[i] = w.newTask(r, nil)
	}
	actions := planAhead(ctx, tree, tasks, plan)
	if requests[0].DryRun {
		return dryRun(actions, tree.Revision())
	}
	plans, edits := make([]planned, len(tasks)), make([]envrepo.EditFunc, len(tasks))
	for i, t := range tasks {
		edits[i] = t.editing(actions[i].orReplan(plan), &plans[i])
	}
	done, errs := w.Repo.ChangeAll(ctx, edits)
	results := make([]Result, len(tasks))
	for i := range results {
		results[i] = plans[i].committed(done[i])
	}
	return results, errs
}

// dryRun returns the results that the planned actions would have.
func dryRun(actions []plannedAction, revision string) ([]Result, []error) {
	results, errs := make([]Result, len(actions)), make([]error, len(actions))
	for i, a := range actions {
		results[i], errs[i] = a.committed(envrepo.Result{Changed: len(a.result.Plan) > 0, Revision: revision}), a.err
	}
	return results, errs
}

// plannedAction is an action planned before the push, and the tree it was planned
// on.
type plannedAction struct {
	planned
	err  error
	tree *envrepo.Tree
}

// planAhead plans tasks in parallel.
func planAhead(ctx context.Context, tree *envrepo.Tree, tasks []task, plan planFunc) []plannedAction {
	actions := make([]plannedAction, len(tasks))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, t := range tasks {
		group.Go(func() error {
			next, err := plan(ctx, tree, t)
			actions[i] = plannedAction{next, err, tree}
			return nil
		})
	}
	_ = group.Wait() // each action has its own error
	return actions
}

// orReplan returns the plan made ahead where it still holds, and plans again where
// it does not. A failed plan is made again too: its cause may be gone.
func (a plannedAction) orReplan(plan planFunc) planFunc {
	return func(ctx context.Context, tree *envrepo.Tree, t task) (planned, error) {
		if a.err != nil || !unchangedFor(t.Action.Name, a.tree, tree) {
			return plan(ctx, tree, t)
		}
		return a.planned, nil
	}
}

// unchangedFor reports whether a plan for one staging gives the same on both trees:
// they differ in the directories of other stagings only.
func unchangedFor(name string, a, b *envrepo.Tree) bool {
	if !catalog.SameAt(a, b, staging.Dir(name)) {
		return false
	}
	entries, err := a.ReadDir(".")
	others, errOthers := b.ReadDir(".")
	if err != nil || errOthers != nil || len(entries) != len(others) {
		return false
	}
	for _, e := range entries {
		if e.Name() != staging.EnvsDir && !catalog.SameAt(a, b, e.Name()) {
			return false
		}
	}
	return true
}
