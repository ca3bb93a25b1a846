package generator

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// DefaultMaxShare is how many stagings of a hundred a sweep may take away.
const DefaultMaxShare = 25

// SweepRequest brings the stagings in line with the project's lifecycle.
type SweepRequest struct {
	DryRun   bool
	MaxShare int // of a hundred may go at once; DefaultMaxShare when 0
	By       Asker
}

// SweepResult says what a sweep did, or would do.
type SweepResult struct {
	Items        []Swept // one for each staging, by name
	Repositories []Heard
	Orphans      []Orphan
	Changed      bool
	Revision     string             // of the env repo afterwards
	Plan         []staging.PlanItem // what changed in it
}

// Count tells how many stagings a step was decided on for.
func (r SweepResult) Count(step project.Step) (n int) {
	for _, item := range r.Items {
		if item.Step == step {
			n++
		}
	}
	return n
}

// Swept is what became of one staging.
type Swept struct {
	project.Decision
	Changed bool
	Err     error // its record cannot be read, or it could not be changed; the others were
}

// Heard is what a repository said.
type Heard struct {
	Repository string
	Branches   int
	Err        error
}

// Orphan is half a staging: Argo CD and the env repo disagree on whether it is there.
type Orphan struct {
	Name   string `json:"name"`
	In     string `json:"in"` // the side that has it: argocd or envs
	Reason string `json:"reason"`
}

// Sweep looks at every staging once, and does what is due: a commit for each
// that changes, all in one push. It keeps nothing between two runs, so a ticker
// may call it as well as a CI job, and several may sweep at once: a staging that
// somebody changed meanwhile is left for the next run.
func (g *Stagings) Sweep(ctx context.Context, r SweepRequest) (SweepResult, error) {
	at := g.Now()
	result, err := g.sweep(ctx, r)
	if !r.DryRun {
		g.cleaning.note(Cleaned{At: at, By: r.By.Person, Result: result, Err: err})
	}
	return result, err
}

func (g *Stagings) sweep(ctx context.Context, r SweepRequest) (SweepResult, error) {
	r.By.Via, r.MaxShare = staging.ViaSweep, cmp.Or(r.MaxShare, DefaultMaxShare)
	s, err := g.startSweep(ctx, r)
	if err != nil {
		return SweepResult{}, err
	}
	around := project.Surroundings{Now: g.Now(), MaxShare: r.MaxShare}
	if g.Heads != nil {
		s.result.Repositories, around.Branches = hear(ctx, g.Heads, s.project.Repositories())
	}
	if around.TornDown, err = s.tornDown(ctx); err != nil {
		return SweepResult{}, err
	}
	s.findOrphans(around.Now)
	decisions := s.project.Sweep(s.records, around)
	if err := s.carryOut(ctx, decisions); err != nil {
		return SweepResult{}, err
	}
	slices.SortFunc(s.result.Items, func(a, b Swept) int { return strings.Compare(a.Staging, b.Staging) })
	return s.result, nil
}

// sweeping is one sweep at work.
type sweeping struct {
	*Stagings
	request SweepRequest
	tree    *envrepo.Tree
	project *project.Project
	records []staging.Staging
	cluster Cluster
	seen    *sight // nil without an Argo CD
	result  SweepResult
}

// startSweep reads everything that is to be looked at.
func (g *Stagings) startSweep(ctx context.Context, r SweepRequest) (*sweeping, error) {
	tree, p, err := g.latest(ctx)
	if err != nil {
		return nil, err
	}
	s := &sweeping{Stagings: g, request: r, tree: tree, project: p}
	s.result.Revision = tree.Revision()
	names, err := tree.Names()
	if err == nil {
		err = tree.LoadRecords(ctx, names)
	}
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		record, err := tree.Staging(name)
		if err != nil {
			s.result.Items = append(s.result.Items, Swept{Decision: project.Decision{Staging: name, Step: project.StepKeep}, Err: err})
			continue
		}
		s.records = append(s.records, record)
	}
	s.cluster, s.seen = g.sight(ctx, p)
	return s, nil
}

