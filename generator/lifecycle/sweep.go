package lifecycle

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"octopod/generator/catalog"
	"octopod/generator/change"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
	"octopod/generator/status"
)

// DefaultMaxShare is the percentage of stagings that one sweep may archive or delete.
const DefaultMaxShare = 25

// SweepRequest configures a sweep.
type SweepRequest struct {
	DryRun   bool
	MaxShare int // percentage that may be archived or deleted; 0 means DefaultMaxShare
	By       rights.Actor
}

// SweepResult is what a sweep did, or would do.
type SweepResult struct {
	Items        []Swept // one for each staging, by name
	Repositories []staging.BranchListing
	Orphans      []Orphan
	Changed      bool
	Revision     string             // of the env repo afterwards
	Plan         []staging.PlanItem // what changed in it
}

// Count returns the number of stagings with a step.
func (r SweepResult) Count(step project.Step) (n int) {
	for _, item := range r.Items {
		if item.Step == step {
			n++
		}
	}
	return n
}

// Incomplete returns the code of the error that kept the sweep from doing everything that
// is due, or "".
func (r SweepResult) Incomplete() staging.Code {
	switch {
	case slices.ContainsFunc(r.Items, func(s Swept) bool { return s.Err != nil }):
		return staging.CodeInvalid
	case r.Count(project.StepHold) > 0:
		return staging.CodeConflict
	case slices.ContainsFunc(r.Repositories, func(h staging.BranchListing) bool { return h.Err != nil }):
		return staging.CodeUnavailable
	}
	return ""
}

// Swept is the outcome for one staging.
type Swept struct {
	project.Decision
	Changed bool
	Err     error // its record cannot be read, or the change failed; other stagings are not affected
}

// Sweep decides for every staging what is due, and does it: one commit per staging, all in
// one push. It keeps no state between runs, so a timer or a CI job may call it, and
// several processes may sweep at once: a staging that changed meanwhile is left for the
// next run.
func (g *Sweeper) Sweep(ctx context.Context, r SweepRequest) (SweepResult, error) {
	at := g.Now()
	result, err := g.sweep(ctx, r)
	if !r.DryRun {
		g.Sweeps.record(LastSweep{At: at, By: r.By.Person, Result: result, Err: err})
	}
	return result, err
}

func (g *Sweeper) sweep(ctx context.Context, r SweepRequest) (SweepResult, error) {
	r.By.Via, r.MaxShare = staging.ViaSweep, cmp.Or(r.MaxShare, DefaultMaxShare)
	s, err := g.startRun(ctx, r)
	if err != nil {
		return SweepResult{}, err
	}
	around := project.SweepInput{Now: g.Now(), MaxShare: r.MaxShare}
	if g.Heads != nil {
		s.result.Repositories, around.Branches = catalog.ListBranches(ctx, g.Heads, s.project.Repositories())
	}
	if around.TeardownsDone, err = s.teardownsDone(ctx); err != nil {
		return SweepResult{}, err
	}
	if err := s.findOrphans(around.Now); err != nil {
		return SweepResult{}, err
	}
	decisions := s.project.Sweep(s.records, around)
	if err := s.apply(ctx, decisions); err != nil {
		return SweepResult{}, err
	}
	slices.SortFunc(s.result.Items, func(a, b Swept) int { return strings.Compare(a.Staging, b.Staging) })
	return s.result, nil
}

// sweepRun is the state of one sweep.
type sweepRun struct {
	*Sweeper
	request  SweepRequest
	tree     *envrepo.Tree
	project  *project.Project
	records  []staging.Staging
	cluster  status.Cluster
	snapshot *status.Snapshot // nil without an Argo CD
	result   SweepResult
}

// startRun reads the records and takes a snapshot of Argo CD.
func (g *Sweeper) startRun(ctx context.Context, r SweepRequest) (*sweepRun, error) {
	tree, p, err := g.Latest(ctx)
	if err != nil {
		return nil, err
	}
	s := &sweepRun{Sweeper: g, request: r, tree: tree, project: p}
	s.result.Revision = tree.Revision()
	names, err := tree.Names()
	if err == nil {
		err = tree.PrefetchRecords(ctx, names)
	}
	if err != nil {
		return nil, err
	}
	for _, name := range slices.DeleteFunc(names, p.Excludes) {
		record, err := tree.Staging(name)
		if err != nil {
			s.result.Items = append(s.result.Items, Swept{Decision: project.Decision{Staging: name, Step: project.StepKeep}, Err: err})
			continue
		}
		s.records = append(s.records, record)
	}
	s.cluster, s.snapshot = g.Snapshot(ctx, p)
	return s, nil
}

// teardownsDone returns the stagings whose teardown is done.
func (s *sweepRun) teardownsDone(ctx context.Context) (map[string]bool, error) {
	over := map[string]bool{}
	var views []staging.View
	for _, r := range s.records {
		if r.Spec.State == staging.Deleting {
			views = append(views, catalog.View(s.project, r, s.tree.Revision(), ""))
		}
	}
	if s.snapshot == nil || len(views) == 0 {
		return over, nil
	}
	err := s.NewEvaluator(ctx, s.cluster, s.tree, s.project).EvaluateAll(ctx, s.snapshot, views)
	for _, v := range views {
		over[v.Metadata.Name] = v.Status.TeardownDone()
	}
	return over, err
}

// apply commits the decisions.
func (s *sweepRun) apply(ctx context.Context, decisions []project.Decision) error {
	first := len(s.result.Items)
	var requests []change.Request
	var at []int // the item of each request
	paths := []string{project.File, "templates", "jsonnet"}
	for i, d := range decisions {
		s.result.Items = append(s.result.Items, Swept{Decision: d})
		if a, changes := d.Action(); changes {
			requests = append(requests, change.Request{Action: a, By: s.request.By, DryRun: s.request.DryRun, Version: rights.Version(s.records[i])})
			at = append(at, first+i)
			paths = append(paths, staging.Dir(d.Staging))
		}
	}
	if len(requests) == 0 {
		return nil
	}
	if err := s.tree.Prefetch(ctx, paths...); err != nil {
		return err
	}
	results, errs := s.ApplyAll(ctx, s.tree, requests)
	for i, result := range results {
		item := &s.result.Items[at[i]]
		item.Changed, item.Err = errs[i] == nil && result.Changed, errs[i]
		if item.Changed {
			s.result.Changed = true
			s.result.Revision = result.Revision
			s.result.Plan = append(s.result.Plan, result.Plan...)
		}
	}
	return ctx.Err()
}
