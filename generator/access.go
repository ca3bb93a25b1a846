package generator

import (
	"context"
	"time"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Access is the stagings as one asker may use them: what is beyond the asker's
// rights is refused, and what is not for their role is left out of every answer.
// The doors for people and programs, web and httpapi, have nothing else.
type Access struct {
	stagings *Stagings
	feed     *Feed
	by       Asker
}

// As gives an asker access. The feed is that of the same stagings.
func (g *Stagings) As(by Asker, feed *Feed) *Access { return &Access{stagings: g, feed: feed, by: by} }

// By gives who asks.
func (a *Access) By() Asker { return a.by }

// rules reads the project, which says who may do what, and refuses who may not.
func (a *Access) rules(ctx context.Context, verb staging.Verb, names ...string) (veil, error) {
	p, err := a.stagings.Project(ctx)
	if err != nil { // there are those whose role does not depend on the project
		return newVeil(&project.Project{}, a.by.Rights), err
	}
	if err := a.by.may(p, verb, ""); verb == Read && err != nil {
		return veil{}, err
	}
	for _, name := range names {
		if err := a.by.may(p, verb, name); err != nil {
			return veil{}, err
		}
	}
	return newVeil(p, a.by.Rights), nil
}

// Sees tells whether a part of what is known is for the asker.
func (a *Access) Sees(ctx context.Context, part project.Part) (bool, error) {
	v, err := a.rules(ctx, Read)
	return v.shows(part), err
}

// Role gives the asker's role.
func (a *Access) Role(ctx context.Context) (project.Role, error) {
	v, err := a.rules(ctx, Read)
	return v.role, a.told(v, err)
}

// Project gives octopod.yaml without what is not for the asker.
func (a *Access) Project(ctx context.Context) (*project.Project, error) {
	v, err := a.rules(ctx, Read)
	if err != nil {
		return nil, a.told(v, err)
	}
	return v.project(), nil
}

// Apply carries out an action as the asker. The feed tells of it at once, and
// Argo CD is made to look in the background.
func (a *Access) Apply(ctx context.Context, r Request) (Result, error) {
	v, err := a.rules(ctx, Read)
	if err != nil {
		return Result{}, a.told(v, err)
	}
	if r.Action.Name != "" { // else the branch tells it, in the use case
		if err := a.by.may(v.p, r.Action.Verb, r.Action.Name); err != nil {
			return Result{}, err
		}
	}
	r.By = a.by
	result, err := a.stagings.Apply(ctx, r)
	if err != nil {
		return Result{}, a.told(v, err)
	}
	if result.Changed && !r.DryRun {
		a.feed.Committed(result.Plan)
	}
	return v.result(result), nil
}

// Find lists stagings, as they are at this moment.
func (a *Access) Find(ctx context.Context, q Query) ([]staging.View, error) {
	v, err := a.rules(ctx, Read, q.Names...)
	if err != nil {
		return nil, a.told(v, err)
	}
	if err := v.mayAsk(q); err != nil {
		return nil, err
	}
	found, err := a.stagings.Find(ctx, q)
	if err != nil {
		return nil, a.told(v, err)
	}
	views := []staging.View{}
	for _, view := range found {
		if a.by.may(v.p, Read, view.Metadata.Name) == nil {
			views = append(views, *v.view(&view))
		}
	}
	return views, nil
}

// Views lists all stagings as the feed knows them, and says how far that can be
// trusted. Nobody may change them.
func (a *Access) Views(ctx context.Context) ([]*staging.View, Freshness, error) {
	v, err := a.rules(ctx, Read)
	if err != nil {
		return nil, Freshness{}, a.told(v, err)
	}
	known, fresh := a.feed.Views()
	views := make([]*staging.View, 0, len(known))
	for _, view := range known {
		if a.by.may(v.p, Read, view.Metadata.Name) == nil {
			views = append(views, v.view(view))
		}
	}
	return views, v.freshness(fresh), nil
}

// Watch tells what a query chooses and how it changes.
func (a *Access) Watch(ctx context.Context, q Query, handle func(News)) error {
	v, err := a.rules(ctx, Read, q.Names...)
	if err != nil {
		return a.told(v, err)
	}
	if err := v.mayAsk(q); err != nil {
		return err
	}
	return a.told(v, a.feed.Watch(ctx, q, func(n News) {
		if shown := a.news(v, &n); shown != nil {
			handle(*shown)
		}
	}))
}

// rulesFor is how long somebody who follows goes by the rules that were read last.
const rulesFor = time.Minute

// Subscribe follows the feed, as Feed.Subscribe does, and gives the function
// that takes the next update. It ends when the asker may no longer look; while
// octopod.yaml cannot be read, what it said before counts.
func (a *Access) Subscribe(ctx context.Context, q Query, after uint64) (next func(context.Context) (Update, error), err error) {
	v, err := a.rules(ctx, Read, q.Names...)
	if err != nil {
		return nil, a.told(v, err)
	}
	if err := v.mayAsk(q); err != nil {
		return nil, err
	}
	s, err := a.feed.Subscribe(ctx, after)
	if err != nil {
		return nil, err
	}
	chosen, read := q.follow(after != 0), a.feed.now()
	return func(ctx context.Context) (Update, error) {
		for {
			u, err := s.Next(ctx)
			if err != nil {
				return Update{}, err
			}
			if now := a.feed.now(); now.Sub(read) > rulesFor {
				newer, err := a.rules(ctx, Read, q.Names...)
				if err == nil {
					v, err = newer, newer.mayAsk(q)
				}
				if staging.CodeOf(err) == staging.CodeForbidden {
					return Update{}, err
				}
				read = now
			}
			if n := chosen(u.News); n != nil {
				if n = a.news(v, n); n != nil {
					return Update{n, u.Sequence}, nil
				}
			}
		}
	}, nil
}

// CatchUp waits until the feed has told what is in the env repo now.
func (a *Access) CatchUp(ctx context.Context) error { return a.feed.CatchUp(ctx) }

// news is one piece of news as the asker may have it; nil when it is not theirs.
func (a *Access) news(v veil, n *News) *News {
	shown := *n
	switch n.Kind {
	case Changed, Gone:
		if a.by.may(v.p, Read, n.Staging.Metadata.Name) != nil {
			return nil
		}
		shown.Staging = *v.view(&n.Staging)
	case Stale, Away:
		shown.Err = v.err(n.Err)
	}
	return &shown
}

// Manifests gives the objects at a revision, "" being now, without secrets.
func (a *Access) Manifests(ctx context.Context, name, revision string) ([]staging.Object, error) {
	v, err := a.rules(ctx, Read, name)
	if err == nil {
		err = v.must(project.PartFiles)
	}
	if err != nil {
		return nil, a.told(v, err)
	}
	objects, err := a.stagings.Manifests(ctx, name, revision)
	_, objects = maskSecrets(nil, objects)
	return objects, a.told(v, err)
}

// Drift gives the objects as committed, and as generating them now would give.
func (a *Access) Drift(ctx context.Context, name string) (before, after []staging.Object, err error) {
	v, err := a.rules(ctx, Read, name)
	if err == nil {
		err = v.must(project.PartFiles)
	}
	if err != nil {
		return nil, nil, a.told(v, err)
	}
	before, after, err = a.stagings.Drift(ctx, name, nil)
	before, after = maskSecrets(before, after)
	return before, after, a.told(v, err)
}

// caretaker refuses who does not look after the env repo. An octopod.yaml that
// is broken is what they look for.
func (a *Access) caretaker(ctx context.Context) (veil, error) {
	v, err := a.rules(ctx, Read)
	if staging.CodeOf(err) == staging.CodeInvalid {
		err = a.by.may(v.p, Read, "")
	}
	if err == nil {
		err = v.must(project.PartFiles)
	}
	return v, err
}

// Deliveries gives what webhooks told lately, newest first: to who looks after
// the env repo.
func (a *Access) Deliveries(ctx context.Context) ([]Delivery, error) {
	v, err := a.rules(ctx, Mend, "")
	if err != nil {
		return nil, a.told(v, err)
	}
	return a.stagings.Deliveries(), nil
}

// Explain says why a branch has a staging, or has none.
func (a *Access) Explain(ctx context.Context, branch string) (Explanation, error) {
	v, err := a.rules(ctx, Read)
	for _, part := range []project.Part{project.PartBranch, project.PartAuthor, project.PartHistory} {
		if err == nil {
			err = v.must(part)
		}
	}
	if err != nil {
		return Explanation{}, a.told(v, err)
	}
	e, err := a.stagings.explain(ctx, branch, v)
	if err == nil {
		err = a.by.may(v.p, Read, e.Staging)
	}
	if err != nil {
		return Explanation{}, a.told(v, err)
	}
	return e, nil
}

// Lint lists everything that is wrong with the env repo.
func (a *Access) Lint(ctx context.Context) ([]staging.Problem, error) {
	v, err := a.caretaker(ctx)
	if err != nil {
		return nil, a.told(v, err)
	}
	problems, err := a.stagings.Lint(ctx, nil)
	return problems, a.told(v, err)
}

// Diagnose looks at everything that must be right for stagings to come up.
func (a *Access) Diagnose(ctx context.Context) ([]Finding, error) {
	v, err := a.caretaker(ctx)
	if err != nil {
		return nil, a.told(v, err)
	}
	findings, err := a.stagings.Diagnose(ctx)
	return findings, a.told(v, err)
}

// Regenerate writes stagings out again.
func (a *Access) Regenerate(ctx context.Context, r RegenerateRequest) (RegenerateResult, error) {
	names := r.Names
	if len(names) == 0 {
		names = []string{""}
	}
	v, err := a.rules(ctx, staging.Regenerate, names...)
	if err != nil {
		return RegenerateResult{}, a.told(v, err)
	}
	r.By, r.Edits = a.by, nil
	result, err := a.stagings.Regenerate(ctx, r)
	if err == nil && !r.DryRun {
		a.feed.Committed(result.Plan)
	}
	return result, a.told(v, err)
}

// Mend writes the files that follow from octopod.yaml anew.
func (a *Access) Mend(ctx context.Context, dryRun bool) (Result, error) {
	v, err := a.rules(ctx, Mend, "")
	if err != nil {
		return Result{}, a.told(v, err)
	}
	result, err := a.stagings.Mend(ctx, a.by, dryRun)
	return result, a.told(v, err)
}

// Sweep does what is due. Each step follows from the lifecycle in octopod.yaml,
// so the asker needs the right to sweep alone, and not that to archive.
func (a *Access) Sweep(ctx context.Context, r SweepRequest) (SweepResult, error) {
	v, err := a.rules(ctx, Sweep, "")
	if err != nil {
		return SweepResult{}, a.told(v, err)
	}
	r.By = Asker{Person: a.by.Person, Request: a.by.Request}
	result, err := a.stagings.Sweep(ctx, r)
	if result.Changed && !r.DryRun {
		a.feed.Committed(result.Plan)
	}
	return result, a.told(v, err)
}

// told is an error as the asker may have it.
func (a *Access) told(v veil, err error) error {
	if err == nil || a.by.Rights == nil {
		return err
	}
	return v.err(err)
}

// mayAsk refuses to choose by what is not shown: the answer would tell it. What
// sounds like a secret is shown to nobody.
func (v veil) mayAsk(q Query) error {
	for _, t := range q.Where {
		switch {
		case !v.shows(t.part()):
			return staging.Errorf(staging.CodeForbidden, "the role %s cannot choose by what it does not see", v.role)
		case t.part() == project.PartSettings && v.masks(t.Field):
			return staging.Errorf(staging.CodeForbidden, "nobody can choose by %s: its value is not shown", t.Field)
		}
	}
	return nil
}

// part is where the field of a term is shown; "" for what everybody sees.
func (t Term) part() project.Part {
	switch t.Field {
	case "name", "title", "state", "pinned", "tested":
		return ""
	case "branch", "pr":
		return project.PartBranch
	case "author":
		return project.PartAuthor
	}
	return project.PartSettings
}