// askedAtOnce bounds the questions to forges that are under way together.
const askedAtOnce = 8

// hear asks every repository for its branches. One that does not answer, or has
// none, says nothing of any branch.
func hear(ctx context.Context, in Heads, repositories []string) ([]Heard, map[string][]string) {
	branches := map[string][]string{}
	heard := make([]Heard, len(repositories))
	var mu sync.Mutex
	var work errgroup.Group
	work.SetLimit(askedAtOnce)
	for i, repository := range repositories {
		work.Go(func() error {
			heads, err := in.Heads(ctx, repository)
			if err == nil && len(heads) == 0 {
				err = staging.Errorf(staging.CodeUnavailable, "%s lists no branch at all, which is not believed", repository)
			}
			heard[i] = Heard{Repository: repository, Branches: len(heads), Err: err}
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				branches[repository] = slices.Collect(maps.Keys(heads))
			}
			return nil
		})
	}
	_ = work.Wait() // nothing in it fails
	return heard, branches
}

// tornDown asks which teardowns are over.
func (s *sweeping) tornDown(ctx context.Context) (map[string]bool, error) {
	over := map[string]bool{}
	var views []staging.View
	for _, r := range s.records {
		if r.Spec.State == staging.Deleting {
			views = append(views, view(s.project, r, s.tree.Revision()))
		}
	}
	if s.seen == nil || len(views) == 0 {
		return over, nil
	}
	err := s.newJudge(s.cluster, s.tree, s.project).tellAll(ctx, s.seen, views)
	for _, v := range views {
		over[v.Metadata.Name] = v.Status.Phase == staging.PhaseDeleting && v.Status.Reason == staging.TeardownDone
	}
	return over, err
}

// orphanAfter is how long the two sides may disagree: a commit has to be seen first.
const orphanAfter = 10 * time.Minute

// findOrphans compares the env repo with Argo CD, as far as it can be asked.
func (s *sweeping) findOrphans(now time.Time) {
	if s.seen == nil || s.seen.cause != nil {
		return
	}
	for _, r := range s.records {
		turned := r.Spec.Created.At
		if r.Spec.Since != nil {
			turned = r.Spec.Since.At
		}
		if !s.seen.has(r.Name) && now.Sub(turned) > orphanAfter {
			s.result.Orphans = append(s.result.Orphans, Orphan{r.Name, "envs", "Argo CD has no Application for it"})
		}
	}
	for name, app := range s.seen.apps {
		switch {
		case s.tree.Has(name):
		case app.DeletedAt == nil:
			s.result.Orphans = append(s.result.Orphans, Orphan{name, "argocd", "Application " + app.Name + " has no staging, and is not being removed"})
		case now.Sub(*app.DeletedAt) > orphanAfter:
			s.result.Orphans = append(s.result.Orphans, Orphan{name, "argocd", "Application " + app.Name + " has no staging, and its removal does not end"})
		}
	}
	slices.SortFunc(s.result.Orphans, func(a, b Orphan) int { return strings.Compare(a.Name, b.Name) })
}

// carryOut commits what was decided.
func (s *sweeping) carryOut(ctx context.Context, decisions []project.Decision) error {
	first := len(s.result.Items)
	var requests []Request
	var at []int // the item of each request
	paths := []string{project.File, "templates", "jsonnet"}
	for i, d := range decisions {
		s.result.Items = append(s.result.Items, Swept{Decision: d})
		if a, changes := d.Action(); changes {
			requests = append(requests, Request{Action: a, By: s.request.By, DryRun: s.request.DryRun, Version: Version(s.records[i])})
			at = append(at, first+i)
			paths = append(paths, envrepo.StagingDir(d.Staging))
		}
	}
	if len(requests) == 0 {
		return nil
	}
	if err := s.tree.Prefetch(ctx, paths...); err != nil {
		return err
	}
	results, errs := s.applyAll(ctx, s.tree, requests, s.planAction)
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
