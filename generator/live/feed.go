package live

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"octopod/generator/envrepo"
	"octopod/generator/staging"
)

// Feed keeps the current state of all stagings of one env repo from one watch, and
// publishes changes to any number of subscribers. Views are shared by all subscribers:
// do not modify them.
type Feed struct {
	source source
	Now    func() time.Time
	limits feedLimits

	mu        sync.Mutex
	views     map[string]*Event // last event of each staging
	names     []string          // of views, sorted; nil when one was added or removed since
	list      []*Event          // views by name, shared; nil when one changed since
	all       []*staging.View   // those of list, shared
	revision  string            // commit that views are of; "" until it is known
	reported  map[string]bool   // by the current watch
	synced    bool              // a watch has sent a full snapshot once
	connected bool              // an Argo CD is configured
	freshness Freshness
	wakes     uint64 // wake-ups that the watch has answered
	watchErr  error  // why the watch cannot read the env repo

	reads     wakeups       // requests to read the env repo
	ready     chan struct{} // closed once the env repo was read
	interval  time.Duration // between two reads; 0 for the default
	fetched   bool          // the env repo was read once
	answering uint64        // requests that the last read answers; only Read and then runPolls use it
	announced bool          // webhooks announce the commits
	pollErr   error         // why the env repo cannot be read
	readAt    time.Time     // when the last read began that succeeded
	unsent    []read        // the reads that the watch has not sent yet, oldest first
	polled    uint64        // requests to read that are answered

	sequence     uint64
	recent       []Update      // the last ones, oldest first
	next         chan struct{} // closed by the next update or answered wake-up
	subscribers  int
	refreshQueue []staging.PlanItem // commits that Argo CD was not refreshed for yet
	queued       chan struct{}      // refreshQueue is not empty
}

// source is what a Feed reads from; *Tracker implements it.
type source interface {
	Watcher
	// Fetch reads the env repo into memory, and reports whether it found a new commit.
	Fetch(context.Context) (moved bool, err error)
	// Behind is signalled when somebody names a commit that Fetch has not read.
	Behind() <-chan struct{}
	// Wake makes every watch read the env repo now. See Tracker.Wake.
	Wake() uint64
	// Refresh refreshes Argo CD for what a commit changed.
	Refresh(context.Context, []staging.PlanItem) error
}

// feedLimits bound a Feed.
type feedLimits struct {
	subscribers int
	recent      int           // updates kept for subscribers that are behind
	firstPause  time.Duration // before a failed watch is restarted
	maxPause    time.Duration
}

// Update is one step of a Feed. A subscriber resumes after its sequence number; 0 means
// that nobody can resume there.
type Update struct {
	*Event
	Sequence uint64
}

// Freshness reports how current the state of a Feed is.
type Freshness struct {
	EnvRepo SourceState
	ArgoCD  SourceState
	Checked time.Time // when Argo CD last compared any staging with git; zero if that is unknown
}

// SourceState is the state of one source of a Feed: the env repo or Argo CD.
type SourceState struct {
	At    time.Time // when it was last read without error; zero for never
	Err   error     // why it cannot be read now; nil when it can
	Since time.Time // since when it cannot be read
}

// NewFeed returns the feed of a source. It is empty until Run.
func NewFeed(of source, now func() time.Time) *Feed {
	return &Feed{
		source: of, Now: now, views: map[string]*Event{}, reported: map[string]bool{}, next: make(chan struct{}), queued: make(chan struct{}, 1), ready: make(chan struct{}),
		limits: feedLimits{subscribers: 1000, recent: 1024, firstPause: time.Second, maxPause: 30 * time.Second},
		// Numbers of different processes must not overlap.
		sequence: uint64(now().UnixNano()),
	}
}

// Run reads the env repo and watches until ctx ends. It restarts a watch that fails, with
// growing pauses. The watch itself reads from memory, so a slow git server holds up nothing
// that Argo CD reports.
func (f *Feed) Run(ctx context.Context) {
	var wakes sync.WaitGroup
	wakes.Go(func() { f.runRefreshQueue(ctx) })
	wakes.Go(func() { f.runPolls(ctx) })
	defer wakes.Wait()
	select {
	case <-f.ready:
	case <-ctx.Done():
	}
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
	return f.source.Watch(envrepo.FromMemory(ctx), staging.Query{All: true, Dated: true}, f.handle)
}

