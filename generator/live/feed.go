package live

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"octopod/generator/staging"
)

// Feed keeps how all stagings of one env repo are, from one watch for the whole
// process, and tells it to any number of subscribers. A view is kept once and
// shared by all of them: nobody may change what a Feed hands out.
type Feed struct {
	source source
	Now    func() time.Time
	limits feedLimits

	mu           sync.Mutex
	views        map[string]*Event // what is known, by name
	reported     map[string]bool   // what the present watch told of
	synced       bool              // a watch told all that there is once
	connected    bool              // there is an Argo CD
	freshness    Freshness
	wakes        uint64 // requests to look that the watch answered
	sequence     uint64
	recent       []Update      // the last ones, oldest first
	next         chan struct{} // closed with the next update, and when a look is answered
	subscribers  int
	refreshQueue []staging.PlanItem // committed here, and not yet shown to Argo CD
	queued       chan struct{}      // there is something in plan
}

// source is what a feed learns from; *Stagings is one.
type source interface {
	Watcher
	// Wake makes every watch read the env repo now. When a watch told what came
	// of it, its News.Looks has reached the number.
	Wake() uint64
	// Refresh makes Argo CD look at what a commit changed.
	Refresh(context.Context, []staging.PlanItem) error
}

// feedLimits bound what a Feed keeps and does.
type feedLimits struct {
	subscribers int
	recent      int           // updates that a subscriber may be behind
	firstPause  time.Duration // before a watch that failed is started again
	maxPause    time.Duration
}

// Update is one step of a Feed. Its sequence number lets a subscriber that was
// away go on where it was; it is 0 where nobody can.
type Update struct {
	*Event
	Sequence uint64
}

// Freshness says how far what a Feed tells can be trusted.
type Freshness struct {
	EnvRepo SourceState
	ArgoCD  SourceState
}

// SourceState is one of the two places that a Feed learns from.
type SourceState struct {
	At  time.Time // when it was last known good; zero for never
	Err error     // why it cannot be read now; nil while it can
}

// NewFeed makes the feed of some stagings. It learns nothing before Run.
func NewFeed(of source, now func() time.Time) *Feed {
	return &Feed{
		source: of, Now: now, views: map[string]*Event{}, reported: map[string]bool{}, next: make(chan struct{}), queued: make(chan struct{}, 1),
		limits: feedLimits{subscribers: 1000, recent: 1024, firstPause: time.Second, maxPause: 30 * time.Second},
		// Numbers of one process are not taken for those of another.
		sequence: uint64(now().UnixNano()),
	}
}

// Run watches for as long as ctx lasts. A watch that cannot start, or ends, is
// started again, after a pause that grows.
func (f *Feed) Run(ctx context.Context) {
	var looks sync.WaitGroup
	looks.Go(func() { f.runRefreshQueue(ctx) })
	defer looks.Wait()
	pause := f.limits.firstPause
	for ctx.Err() == nil {
		began := f.Now()
		err := f.watch(ctx)
		if ctx.Err() != nil {
			return
		}
		f.handle(Event{Kind: RepoDown, Err: err})
		if f.Now().Sub(began) > f.limits.maxPause {
			pause = f.limits.firstPause
		}
		select {
		case <-time.After(pause/2 + rand.N(pause)):
		case <-ctx.Done():
		}
		pause = min(2*pause, f.limits.maxPause)
	}
}

func (f *Feed) watch(ctx context.Context) error {
	f.mu.Lock()
	f.reported = map[string]bool{}
	f.mu.Unlock()
	return f.source.Watch(ctx, staging.Query{All: true, Dated: true}, f.handle)
}

// handle learns one piece of news, and passes on what is new of it.
func (f *Feed) handle(n Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch n.Kind {
	case Modified:
		f.update(&n)
	case Deleted:
		f.remove(n.Staging.Metadata.Name)
	case Synced:
		f.markSynced()
		f.setWakes(n.Wakes)
	case Polled:
		f.setWakes(n.Wakes)
	case RepoDown:
		f.setDown(&f.freshness.EnvRepo, &n)
	case RepoUp:
		f.setUp(&f.freshness.EnvRepo, &n)
	case ArgoDown:
		f.connected = true
		f.setDown(&f.freshness.ArgoCD, &n)
	case ArgoUp:
		f.connected = true
		f.setUp(&f.freshness.ArgoCD, &n)
	}
}

