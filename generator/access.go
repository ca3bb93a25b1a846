package generator

import (
	"context"
	"errors"
	"time"

	"octopod/generator/change"
	"octopod/generator/envrepo"
	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// Access is Stagings for one actor: it rejects what the actor may not do and removes
// from every answer what their role may not see. The doors, web and httpapi, use
// nothing else.
type Access struct {
	stagings *Stagings
	feed     *live.Feed
	by       rights.Actor
}

// As returns the Access of an actor. The feed must be that of the same stagings.
func (g *Stagings) As(by rights.Actor, feed *live.Feed) *Access {
	return &Access{stagings: g, feed: feed, by: by}
}

// By returns the actor.
func (a *Access) By() rights.Actor { return a.by }

// authorize checks, by the octopod.yaml in memory, that the actor may use a verb on the named
// stagings. A change is authorized again on the commit that it builds on.
func (a *Access) authorize(ctx context.Context, verb staging.Verb, names ...string) (rights.Visibility, error) {
	p, err := a.stagings.Project(envrepo.FromMemory(ctx))
	if err != nil { // token roles do not depend on octopod.yaml, so build the visibility anyway
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
	if err := a.by.CheckProject(p, verb); err != nil {
		return rights.Visibility{}, err
	}
	return rights.NewVisibility(p, a.by.Rights), nil
}

// readOnly returns the context of a request: one that changes nothing reads from memory.
func readOnly(ctx context.Context, dryRun bool) context.Context {
	if dryRun {
		return envrepo.FromMemory(ctx)
	}
	return ctx
}

// Role returns the actor's role.
func (a *Access) Role(ctx context.Context) (project.Role, error) {
	v, err := a.authorize(ctx, rights.Read)
	return v.Role, a.redactError(v, err)
}

// Project returns octopod.yaml without the parts that the actor may not see.
func (a *Access) Project(ctx context.Context) (*project.Project, error) {
	v, err := a.authorize(ctx, rights.Read)
	if err != nil {
		return nil, a.redactError(v, err)
	}
	return v.RedactProject(), nil
}

// Apply carries out an action as the actor. It wakes the feed and refreshes Argo CD in
// the background.
func (a *Access) Apply(ctx context.Context, r change.Request) (change.Result, error) {
	v, err := a.authorize(ctx, rights.Read)
	if err != nil {
		return change.Result{}, a.redactError(v, err)
	}
	if r.Action.Name != "" { // otherwise Apply derives it from the branch, and authorizes
		if err := a.by.Authorize(v.Project, r.Action.Verb, r.Action.Name); err != nil {
			return change.Result{}, err
		}
	}
	r.By = a.by
	result, err := a.stagings.Apply(readOnly(ctx, r.DryRun), r)
	if err != nil {
		return change.Result{}, a.redactError(v, err)
	}
	if result.Changed && !r.DryRun {
		a.feed.QueueRefresh(result.Plan)
	}
	return result.Redact(v, a.by), nil
}

// Views lists all stagings from the feed and reports how fresh they are. The views are
// shared: do not modify them.
func (a *Access) Views(ctx context.Context) ([]*staging.View, live.Freshness, error) {
	v, err := a.authorize(ctx, rights.Read)
	if err != nil {
		return nil, live.Freshness{}, a.redactError(v, err)
	}
	entries, fresh := (&Known{a, v}).Entries()
	views := make([]*staging.View, entries.Len())
	for i := range views {
		views[i] = v.Redact(entries.At(i).known)
	}
	return views, fresh, nil
}

// Watch calls handle with the stagings that match a query, and then with every change.
func (a *Access) Watch(ctx context.Context, q staging.Query, handle func(live.Event)) error {
	v, err := a.authorize(ctx, rights.Read, q.Names...)
	if err != nil {
		return a.redactError(v, err)
	}
	if err := v.CheckQuery(q); err != nil {
		return err
	}
	return a.redactError(v, a.feed.Watch(ctx, q, func(n live.Event) {
		if shown := a.redactEvent(v, &n); shown != nil {
			handle(*shown)
		}
	}))
}

// visibilityTTL is how long a subscription uses the octopod.yaml that it read last.
const visibilityTTL = time.Minute

// Subscribe follows the feed and returns the function that waits for the next update:
// after 0 as Feed.SubscribeFresh does, otherwise as Feed.Subscribe. It ends when the
// actor loses the right to read. While octopod.yaml cannot be read, the last one
// applies.
func (a *Access) Subscribe(ctx context.Context, q staging.Query, after uint64) (next func(context.Context) (live.Update, error), err error) {
	v, err := a.authorize(ctx, rights.Read, q.Names...)
	if err != nil {
		return nil, a.redactError(v, err)
	}
	if err := v.CheckQuery(q); err != nil {
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
					v, err = newer, newer.CheckQuery(q)
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

// CatchUp waits until the feed shows every commit of this server. It does not wait for git.
func (a *Access) CatchUp(ctx context.Context) error { return a.feed.CatchUp(ctx) }

// redactEvent returns a copy of an event for the actor, nil when they may not read the
// staging.
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

// Manifests returns the objects at a revision with masked secrets; "" is the tip.
func (a *Access) Manifests(ctx context.Context, name, revision string) ([]staging.Object, error) {
	v, err := a.authorize(ctx, rights.Read, name)
	if err == nil {
		err = v.Require(project.SectionFiles)
	}
	if err != nil {
		return nil, a.redactError(v, err)
	}
	objects, err := a.stagings.Manifests(envrepo.FromMemory(ctx), name, revision)
	_, objects = change.MaskSecrets(nil, objects)
	return objects, a.redactError(v, err)
}

// Drift returns the objects as committed, and as generating them now would give, with
// masked secrets.
func (a *Access) Drift(ctx context.Context, name string) (before, after []staging.Object, err error) {
	v, err := a.authorize(ctx, rights.Read, name)
	if err == nil {
		err = v.Require(project.SectionFiles)
	}
	if err != nil {
		return nil, nil, a.redactError(v, err)
	}
	before, after, err = a.stagings.Drift(envrepo.FromMemory(ctx), name, nil)
	before, after = change.MaskSecrets(before, after)
	return before, after, a.redactError(v, err)
}

// redactError strips internals that the actor's role may not see, and the names of
// stagings that the actor may not read.
func (a *Access) redactError(v rights.Visibility, err error) error {
	if staging.IsForeignRefusal(err) { // the caller did nothing wrong
		err = staging.Errorf(staging.CodeUnavailable, "the credentials of the server itself were refused").Because(err).
			WithHint("an admin of the server must renew them; nothing was changed")
	}
	if err == nil || a.by.Rights == nil {
		return err
	}
	var named *staging.Error
	if errors.As(err, &named) && named.Staging != "" && v.Project != nil && a.by.Authorize(v.Project, rights.Read, named.Staging) != nil {
		err = named.WithoutStaging()
	}
	return v.RedactError(err)
}

// allNames is the name of no staging: only the right to read every staging covers it.
const allNames = "*"

func redactFreshness(v rights.Visibility, f live.Freshness) live.Freshness {
	f.EnvRepo.Err, f.ArgoCD.Err = v.RedactError(f.EnvRepo.Err), v.RedactError(f.ArgoCD.Err)
	return f
}
