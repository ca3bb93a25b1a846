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

	mu          sync.Mutex
	views       map[string]*News // what is known, by name
	told        map[string]bool  // what the present watch told of
	complete    bool             // a watch told all that there is once
	connected   bool             // there is an Argo CD
	freshness   Freshness
	looks       uint64 // requests to look that the watch answered
	sequence    uint64
	recent      []Update      // the last ones, oldest first
	next        chan struct{} // closed with the next update, and when a look is answered
	subscribers int
	plan        []staging.PlanItem // committed here, and not yet shown to Argo CD
	planned     chan struct{}      // there is something in plan
}

// source is what a feed learns from; *Stagings is one.
type source interface {
	Watcher
	// LookNow makes every watch read the env repo now. When a watch told what came
	// of it, its News.Looks has reached the number.
	LookNow() uint64
	// Look makes Argo CD look at what a commit changed.
	Look(context.Context, []staging.PlanItem) error
}

// feedLimits bound what a Feed keeps and does.
type feedLimits struct {
	subscribers int
	recent      int           // updates that a subscriber may be behind
	firstPause  time.Duration // before a watch that failed is started again
	mostPause   time.Duration
}

// Update is one step of a Feed. Its sequence number lets a subscriber that was
// away go on where it was; it is 0 where nobody can.
type Update struct {
	*News
	Sequence uint64
}

// Freshness says how far what a Feed tells can be trusted.
type Freshness struct {
	EnvRepo Place
	ArgoCD  Place
}

// Place is one of the two places that a Feed learns from.
type Place struct {
	At    time.Time // when it was last known good; zero for never
	Fault error     // why it cannot be read now; nil while it can
}

// NewFeed makes the feed of some stagings. It learns nothing before Run.
func NewFeed(of source, now func() time.Time) *Feed {
	return &Feed{
		source: of, Now: now, views: map[string]*News{}, told: map[string]bool{}, next: make(chan struct{}), planned: make(chan struct{}, 1),
		limits: feedLimits{subscribers: 1000, recent: 1024, firstPause: time.Second, mostPause: 30 * time.Second},
		// Numbers of one process are not taken for those of another.
		sequence: uint64(now().UnixNano()),
	}
}

// Run watches for as long as ctx lasts. A watch that cannot start, or ends, is
// started again, after a pause that grows.
func (f *Feed) Run(ctx context.Context) {
	var looks sync.WaitGroup
	looks.Go(func() { f.look(ctx) })
	defer looks.Wait()
	pause := f.limits.firstPause
	for ctx.Err() == nil {
		began := f.Now()
		err := f.watch(ctx)
		if ctx.Err() != nil {
			return
		}
		f.take(News{Kind: Stale, Err: err})
		if f.Now().Sub(began) > f.limits.mostPause {
			pause = f.limits.firstPause
		}
		select {
		case <-time.After(pause/2 + rand.N(pause)):
		case <-ctx.Done():
		}
		pause = min(2*pause, f.limits.mostPause)
	}
}

func (f *Feed) watch(ctx context.Context) error {
	f.mu.Lock()
	f.told = map[string]bool{}
	f.mu.Unlock()
	return f.source.Watch(ctx, staging.Query{All: true, Dated: true}, f.take)
}

// take learns one piece of news, and passes on what is new of it.
func (f *Feed) take(n News) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch n.Kind {
	case Changed:
		f.learn(&n)
	case Gone:
		f.forget(n.Staging.Metadata.Name)
	case Complete:
		f.settle()
		f.looked(n.Looks)
	case Looked:
		f.looked(n.Looks)
	case Stale:
		f.lose(&f.freshness.EnvRepo, &n)
	case Fresh:
		f.regain(&f.freshness.EnvRepo, &n)
	case Away:
		f.connected = true
		f.lose(&f.freshness.ArgoCD, &n)
	case Back:
		f.connected = true
		f.regain(&f.freshness.ArgoCD, &n)
	}
}

func (f *Feed) learn(n *News) {
	name := n.Staging.Metadata.Name
	f.told[name] = true
	f.connected = f.connected || n.Staging.Status.Phase != "" && n.Staging.Status.Phase != staging.PhaseInvalid
	if old, known := f.views[name]; known && !news(old.Staging, n.Staging) {
		return
	}
	f.views[name] = n
	f.publish(n)
}

func (f *Feed) forget(name string) {
	old, known := f.views[name]
	if !known {
		return
	}
	delete(f.views, name)
	f.publish(&News{Kind: Gone, Staging: old.Staging})
}

// settle ends the first part of a watch: all that it did not tell of is gone.
func (f *Feed) settle() {
	for name := range f.views {
		if !f.told[name] {
			f.forget(name)
		}
	}
	f.regain(&f.freshness.EnvRepo, &News{Kind: Fresh})
	if !f.complete {
		f.complete = true
		f.publish(&News{Kind: Complete})
	}
}

func (f *Feed) lose(s *Place, n *News) {
	if s.Fault == nil {
		s.Fault = n.Err
		f.publish(n)
	}
	s.Fault = n.Err
}

func (f *Feed) regain(s *Place, n *News) {
	lost := s.Fault != nil
	*s = Place{At: f.Now()}
	if lost {
		f.publish(n)
	}
}

// looked wakes those who wait for a look, together with all subscribers.
func (f *Feed) looked(looks uint64) {
	f.looks = looks
	f.wake()
}

func (f *Feed) wake() {
	close(f.next)
	f.next = make(chan struct{})
}

func (f *Feed) publish(n *News) {
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
	number := f.source.LookNow()
	for ctx.Err() == nil {
		f.mu.Lock()
		looks, next := f.looks, f.next
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
	return views, f.trust()
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
	return f.trust()
}

// trust: a source that is not known to be away was good just now.
func (f *Feed) trust() Freshness {
	t := f.freshness
	if f.complete && t.EnvRepo.Fault == nil {
		t.EnvRepo.At = f.Now()
	}
	if f.connected && t.ArgoCD.Fault == nil {
		t.ArgoCD.At = f.Now()
	}
	return t
}

func (f *Feed) sorted() []*News {
	all := make([]*News, 0, len(f.views))
	for _, n := range f.views {
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b *News) int { return strings.Compare(a.Staging.Metadata.Name, b.Staging.Metadata.Name) })
	return all
}

// Sequence is the number of the newest update. Asked for before Views, it says
// after which update to subscribe.
func (f *Feed) Sequence() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sequence
}