// handle applies one event and publishes it when it is news.
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
	case RepoDown, RepoUp:
		f.watchErr = n.Err
		f.setEnvRepo(f.Now())
	case ArgoDown:
		f.connected = true
		f.setDown(&f.freshness.ArgoCD, f.Now(), &n)
	case AtTip:
		f.revision = n.Revision
	case ArgoChecked:
		f.freshness.Checked = n.Checked
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
	if f.views[name] == nil {
		f.names = nil
	}
	f.views[name], f.list = n, nil
	f.publish(n)
}

func (f *Feed) remove(name string) {
	old, known := f.views[name]
	if !known {
		return
	}
	delete(f.views, name)
	f.names, f.list = nil, nil
	f.publish(&Event{Kind: Deleted, Staging: old.Staging})
}

// markSynced ends the first snapshot of a watch: stagings that it did not report are
// deleted.
func (f *Feed) markSynced() {
	for name := range f.views {
		if !f.reported[name] {
			f.remove(name)
		}
	}
	f.watchErr = nil
	f.setEnvRepo(f.Now())
	if !f.synced {
		f.synced = true
		f.publish(&Event{Kind: Synced})
	}
}

func (f *Feed) setDown(s *SourceState, since time.Time, n *Event) {
	first := s.Err == nil
	s.Err = n.Err
	if first {
		s.Since = since
		f.publish(n)
	}
}

func (f *Feed) setUp(s *SourceState, n *Event) {
	lost := s.Err != nil
	*s = SourceState{At: f.Now()}
	if lost {
		f.publish(n)
	}
}

// setWakes wakes readers that wait for a wake-up to be answered.
func (f *Feed) setWakes(wakes uint64) {
	f.wakes = wakes
	for len(f.unsent) > 0 && wakes >= f.unsent[0].wake {
		f.polled, f.unsent = max(f.polled, f.unsent[0].number), f.unsent[1:]
	}
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

// CatchUp waits until the feed shows every commit that was read, or pushed by this process,
// when it was called. It does not wait for git.
func (f *Feed) CatchUp(ctx context.Context) error {
	number := f.source.Wake()
	for ctx.Err() == nil {
		f.mu.Lock()
		wakes, next := f.wakes, f.next
		f.mu.Unlock()
		if wakes >= number {
			return nil
		}
		select {
		case <-next:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// Views returns all stagings by name, and how fresh they are. It returns the same list, which
// is shared and never modified, until a staging changes.
func (f *Feed) Views() ([]*staging.View, Freshness) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sorted()
	return f.all, f.currentFreshness()
}

// View returns one staging, nil when there is none.
func (f *Feed) View(name string) *staging.View {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := f.views[name]; n != nil {
		return &n.Staging
	}
	return nil
}

// Synced reports whether the feed has read all stagings once.
func (f *Feed) Synced() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.synced
}

// Freshness reports how current the state of the feed is.
func (f *Feed) Freshness() Freshness {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.currentFreshness()
}

// currentFreshness counts Argo CD without an error as good until now: its changes arrive as
// events. The env repo is as good as its last read.
func (f *Feed) currentFreshness() Freshness {
	t := f.freshness
	t.EnvRepo.At = time.Time{}
	if f.synced {
		t.EnvRepo.At = f.readAt
	}
	if f.connected && t.ArgoCD.Err == nil {
		t.ArgoCD.At = f.Now()
	}
	return t
}

// sorted lists the last events by name. The list is shared and never modified.
func (f *Feed) sorted() []*Event {
	if f.names == nil {
		f.names = slices.Sorted(maps.Keys(f.views))
	}
	if f.list == nil {
		f.list, f.all = make([]*Event, len(f.names)), make([]*staging.View, len(f.names))
		for i, name := range f.names {
			f.list[i] = f.views[name]
			f.all[i] = &f.views[name].Staging
		}
	}
	return f.list
}

// Sequence returns the number of the newest update. Read before Views, it is the update
// to subscribe after.
func (f *Feed) Sequence() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sequence
}
