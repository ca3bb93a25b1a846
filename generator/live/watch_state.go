package live

import (
	"cmp"
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

// How often a watch polls. Changes of Applications arrive as events.
const (
	pollTipEvery     = 2 * time.Second // the tip of the env repo
	pollActiveEvery  = time.Second     // a staging in transition: its pods change before its Application does
	pollFailingEvery = 5 * time.Second // a failing staging
)

// watchState is the state of one Watch call. It is confined to one goroutine.
type watchState struct {
	*status.Evaluator
	wakeups   *wakeups // requests to read the branch
	query     staging.Query
	handle    func(Event)
	argo      *status.Snapshot // nil without an Argo CD
	sent      map[string]lastSent
	overdue   map[string]overdue
	refreshes sync.WaitGroup // refreshes of Argo CD in progress
	arrived   chan string    // stagings of which Argo CD has answered late
	heartbeat heartbeat
	probe     probe
	probed    chan error      // results of probes
	named     map[string]bool // unknown revisions that Argo CD named, for which the branch was read
	listed    map[string]bool // stagings whose Application the stream has listed
	dated     bool            // Changed is filled in from the history

	tipErr   error            // why the branch could not be read
	unread   map[string]error // why stagings could not be read: a fault of the whole env repo
	repoDown bool             // RepoDown was sent, and not yet RepoUp

	wakes   uint64 // wake-ups answered so far
	tipSent string // revision of AtTip

	pending        map[string]staging.Names // services that stagings wait for, as published last
	pendingVersion uint64                   // version of pending
}

func (g *Tracker) newWatchState(ctx context.Context, q staging.Query, handle func(Event)) (*watchState, error) {
	wakes := g.wakeups.current()
	tip, p, err := g.Latest(ctx)
	if err == nil {
		err = p.CheckSelector(q.Selector)
	}
	if err != nil {
		return nil, err
	}
	b := &watchState{query: q, handle: handle, sent: map[string]lastSent{}, overdue: map[string]overdue{}, listed: map[string]bool{}, unread: map[string]error{}, arrived: make(chan string), probed: make(chan error), named: map[string]bool{}, wakes: wakes, wakeups: &g.wakeups}
	cluster, seen := g.firstSnapshot(ctx, p)
	b.argo, b.heartbeat.progress = seen, g.Now()
	b.Evaluator = g.NewEvaluator(ctx, cluster, tip, p)
	return b, nil
}

// snapshotTimeout bounds how long a watch waits for Argo CD before it begins. The stream
// delivers what comes later.
const snapshotTimeout = 3 * time.Second

func (g *Tracker) firstSnapshot(ctx context.Context, p *project.Project) (status.Cluster, *status.Snapshot) {
	ctx, cancel := context.WithTimeout(ctx, snapshotTimeout)
	defer cancel()
	return g.Snapshot(ctx, p)
}

// run sends all stagings, and then every change.
func (b *watchState) run(ctx context.Context, events <-chan argocd.Event) error {
	if err := b.send(ctx, b.names()); err != nil {
		return err
	}
	b.handle(Event{Kind: Synced, Wakes: b.wakes})
	b.sendTip()
	if b.argo != nil && b.argo.Err != nil {
		b.handle(Event{Kind: ArgoDown, Err: b.argo.Err})
	}
	if b.query.Dated {
		b.dated = true
		b.sendOrPostpone(ctx, b.names())
	}
	tick, tips := time.NewTicker(pollActiveEvery), time.NewTicker(pollTipEvery)
	defer tick.Stop()
	defer tips.Stop()
	for ctx.Err() == nil {
		var names []string
		wakes := b.wakes
		select {
		case e := <-events:
			names = b.handleArgo(e)
			if b.aheadOfTip(e) {
				b.fetchAhead(ctx)
				names = append(names, b.readTip(ctx)...)
			}
		case <-tick.C:
			names = append(b.duePolls(), b.beat(ctx)...)
			b.startProbe(ctx)
		case <-tips.C:
			names = b.readTip(ctx)
		case err := <-b.probed:
			names = b.handleProbe(err)
		case name := <-b.arrived:
			names = b.selected(name)
		case <-b.Pending.Changed(b.pendingVersion):
			names = b.pendingChanged()
		case <-b.wakeups.after(b.wakes):
			wakes = b.wakeups.current()
			names = b.readTip(ctx)
		case <-ctx.Done():
		}
		b.sendOrPostpone(ctx, names)
		b.sendRepoState(ctx)
		b.sendTip()
		b.sendPolled(wakes)
		b.refreshOverdue(ctx)
	}
	return ctx.Err()
}

// pendingChanged returns the stagings that waited for an image, or wait for one now.
func (b *watchState) pendingChanged() []string {
	both := map[string]staging.Names{}
	maps.Copy(both, b.pending)
	b.pending, b.pendingVersion = b.Pending.Current()
	maps.Copy(both, b.pending)
	var names []string
	for name := range both {
		names = append(names, b.selected(name)...)
	}
	return names
}

// sendPolled reports up to which wake-up the branch was read and sent.
func (b *watchState) sendPolled(wakes uint64) {
	if wakes != b.wakes {
		b.wakes = wakes
		b.handle(Event{Kind: Polled, Wakes: wakes})
	}
}

// sendTip reports the tip once every staging was sent as it is there.
func (b *watchState) sendTip() {
	if at := b.Tip.Revision(); at != b.tipSent && len(b.unread) == 0 {
		b.tipSent = at
		b.handle(Event{Kind: AtTip, Revision: at})
	}
}

// names lists all stagings of the watch: of the env repo, of Argo CD, and sent before.
func (b *watchState) names() []string {
	all := map[string]bool{}
	if len(b.query.Names) > 0 {
		return b.query.Names
	}
	recorded, _ := b.Tip.Names() // the directory was read before
	for _, name := range recorded {
		all[name] = true
	}
	if b.argo != nil && b.query.Unfiltered() {
		for name := range b.argo.Apps {
			all[name] = true
		}
	}
	for name := range b.sent {
		all[name] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// selected returns the name when the query covers it.
func (b *watchState) selected(name string) []string {
	if len(b.query.Names) > 0 && !slices.Contains(b.query.Names, name) {
		return nil
	}
	return []string{name}
}

// duePolls returns the stagings that are due to be read again.
func (b *watchState) duePolls() []string {
	var names []string
	now := b.Now()
	for name, s := range b.sent {
		if !s.nextPoll.IsZero() && !s.nextPoll.After(now) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// readTip reads the branch and returns the stagings that changed there.
func (b *watchState) readTip(ctx context.Context) []string {
	tip, p, err := b.Latest(ctx)
	if b.tipErr = err; err != nil {
		return nil
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

// sendRepoState sends RepoDown once the env repo cannot be read, and RepoUp once the
// branch and every staging can be read again.
func (b *watchState) sendRepoState(ctx context.Context) {
	err := b.tipErr
	for _, unread := range b.unread {
		err = cmp.Or(err, unread)
	}
	switch {
	case ctx.Err() != nil:
	case err != nil && !b.repoDown:
		b.handle(Event{Kind: RepoDown, Err: err})
		b.repoDown = true
	case err == nil && b.repoDown:
		b.handle(Event{Kind: RepoUp})
		b.repoDown = false
	}
}

// sendOrPostpone sends the named stagings, or reads them again a moment later when the
// env repo cannot be read.
func (b *watchState) sendOrPostpone(ctx context.Context, names []string) {
	err := b.send(ctx, names)
	for _, name := range names {
		if delete(b.unread, name); err != nil {
			b.unread[name] = err
		}
	}
	if err != nil {
		b.postpone(names)
	}
}

// send sends the changes of the named stagings. It fails only when the whole env repo
// cannot be read.
func (b *watchState) send(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	views, err := b.views(ctx, names)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, v := range views {
		there[v.Metadata.Name] = true
		if err := b.sendOne(ctx, v); err != nil {
			return err
		}
	}
	for _, name := range names {
		if !there[name] {
			b.sendDeleted(name)
		}
	}
	return nil
}

// views returns the named stagings as they are now. A staging that left no trace is left
// out.
func (b *watchState) views(ctx context.Context, names []string) ([]staging.View, error) {
	var recorded []string
	var views []staging.View
	for _, name := range names {
		exists, err := b.Tip.Has(name)
		if err != nil {
			return nil, err
		}
		if exists {
			recorded = append(recorded, name)
		} else if b.argo != nil && (b.argo.Has(name) || !b.argo.AwaySince.IsZero() && b.sent[name].view.Metadata.Name != "") {
			views = append(views, b.removedView(name))
		}
	}
	known, err := catalog.Views(ctx, b.Tip, b.Project, b.query, recorded)
	if err != nil {
		return nil, err
	}
	views = append(views, known...)
	if b.argo != nil {
		err = b.EvaluateAll(ctx, b.argo, views)
	}
	b.Pending.Annotate(views)
	return views, err
}

// removedView returns the view of a staging whose record was removed, with the last
// record, so that notifications and forges can name what was deleted.
func (b *watchState) removedView(name string) staging.View {
	v := status.RemovedView(name)
	if last, seen := b.sent[name]; seen && last.view.Spec.Branch != "" {
		v.Document = last.view.Document
		v.Spec.State = staging.Deleting
	}
	return v
}

// sendOne sends a staging unless it was sent like this before.
func (b *watchState) sendOne(ctx context.Context, v staging.View) error {
	name, now := v.Metadata.Name, b.Now().UTC()
	content, err := b.Tip.ContentHash(ctx, name)
	if err == nil && b.dated {
		v.Status.Changed, err = b.lastChange(ctx, name)
	}
	switch {
	case catalog.IsRepoFault(err):
		return err
	case err != nil:
		status.SetUnreadable(&v, err)
	}
	old, known := b.sent[name]
	seen := lastSent{view: v, content: content, nextPoll: nextPoll(v, now)}
	seen.continueFrom(old, now)
	seen.recordRollout(old, now)
	seen.view.Rollouts = append(seen.view.Rollouts, seen.rollouts...)
	b.sent[name], v = seen, seen.view
	if !known || differs(old.view, v) {
		b.handle(Event{Kind: Modified, Staging: v})
	}
	return nil
}

// lastChange returns the time of the last commit that touched a staging.
func (b *watchState) lastChange(ctx context.Context, name string) (*time.Time, error) {
	events, err := b.Repo.History(ctx, name, 1)
	if err != nil || len(events) == 0 {
		return nil, err
	}
	at := events[0].At.UTC()
	return &at, nil
}

// postpone schedules another read of stagings that could not be read.
func (b *watchState) postpone(names []string) {
	for _, name := range names {
		s := b.sent[name]
		s.nextPoll = b.Now().Add(pollActiveEvery)
		b.sent[name] = s
	}
}

func (b *watchState) sendDeleted(name string) {
	old := b.sent[name]
	delete(b.sent, name)
	delete(b.overdue, name)
	b.Forget(name)
	if old.view.Metadata.Name != "" {
		b.handle(Event{Kind: Deleted, Staging: old.view})
	}
}
