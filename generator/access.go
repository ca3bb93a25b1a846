package generator

import (
	"context"
	"slices"
	"time"

	"octopod/generator/change"
	"octopod/generator/doctor"
	"octopod/generator/lifecycle"
	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/receiver"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// Access is the stagings as one actor may use them: what is beyond the actor's
// rights is refused, and what is not for their role is left out of every answer.
// The doors for people and programs, web and httpapi, have nothing else.
type Access struct {
	stagings *Stagings
	feed     *live.Feed
	by       rights.Actor
}

// As gives an actor access. The feed is that of the same stagings.
func (g *Stagings) As(by rights.Actor, feed *live.Feed) *Access {
	return &Access{stagings: g, feed: feed, by: by}
}

// By gives who asks.
func (a *Access) By() rights.Actor { return a.by }

// authorize reads the project, which says who may do what, and refuses who may not.
func (a *Access) authorize(ctx context.Context, verb staging.Verb, names ...string) (rights.Visibility, error) {
	p, err := a.stagings.Project(ctx)
	if err != nil { // there are those whose role does not depend on the project
		return rights.NewVisibility(&project.Project{}, a.by.Rights), err
	}
	if err := a.by.Authorize(p, verb, ""); verb == rights.Read && err != nil {
		return rights.Visibility{}, err
	}
	for _, name := range names {
		if err := a.by.Authorize(p, verb, name); err != nil {
			return rights.Visibility{}, err
		}
	}
	return rights.NewVisibility(p, a.by.Rights), nil
}

// Role gives the actor's role.
func (a *Access) Role(ctx context.Context) (project.Role, error) {
	v, err := a.authorize(ctx, rights.Read)
	return v.Role, a.redactError(v, err)
}

// Project gives octopod.yaml without what is not for the actor.
func (a *Access) Project(ctx context.Context) (*project.Project, error) {
	v, err := a.authorize(ctx, rights.Read)
	if err != nil {
		return nil, a.redactError(v, err)
	}
	return v.RedactProject(), nil
}

// Apply carries out an action as the actor. The feed tells of it at once, and
// Argo CD is made to look in the background.
func (a *Access) Apply(ctx context.Context, r change.Request) (change.Result, error) {
	v, err := a.authorize(ctx, rights.Read)
	if err != nil {
		return change.Result{}, a.redactError(v, err)
	}
	if r.Action.Name != "" { // else the branch tells it, in the use case
		if err := a.by.Authorize(v.Project, r.Action.Verb, r.Action.Name); err != nil {
			return change.Result{}, err
		}
	}
	r.By = a.by
	result, err := a.stagings.Apply(ctx, r)
	if err != nil {
		return change.Result{}, a.redactError(v, err)
	}
	if result.Changed && !r.DryRun {
		a.feed.QueueRefresh(result.Plan)
	}
	return redactResult(v, result), nil
}

// Find lists stagings, as they are at this moment.
func (a *Access) Find(ctx context.Context, q staging.Query) ([]staging.View, error) {
	v, err := a.authorize(ctx, rights.Read, q.Names...)
	if err != nil {
		return nil, a.redactError(v, err)
	}
	if err := authorizeQuery(v, q); err != nil {
		return nil, err
	}
	found, err := a.stagings.Find(ctx, q)
	if err != nil {
		return nil, a.redactError(v, err)
	}
	views := []staging.View{}
	for _, view := range found {
		if a.by.Authorize(v.Project, rights.Read, view.Metadata.Name) == nil {
			views = append(views, *v.Redact(&view))
		}
	}
	return views, nil
}

// Views lists all stagings as the feed knows them, and says how far that can be
// trusted. Nobody may change them.
func (a *Access) Views(ctx context.Context) ([]*staging.View, live.Freshness, error) {
	v, err := a.authorize(ctx, rights.Read)
	if err != nil {
		return nil, live.Freshness{}, a.redactError(v, err)
	}
	known, fresh := a.feed.Views()
	views := make([]*staging.View, 0, len(known))
	for _, view := range known {
		if a.by.Authorize(v.Project, rights.Read, view.Metadata.Name) == nil {
			views = append(views, v.Redact(view))
		}
	}
	return views, redactFreshness(v, fresh), nil
}

// Watch tells what a query chooses and how it changes.
func (a *Access) Watch(ctx context.Context, q staging.Query, handle func(live.Event)) error {
	v, err := a.authorize(ctx, rights.Read, q.Names...)
	if err != nil {
		return a.redactError(v, err)
	}
	if err := authorizeQuery(v, q); err != nil {
		return err
	}
	return a.redactError(v, a.feed.Watch(ctx, q, func(n live.Event) {
		if shown := a.redactEvent(v, &n); shown != nil {
			handle(*shown)
		}
	}))
}

// visibilityTTL is how long somebody who follows goes by the rules that were read last.
const visibilityTTL = time.Minute

// Subscribe follows the feed and returns the function that takes the next update:
// after 0 as Feed.SubscribeFresh does, else as Feed.Subscribe. It ends when the
// actor may no longer look; while octopod.yaml cannot be read, what it said
// before counts.
func (a *Access) Subscribe(ctx context.Context, q staging.Query, after uint64) (next func(context.Context) (live.Update, error), err error) {
	v, err := a.authorize(ctx, rights.Read, q.Names...)
	if err != nil {
		return nil, a.redactError(v, err)
	}
	if err := authorizeQuery(v, q); err != nil {
		return nil, err
	}
	var s *live.Subscription
	if after == 0 {
		s, err = a.feed.SubscribeFresh(ctx)
	} else {
		s, err = a.feed.Subscribe(ctx, after)
	}
	if err != nil {
		return nil, err
	}
	chosen, read := live.Filter(q, after != 0), a.feed.Now()
	return func(ctx context.Context) (live.Update, error) {
		for {
			u, err := s.Next(ctx)
			if err != nil {
				return live.Update{}, err
			}
			if now := a.feed.Now(); now.Sub(read) > visibilityTTL {
				newer, err := a.authorize(ctx, rights.Read, q.Names...)
				if err == nil {
					v, err = newer, authorizeQuery(newer, q)
				}
				if staging.CodeOf(err) == staging.CodeForbidden {
					return live.Update{}, err
				}
				read = now
			}
			if n := chosen(u.Event); n != nil {
				if n = a.redactEvent(v, n); n != nil {
					return live.Update{Event: n, Sequence: u.Sequence}, nil
				}
			}
		}
	}, nil
}

// CatchUp waits until the feed has told what is in the env repo now.
func (a *Access) CatchUp(ctx context.Context) error { return a.feed.CatchUp(ctx) }

// redactEvent is one piece of news as the actor may have it; nil when it is not theirs.
func (a *Access) redactEvent(v rights.Visibility, n *live.Event) *live.Event {
	shown := *n
	switch n.Kind {
	case live.Modified, live.Deleted:
		if a.by.Authorize(v.Project, rights.Read, n.Staging.Metadata.Name) != nil {
			return nil
		}
		shown.Staging = *v.Redact(&n.Staging)
	case live.RepoDown, live.ArgoDown:
		shown.Err = v.RedactError(n.Err)
	}
	return &shown
}

// Manifests gives the objects at a revision, "" being now, without secrets.
func (a *Access) Manifests(ctx context.Context, name, revision string) ([]staging.Object, error) {
	v, err := a.authorize(ctx, rights.Read, name)
	if err == nil {
		err = v.Require(project.SectionFiles)
	}
	if err != nil {
		return nil, a.redactError(v, err)
	}
	objects, err := a.stagings.Manifests(ctx, name, revision)
	_, objects = change.MaskSecrets(nil, objects)
	return objects, a.redactError(v, err)
}

// Drift gives the objects as committed, and as generating them now would give.
func (a *Access) Drift(ctx context.Context, name string) (before, after []staging.Object, err error) {
	v, err := a.authorize(ctx, rights.Read, name)
	if err == nil {
		err = v.Require(project.SectionFiles)
	}
	if err != nil {
		return nil, nil, a.redactError(v, err)
	}
	before, after, err = a.stagings.Drift(ctx, name, nil)
	before, after = change.MaskSecrets(before, after)
	return before, after, a.redactError(v, err)
}

// requireMaintainer refuses who does not look after the env repo. An octopod.yaml that
// is broken is what they look for.
func (a *Access) requireMaintainer(ctx context.Context) (rights.Visibility, error) {
	v, err := a.authorize(ctx, rights.Read)
	if staging.CodeOf(err) == staging.CodeInvalid {
		err = a.by.Authorize(v.Project, rights.Read, "")
	}
	if err == nil {
		err = v.Require(project.SectionFiles)
	}
	return v, err
}

// Deliveries gives what webhooks told lately, newest first: to who looks after
// the env repo.
func (a *Access) Deliveries(ctx context.Context) ([]receiver.Delivery, error) {
	v, err := a.authorize(ctx, rights.Fix, "")
	if err != nil {
		return nil, a.redactError(v, err)
	}
	return a.stagings.Deliveries(), nil
}

// Explain says why a branch has a staging, or has none.
func (a *Access) Explain(ctx context.Context, branch string) (doctor.Explanation, error) {
	v, err := a.authorize(ctx, rights.Read)
	for _, part := range []project.Section{project.SectionBranch, project.SectionAuthor, project.SectionHistory} {
		if err == nil {
			err = v.Require(part)
		}
	}
	if err != nil {
		return doctor.Explanation{}, a.redactError(v, err)
	}
	e, err := a.stagings.ExplainTo(ctx, branch, v)
	if err == nil {
		err = a.by.Authorize(v.Project, rights.Read, e.Staging)
	}
	if err != nil {
		return doctor.Explanation{}, a.redactError(v, err)
	}
	return e, nil
}

// Lint lists everything that is wrong with the env repo.
func (a *Access) Lint(ctx context.Context) ([]staging.Problem, error) {
	v, err := a.requireMaintainer(ctx)
	if err != nil {
		return nil, a.redactError(v, err)
	}
	problems, err := a.stagings.Lint(ctx, nil)
	return problems, a.redactError(v, err)
}

// Diagnose looks at everything that must be right for stagings to come up.
func (a *Access) Diagnose(ctx context.Context) ([]doctor.Finding, error) {
	v, err := a.requireMaintainer(ctx)
	if err != nil {
		return nil, a.redactError(v, err)
	}
	findings, err := a.stagings.Diagnose(ctx)
	return findings, a.redactError(v, err)
}

// Regenerate writes stagings out again.
func (a *Access) Regenerate(ctx context.Context, r change.RegenerateRequest) (change.RegenerateResult, error) {
	names := r.Names
	if len(names) == 0 {
		names = []string{""}
	}
	v, err := a.authorize(ctx, staging.Regenerate, names...)
	if err != nil {
		return change.RegenerateResult{}, a.redactError(v, err)
	}
	r.By, r.Edits = a.by, nil
	result, err := a.stagings.Regenerate(ctx, r)
	if err == nil && !r.DryRun {
		a.feed.QueueRefresh(result.Plan)
	}
	return result, a.redactError(v, err)
}

// Fix rewrites the files derived from octopod.yaml.
func (a *Access) Fix(ctx context.Context, dryRun bool) (change.Result, error) {
	v, err := a.authorize(ctx, rights.Fix, "")
	if err != nil {
		return change.Result{}, a.redactError(v, err)
	}
	result, err := a.stagings.Fix(ctx, a.by, dryRun)
	return result, a.redactError(v, err)
}

// Sweep does what is due. Each step follows from the lifecycle in octopod.yaml,
// so the actor needs the right to sweep alone, and not that to archive.
func (a *Access) Sweep(ctx context.Context, r lifecycle.SweepRequest) (lifecycle.SweepResult, error) {
	v, err := a.authorize(ctx, rights.Sweep, "")
	if err != nil {
		return lifecycle.SweepResult{}, a.redactError(v, err)
	}
	r.By = rights.Actor{Person: a.by.Person, Request: a.by.Request}
	result, err := a.stagings.Sweep(ctx, r)
	if result.Changed && !r.DryRun {
		a.feed.QueueRefresh(result.Plan)
	}
	return result, a.redactError(v, err)
}

// redactError is an error as the actor may have it.
func (a *Access) redactError(v rights.Visibility, err error) error {
	if err == nil || a.by.Rights == nil {
		return err
	}
	return v.RedactError(err)
}

// authorizeQuery refuses to choose by what is not shown: the answer would tell it. What
// sounds like a secret is shown to nobody.
func authorizeQuery(v rights.Visibility, q staging.Query) error {
	for _, r := range q.Selector {
		switch {
		case !v.Shows(sectionOf(r)):
			return staging.Errorf(staging.CodeForbidden, "the role %s cannot choose by what it does not see", v.Role)
		case sectionOf(r) == project.SectionSettings && v.Masks(r.Field):
			return staging.Errorf(staging.CodeForbidden, "nobody can choose by %s: its value is not shown", r.Field)
		}
	}
	return nil
}

// sectionOf is where the field of a requirement is shown; "" for what everybody sees.
func sectionOf(r staging.Requirement) project.Section {
	switch r.Field {
	case "name", "title", "state", "pinned", "tested":
		return ""
	case "branch", "pr":
		return project.SectionBranch
	case "author":
		return project.SectionAuthor
	}
	return project.SectionSettings
}

// SweepStatus tells what the process that answers has swept last, and when it will
// again, by rules that were read before: to those who may sweep.
func (a *Access) SweepStatus(p *project.Project) (lifecycle.SweepStatus, error) {
	if err := a.by.Authorize(p, rights.Sweep, ""); err != nil {
		return lifecycle.SweepStatus{}, err
	}
	known := a.stagings.Sweeps.Current()
	if known.Last == nil {
		return known, nil
	}
	v, last := rights.NewVisibility(p, a.by.Rights), *known.Last
	last.Err = v.RedactError(last.Err)
	last.Result.Items = slices.Clone(last.Result.Items)
	for i := range last.Result.Items {
		last.Result.Items[i].Err = v.RedactError(last.Result.Items[i].Err)
	}
	last.Result.Repositories = slices.Clone(last.Result.Repositories)
	for i := range last.Result.Repositories {
		last.Result.Repositories[i].Err = v.RedactError(last.Result.Repositories[i].Err)
	}
	known.Last = &last
	return known, nil
}

func redactResult(v rights.Visibility, r change.Result) change.Result {
	if r.Staging != nil {
		r.Staging = v.Redact(r.Staging)
	}
	r.Changes = v.RedactDifferences(r.Changes)
	r.Before, r.After = change.MaskSecrets(r.Before, r.After)
	if !v.Shows(project.SectionFiles) {
		r.Plan, r.Before, r.After = []staging.PlanItem{}, nil, nil
	}
	return r
}

func redactFreshness(v rights.Visibility, f live.Freshness) live.Freshness {
	f.EnvRepo.Err, f.ArgoCD.Err = v.RedactError(f.EnvRepo.Err), v.RedactError(f.ArgoCD.Err)
	return f
}
