package change

import (
	"context"
	"fmt"
	"slices"
	"time"

	"octopod/generator/envrepo"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// ImportItem is a staging of another system.
type ImportItem struct {
	Action   staging.Action // creates the staging, under its name
	Archived bool           // the staging is archived in the other system
	Created  time.Time      // in the other system; zero when unknown
}

// ImportRequest creates the stagings of another system.
type ImportRequest struct {
	Items  []ImportItem
	By     rights.Actor
	DryRun bool
}

// ImportResult is what an import created, or would create in a dry run.
type ImportResult struct {
	Outcomes []ImportOutcome // in the order of the items
	Changed  bool
	Revision string             // of the env repo afterwards
	Plan     []staging.PlanItem // the changed files
}

// ImportOutcome is the outcome for one item.
type ImportOutcome struct {
	Name     string
	Archived bool
	Changed  bool  // the staging was created, or would be without the errors of others; false when it exists
	Err      error // why the staging cannot be created
}

// Import creates the stagings of another system: one commit each, in one push.
// Stagings that exist stay as they are, so an import may be repeated. When one item
// fails nothing is created, and the outcomes list every error.
func (w *Writer) Import(ctx context.Context, r ImportRequest) (ImportResult, error) {
	tree, err := w.Repo.Tip(ctx)
	if err != nil {
		return ImportResult{}, err
	}
	result := ImportResult{Revision: tree.Revision()}
	if len(r.Items) == 0 {
		return result, nil
	}
	items, requests, tasks := map[string]ImportItem{}, make([]Request, len(r.Items)), make([]task, len(r.Items))
	for i, item := range r.Items {
		items[item.Action.Name] = item
		requests[i] = Request{Action: item.Action, By: r.By}
		tasks[i] = w.newTask(requests[i], nil)
	}
	plan := func(ctx context.Context, tree *envrepo.Tree, t task) (planned, error) {
		return w.planImport(ctx, tree, t, items[t.Action.Name])
	}
	plans := planAhead(ctx, tree, tasks, plan)
	if err := checkTogether(ctx, tree, plans, tasks); err != nil {
		return ImportResult{}, err
	}
	done, errs := dryRun(plans, tree.Revision())
	failed := slices.ContainsFunc(errs, func(err error) bool { return err != nil })
	if !r.DryRun && !failed {
		done, errs = w.applyAll(ctx, tree, requests, plan)
	}
	for i, item := range r.Items {
		result.Outcomes = append(result.Outcomes, ImportOutcome{Name: item.Action.Name, Archived: item.Archived, Changed: errs[i] == nil && done[i].Changed, Err: errs[i]})
		if done[i].Changed && !failed {
			result.Changed, result.Revision = true, done[i].Revision
			result.Plan = append(result.Plan, done[i].Plan...)
		}
	}
	return result, nil
}

// checkTogether fails each planned creation that the ones before it do not allow: both have
// one name or one host, or the project has no room for both.
func checkTogether(ctx context.Context, tree *envrepo.Tree, plans []plannedAction, tasks []task) error {
	for i := range plans {
		if plans[i].err != nil || len(plans[i].result.Plan) == 0 {
			continue
		}
		to, a, err := resolveTarget(ctx, tree, tasks[i].Action)
		if err != nil {
			return err
		}
		next, err := plans[i].edit.ApplyTo(ctx, tree)
		if err != nil {
			return err
		}
		after, err := next.Staging(a.Name)
		switch {
		case err != nil:
			return err
		case to.exists:
			plans[i].err = staging.Errorf(staging.CodeExists, "staging %q is in the import twice", a.Name)
			continue
		}
		if err = to.checkHosts(); err == nil {
			err = to.checkQuota(ctx, after)
		}
		if plans[i].err = err; err == nil {
			tree = next
		}
	}
	return nil
}

// planImport plans the creation of one staging.
func (w *Writer) planImport(ctx context.Context, tree *envrepo.Tree, t task, item ImportItem) (planned, error) {
	to, a, err := resolveTarget(ctx, tree, t.Action)
	if err != nil {
		return planned{}, err
	}
	if to.exists {
		return to.unchanged("the staging exists"), nil
	}
	after, err := to.project.Apply(nil, a, t.stamp)
	if err == nil && item.Archived {
		after, err = to.project.Apply(&after, staging.Action{Verb: staging.Archive, Name: a.Name, Reason: a.Reason}, t.stamp)
	}
	if err == nil {
		err = w.checkOwners(ctx, to)
	}
	if err == nil {
		err = to.checkQuota(ctx, after)
	}
	if err != nil {
		return planned{}, err
	}
	if !item.Created.IsZero() {
		after.Spec.Created.At = item.Created.UTC().Truncate(time.Second)
	}
	u := update{target: to, action: a, after: &after}
	if u.output, err = w.generate(ctx, to.latest(), after, false); err != nil {
		return planned{}, fmt.Errorf("generating staging %s: %w", a.Name, err)
	}
	return u.plan(ctx, w, t)
}
