package live

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"octopod/generator/argocd"
	"octopod/generator/catalog"
	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/generator/status"
)

// How often a watch looks by itself. What Argo CD says of its Applications
// comes by itself.
const (
	tipEvery     = 2 * time.Second // the branch of the env repo
	underWay     = time.Second     // a staging under way: its pods change before its Application does
	failingEvery = 5 * time.Second // a staging that fails
)

// board is the state of one watch. One goroutine has it.
type board struct {
	*status.Evaluator
	asked  *asked // requests to look at the branch
	query  staging.Query
	handle func(News)
	seen   *status.Snapshot // nil without an Argo CD
	shown  map[string]shown
	missed map[string]miss
	asking sync.WaitGroup  // reminders under way
	listed map[string]bool // stagings whose Application the stream told of
	stale  bool
	dated  bool   // the history was read
	looks  uint64 // requests to look at the branch that are answered

	awaiting map[string]string // what stagings were last told to wait for
	awaits   uint64            // its number
}

func (g *Tracker) newBoard(ctx context.Context, q staging.Query, handle func(News)) (*board, error) {
	looks := g.asked.number()
	tip, p, err := g.Latest(ctx)
	if err != nil {
		return nil, err
	}
	b := &board{query: q, handle: handle, shown: map[string]shown{}, missed: map[string]miss{}, listed: map[string]bool{}, looks: looks, asked: &g.asked}
	cluster, seen := g.Snapshot(ctx, p)
	b.seen = seen
	b.Evaluator = g.NewEvaluator(cluster, tip, p)
	return b, nil
}

// run tells everything, and then every change.
func (b *board) run(ctx context.Context, events <-chan argocd.Event) error {
	if err := b.show(ctx, b.names()); err != nil {
		return err
	}
	b.handle(News{Kind: Complete, Looks: b.looks})
	if b.seen != nil && b.seen.Err != nil {
		b.handle(News{Kind: Away, Err: b.seen.Err})
	}
	if b.query.Dated {
		b.dated = true
		if err := b.show(ctx, b.names()); err != nil {
			b.postpone(b.names())
		}
	}
	tick, tips := time.NewTicker(underWay), time.NewTicker(tipEvery)
	defer tick.Stop()
	defer tips.Stop()
	for ctx.Err() == nil {
		var names []string
		looks := b.looks
		select {
		case e := <-events:
			names = b.take(e)
		case <-tick.C:
			names = b.due()
		case <-tips.C:
			names = b.advance(ctx)
		case <-b.Pending.Changed(b.awaits):
			names = b.waited()
		case <-b.asked.since(b.looks):
			looks = b.asked.number()
			names = b.advance(ctx)
		case <-ctx.Done():
		}
		if err := b.show(ctx, names); err != nil {
			b.postpone(names)
		}
		b.answer(looks)
		b.remind(ctx)
	}
	return ctx.Err()
}

// waited gives the stagings that waited for something, or do so now.
func (b *board) waited() []string {
	both := map[string]string{}
	maps.Copy(both, b.awaiting)
	b.awaiting, b.awaits = b.Pending.Current()
	maps.Copy(both, b.awaiting)
	var names []string
	for name := range both {
		names = append(names, b.chosen(name)...)
	}
	return names
}

// answer tells those who asked for a look that what came of it was told.
func (b *board) answer(looks uint64) {
	if looks != b.looks {
		b.looks = looks
		b.handle(News{Kind: Looked, Looks: looks})
	}
}

// vanished gives the stagings whose Application went before the stream was
// open: the stream has listed all that there are, and them not.
func (b *board) vanished() []string {
	var names []string
	for name := range b.seen.Apps {
		if !b.listed[name] {
			delete(b.seen.Apps, name)
			names = append(names, b.chosen(name)...)
		}
	}
	return names
}

