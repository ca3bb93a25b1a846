package change

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"

	"octopod/generator/catalog"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// ApplyAll carries out actions on different stagings: one commit each, in one
// push. They are worked out side by side on a tree before the push; what is the
// same on the tip is not worked out again.
func (g *Writer) ApplyAll(ctx context.Context, tree *envrepo.Tree, requests []Request, plan planner) ([]Result, []error) {
	ahead := g.workAhead(ctx, tree, requests, plan)
	results, errs := make([]Result, len(requests)), make([]error, len(requests))
	if requests[0].DryRun {
		for i, a := range ahead {
			results[i], errs[i] = a.result.committed(envrepo.Result{Changed: len(a.result.Plan) > 0, Revision: tree.Revision()}), a.err
		}
		return results, errs
	}
	edits := make([]envrepo.EditFunc, len(requests))
	for i, r := range requests {
		edits[i] = g.editing(ahead[i].orElse(plan), r, &results[i])
	}
	done, errs := g.Repo.ChangeAll(ctx, edits)
	for i := range results {
		results[i] = results[i].committed(done[i])
	}
	return results, errs
}

// workedOut is an action as it was worked out on a tree.
type workedOut struct {
	planned
	err  error
	tree *envrepo.Tree
}

// workAhead works actions out side by side.
func (g *Writer) workAhead(ctx context.Context, tree *envrepo.Tree, requests []Request, plan planner) []workedOut {
	ahead := make([]workedOut, len(requests))
	var work errgroup.Group
	work.SetLimit(runtime.GOMAXPROCS(0))
	for i, r := range requests {
		work.Go(func() error {
			next, err := plan(ctx, tree, r, g.stamp(r))
			ahead[i] = workedOut{next, err, tree}
			return nil
		})
	}
	_ = work.Wait() // each has its own error
	return ahead
}

// orElse gives what was worked out where it still holds, and works it out anew
// where it does not. What failed may fail differently by now.
func (w workedOut) orElse(plan planner) planner {
	return func(ctx context.Context, tree *envrepo.Tree, r Request, at staging.Attribution) (planned, error) {
		if w.err != nil || !sameFor(r.Action.Name, w.tree, tree) {
			return plan(ctx, tree, r, at)
		}
		return w.planned, nil
	}
}

// sameFor tells whether two trees are the same for one staging: they differ in
// other stagings at most.
func sameFor(name string, a, b *envrepo.Tree) bool {
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

// room refuses a change that makes one active staging too many, where the
// project wants that. Only then are the other records read.
func room(ctx context.Context, tree *envrepo.Tree, p *project.Project, before *staging.Staging, after staging.Staging) error {
	wasActive := before != nil && before.Spec.State == staging.Active
	if after.Spec.State != staging.Active || wasActive || !p.EnforcesLimit() {
		return nil
	}
	names, err := tree.Names()
	if err == nil {
		err = tree.PrefetchRecords(ctx, names)
	}
	if err != nil {
		return err
	}
	var others []staging.Staging
	for _, name := range names {
		if r, err := tree.Staging(name); err == nil && name != after.Name { // one that cannot be read runs nothing new
			others = append(others, r)
		}
	}
	return p.CheckLimit(after, others)
}
