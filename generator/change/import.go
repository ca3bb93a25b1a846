package change

import (
	"context"
	"fmt"
	"slices"
	"time"

	"octopod/generator/catalog"
	"octopod/generator/envrepo"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// ImportItem is a staging that another system had.
type ImportItem struct {
	Action   staging.Action // creates it, under its name
	Archived bool           // it arrives asleep
	Created  time.Time      // in the other system; zero when unknown
}

// ImportRequest takes over the stagings of another system.
type ImportRequest struct {
	Items  []ImportItem
	By     rights.Actor
	DryRun bool
}

// ImportResult says what an import did, or would do.
type ImportResult struct {
	Outcomes []ImportOutcome // in the order of the arrivals
	Changed  bool
	Revision string             // of the env repo afterwards
	Plan     []staging.PlanItem // what changed in it
}

// ImportOutcome is what became of one arrival.
type ImportOutcome struct {
	Name     string
	Archived bool
	Changed  bool  // or would be, if nothing else were in the way; false when it was there already
	Err      error // why it cannot be made
}

// Import makes the stagings of another system: one commit each, in one push. What
// is there already stays as it is, so an import may be repeated. When one cannot be
// made none is, and every reason is told.
func (g *Writer) Import(ctx context.Context, r ImportRequest) (ImportResult, error) {
	tree, err := g.Repo.Tip(ctx)
	if err != nil {
		return ImportResult{}, err
	}
	result := ImportResult{Revision: tree.Revision()}
	if len(r.Items) == 0 {
		return result, nil
	}
	arrivals, requests := map[string]ImportItem{}, make([]Request, len(r.Items))
	for i, a := range r.Items {
		arrivals[a.Action.Name] = a
		requests[i] = Request{Action: a.Action, By: r.By, DryRun: true}
	}
	plan := func(ctx context.Context, tree *envrepo.Tree, r Request, at staging.Attribution) (planned, error) {
		return g.planArrival(ctx, tree, r, at, arrivals[r.Action.Name])
	}
	done, errs := g.ApplyAll(ctx, tree, requests, plan)
	faulty := slices.ContainsFunc(errs, func(err error) bool { return err != nil })
	if !r.DryRun && !faulty {
		for i := range requests {
			requests[i].DryRun = false
		}
		done, errs = g.ApplyAll(ctx, tree, requests, plan)
	}
	for i, a := range r.Items {
		result.Outcomes = append(result.Outcomes, ImportOutcome{Name: a.Action.Name, Archived: a.Archived, Changed: errs[i] == nil && done[i].Changed, Err: errs[i]})
		if done[i].Changed && !faulty {
			result.Changed, result.Revision = true, done[i].Revision
			result.Plan = append(result.Plan, done[i].Plan...)
		}
	}
	return result, nil
}

// planArrival works out how an arrival is made.
func (g *Writer) planArrival(ctx context.Context, tree *envrepo.Tree, r Request, at staging.Attribution, arrival ImportItem) (planned, error) {
	p, a, err := catalog.Open(ctx, tree, r.Action)
	if err != nil {
		return planned{}, err
	}
	if exists, err := tree.Has(a.Name); err != nil || exists {
		return planned{result: Result{Name: a.Name, Note: "it is there already", Plan: []staging.PlanItem{}}}, err
	}
	after, err := p.Apply(nil, a, at)
	if err == nil && arrival.Archived {
		after, err = p.Apply(&after, staging.Action{Verb: staging.Archive, Name: a.Name, Reason: a.Reason}, at)
	}
	if err == nil {
		err = room(ctx, tree, p, nil, after)
	}
	if err != nil {
		return planned{}, err
	}
	if !arrival.Created.IsZero() {
		after.Spec.Created.At = arrival.Created.UTC().Truncate(time.Second)
	}
	s := step{action: a, after: &after}
	if s.made, err = g.generate(ctx, tree, p, after, false); err != nil {
		return planned{}, fmt.Errorf("making %s: %w", a.Name, err)
	}
	return g.finish(ctx, tree, p, r, s)
}