// names are all stagings that the watch is about: those of the env repo, those
// that Argo CD still has, and those that were told of.
func (b *board) names() []string {
	all := map[string]bool{}
	if len(b.query.Names) > 0 {
		return b.query.Names
	}
	recorded, _ := b.Tip.Names() // the directory was read before
	for _, name := range recorded {
		all[name] = true
	}
	if b.seen != nil && b.query.Unfiltered() {
		for name := range b.seen.Apps {
			all[name] = true
		}
	}
	for name := range b.shown {
		all[name] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// take keeps what Argo CD says and gives the stagings that it is about.
func (b *board) take(e argocd.Event) []string {
	switch e.Kind {
	case argocd.Changed:
		b.listed[e.Application.Staging] = true
		if old, known := b.seen.Apps[e.Application.Staging]; known && old.Version == e.Application.Version {
			return nil
		}
		b.put(e.Application.Staging, &e.Application)
	case argocd.Removed:
		b.put(e.Application.Staging, nil)
	case argocd.Away:
		b.seen = &status.Snapshot{Apps: b.seen.Apps, AwaySince: b.Now(), Err: e.Err}
		b.handle(News{Kind: Away, Err: e.Err})
		return b.names()
	case argocd.Listed:
		return b.vanished()
	case argocd.Back:
		b.seen = &status.Snapshot{Apps: b.seen.Apps}
		b.handle(News{Kind: Back})
		return b.names()
	}
	return b.chosen(e.Application.Staging)
}

func (b *board) put(name string, app *staging.Application) {
	if b.seen.Apps == nil {
		b.seen.Apps = map[string]staging.Application{}
	}
	if app == nil {
		delete(b.seen.Apps, name)
		return
	}
	b.seen.Apps[name] = *app
}

// chosen gives a name that the query is about.
func (b *board) chosen(name string) []string {
	if len(b.query.Names) > 0 && !slices.Contains(b.query.Names, name) {
		return nil
	}
	return []string{name}
}

// due gives the stagings that it is time to look at again.
func (b *board) due() []string {
	var names []string
	now := b.Now()
	for name, s := range b.shown {
		if !s.next.IsZero() && !s.next.After(now) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// advance reads the branch, and gives the stagings that are different there.
func (b *board) advance(ctx context.Context) []string {
	tip, p, err := b.Latest(ctx)
	if err != nil {
		if !b.stale && ctx.Err() == nil {
			b.stale = true
			b.handle(News{Kind: Stale, Err: err})
		}
		return nil
	}
	if b.stale {
		b.stale = false
		b.handle(News{Kind: Fresh})
	}
	before := b.Tip
	if tip.Revision() == before.Revision() {
		return nil
	}
	b.SetTip(tip, p)
	if !catalog.SameAt(before, tip, project.File) {
		return b.names()
	}
	return slices.DeleteFunc(b.names(), func(name string) bool {
		return catalog.SameAt(before, tip, staging.Dir(name))
	})
}

// show tells what is new of the named stagings.
func (b *board) show(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	views, err := b.look(ctx, names)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, v := range views {
		there[v.Metadata.Name] = true
		if err := b.tellOne(ctx, v); err != nil {
			return err
		}
	}
	for _, name := range names {
		if !there[name] {
			b.forget(name)
		}
	}
	return nil
}

// look shows the named stagings as they are now. Those that left no trace are
// left out.
func (b *board) look(ctx context.Context, names []string) ([]staging.View, error) {
	var recorded []string
	var views []staging.View
	for _, name := range names {
		exists, err := b.Tip.Has(name)
		if err != nil {
			return nil, err
		}
		if exists && staging.IsLabel(name) {
			recorded = append(recorded, name)
		} else if b.seen != nil && (b.seen.Has(name) || !b.seen.AwaySince.IsZero() && b.shown[name].view.Metadata.Name != "") {
			views = append(views, status.RemovedView(name))
		}
	}
	known, err := catalog.Views(ctx, b.Tip, b.Project, b.query, recorded)
	if err != nil {
		return nil, err
	}
	views = append(views, known...)
	if b.seen != nil {
		err = b.EvaluateAll(ctx, b.seen, views)
	}
	b.Pending.Annotate(views)
	return views, err
}

// tellOne tells of a staging unless that was told before.
func (b *board) tellOne(ctx context.Context, v staging.View) error {
	name, now := v.Metadata.Name, b.Now().UTC()
	content, err := b.Tip.Content(ctx, name)
	if err != nil {
		return err
	}
	old, known := b.shown[name]
	v.Status.Since = &now
	if known && old.view.Status.Phase == v.Status.Phase {
		v.Status.Since = old.view.Status.Since
	}
	if b.dated {
		if v.Status.Changed, err = b.lastChange(ctx, name); err != nil {
			return err
		}
	}
	v.Status.Timings = carried(old, v, content, now)
	seen := shown{view: v, content: content, next: nextLook(v, now)}
	seen.remember(old, now)
	seen.view.Rollouts = append(seen.view.Rollouts, seen.past...)
	b.shown[name], v = seen, seen.view
	if !known || news(old.view, v) {
		b.handle(News{Kind: Changed, Staging: v})
	}
	return nil
}

// lastChange is when a commit last touched a staging.
func (b *board) lastChange(ctx context.Context, name string) (*time.Time, error) {
	events, err := b.Repo.History(ctx, name, 1)
	if err != nil || len(events) == 0 {
		return nil, err
	}
	at := events[0].At.UTC()
	return &at, nil
}

// postpone looks at stagings again later, as the env repo could not be read.
func (b *board) postpone(names []string) {
	for _, name := range names {
		s := b.shown[name]
		s.next = b.Now().Add(underWay)
		b.shown[name] = s
	}
}

func (b *board) forget(name string) {
	old := b.shown[name]
	delete(b.shown, name)
	delete(b.missed, name)
	if old.view.Metadata.Name != "" {
		b.handle(News{Kind: Gone, Staging: old.view})
	}
}