func (f *Feed) update(n *Event) {
	name := n.Staging.Metadata.Name
	f.reported[name] = true
	f.connected = f.connected || n.Staging.Status.Phase != "" && n.Staging.Status.Phase != staging.PhaseInvalid
	if old, known := f.views[name]; known && !differs(old.Staging, n.Staging) {
		return
	}
	f.views[name] = n
	f.publish(n)
}

func (f *Feed) remove(name string) {
	old, known := f.views[name]
	if !known {
		return
	}
	delete(f.views, name)
	f.publish(&Event{Kind: Deleted, Staging: old.Staging})
}

// markSynced ends the first part of a watch: all that it did not tell of is gone.
func (f *Feed) markSynced() {
	for name := range f.views {
		if !f.reported[name] {
			f.remove(name)
		}
	}
	f.setUp(&f.freshness.EnvRepo, &Event{Kind: RepoUp})
	if !f.synced {
		f.synced = true
		f.publish(&Event{Kind: Synced})
	}
}

func (f *Feed) setDown(s *SourceState, n *Event) {
	if s.Err == nil {
		s.Err = n.Err
		f.publish(n)
	}
	s.Err = n.Err
}

func (f *Feed) setUp(s *SourceState, n *Event) {
	lost := s.Err != nil
	*s = SourceState{At: f.Now()}
	if lost {
		f.publish(n)
	}
}

// setWakes wakes those who wait for a look, together with all subscribers.
func (f *Feed) setWakes(looks uint64) {
	f.wakes = looks
	f.wake()
}

func (f *Feed) wake() {
	close(f.next)
	f.next = make(chan struct{})
}

func (f *Feed) publish(n *Event) {
	f.sequence++
	if len(f.recent) == f.limits.recent {
		f.recent = slices.Delete(f.recent, 0, max(1, f.limits.recent/4)) // a quarter at once, so that most updates move nothing
	}
	f.recent = append(f.recent, Update{n, f.sequence})
	f.wake()
}

// CatchUp waits until the feed has told what was in the env repo when it was
// called.
func (f *Feed) CatchUp(ctx context.Context) error {
	number := f.source.Wake()
	for ctx.Err() == nil {
		f.mu.Lock()
		looks, next := f.wakes, f.next
		f.mu.Unlock()
		if looks >= number {
			return nil
		}
		select {
		case <-next:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// Views gives all stagings by name, and how far that can be trusted.
func (f *Feed) Views() ([]*staging.View, Freshness) {
	f.mu.Lock()
	defer f.mu.Unlock()
	views := make([]*staging.View, 0, len(f.views))
	for _, n := range f.sorted() {
		views = append(views, &n.Staging)
	}
	return views, f.currentFreshness()
}

// View gives one staging; nil when there is none.
func (f *Feed) View(name string) *staging.View {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := f.views[name]; n != nil {
		return &n.Staging
	}
	return nil
}

// Freshness says how far what the feed tells can be trusted.
func (f *Feed) Freshness() Freshness {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.currentFreshness()
}

// currentFreshness: a source that is not known to be away was good just now.
func (f *Feed) currentFreshness() Freshness {
	t := f.freshness
	if f.synced && t.EnvRepo.Err == nil {
		t.EnvRepo.At = f.Now()
	}
	if f.connected && t.ArgoCD.Err == nil {
		t.ArgoCD.At = f.Now()
	}
	return t
}

func (f *Feed) sorted() []*Event {
	all := make([]*Event, 0, len(f.views))
	for _, n := range f.views {
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b *Event) int { return strings.Compare(a.Staging.Metadata.Name, b.Staging.Metadata.Name) })
	return all
}

// Sequence is the number of the newest update. Asked for before Views, it says
// after which update to subscribe.
func (f *Feed) Sequence() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sequence
}
