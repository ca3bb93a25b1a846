package live

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// script is a source whose watches send the events of the test.
type script struct {
	wakeups
	starts chan error // how each watch begins; nil goes on
	news   chan Event
	looked chan []staging.PlanItem
	reads  atomic.Int32 // of the env repo
}

func newScript() *script {
	return &script{starts: make(chan error), news: make(chan Event), looked: make(chan []staging.PlanItem)}
}

func (s *script) Wake() uint64 { return s.wake() }

func (s *script) Fetch(context.Context) (bool, error) {
	s.reads.Add(1)
	return false, nil
}

func (s *script) Behind() <-chan struct{} { return nil }

func (s *script) Refresh(_ context.Context, plan []staging.PlanItem) error {
	s.looked <- plan
	return nil
}

func (s *script) Watch(ctx context.Context, _ staging.Query, handle func(Event)) error {
	select {
	case err := <-s.starts:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		select {
		case n, open := <-s.news:
			if !open {
				return errors.New("the watch broke")
			}
			handle(n)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func changed(name, phase string) Event {
	s := staging.Staging{Name: name}
	return Event{Kind: Modified, Staging: staging.View{Document: s.Document(), Status: staging.Status{Phase: staging.Phase(phase)}}}
}

// running returns a feed that reads from a script until the test ends.
func running(t *testing.T, s *script) *Feed {
	t.Helper()
	f := NewFeed(s, time.Now)
	f.limits.firstPause, f.limits.maxPause = time.Millisecond, time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	var ends sync.WaitGroup
	ends.Go(func() { f.Run(ctx) })
	t.Cleanup(func() { cancel(); ends.Wait() })
	return f
}

// next takes what comes next, in short: changed a Running.
func next(t *testing.T, s *Subscription) (string, uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testenv.Timeout)
	defer cancel()
	u, err := s.Next(ctx)
	if err != nil {
		t.Fatalf("nothing comes: %v", err)
	}
	text := string(u.Kind)
	if name := u.Staging.Metadata.Name; name != "" {
		text += " " + name + " " + string(u.Staging.Status.Phase)
	}
	return text, u.Sequence
}

func expect(t *testing.T, s *Subscription, want ...string) (last uint64) {
	t.Helper()
	for _, w := range want {
		got, sequence := next(t, s)
		if got != w {
			t.Fatalf("got %q, want %q", got, w)
		}
		last = sequence
	}
	return last
}

func subscribe(t *testing.T, f *Feed, after uint64) *Subscription {
	t.Helper()
	s, err := f.Subscribe(t.Context(), after)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFeedTellsEverythingThenChanges(t *testing.T) {
	source := newScript()
	f := running(t, source)
	early := subscribe(t, f, 0)
	source.starts <- nil
	for _, n := range []Event{changed("b", "Creating"), changed("a", "Running"), {Kind: Synced}} {
		source.news <- n
	}
	expect(t, early, "changed b Creating", "changed a Running", "complete")
	late := subscribe(t, f, 0)
	expect(t, late, "changed a Running", "changed b Creating", "complete")
	source.news <- changed("b", "Creating") // no news
	source.news <- changed("b", "Running")
	source.news <- Event{Kind: Deleted, Staging: changed("a", "").Staging}
	for _, s := range []*Subscription{early, late} {
		expect(t, s, "changed b Running", "gone a Running")
	}
	views, _ := f.Views()
	if len(views) != 1 || views[0].Metadata.Name != "b" {
		t.Errorf("views %v", views)
	}
}

func TestSubscriberResumesWhereItWas(t *testing.T) {
	source := newScript()
	f := running(t, source)
	source.starts <- nil
	source.news <- changed("a", "Creating")
	source.news <- Event{Kind: Synced}
	first := subscribe(t, f, 0)
	place := expect(t, first, "changed a Creating", "complete")
	source.news <- changed("a", "Running")
	source.news <- changed("b", "Creating")
	expect(t, first, "changed a Running", "changed b Creating")
	expect(t, subscribe(t, f, place), "changed a Running", "changed b Creating")

	for _, other := range []uint64{1, place - 5, place + 1000} { // numbers of another process
		expect(t, subscribe(t, f, other), "reset", "changed a Running", "changed b Creating", "complete")
	}
}

// A subscriber that does not read costs a place in the log and holds up nobody.
func TestSlowSubscriberIsToldAnew(t *testing.T) {
	source := newScript()
	f := running(t, source)
	f.limits.recent = 8
	source.starts <- nil
	source.news <- Event{Kind: Synced}
	slow := subscribe(t, f, 0)
	expect(t, slow, "complete")
	for i := range 100 {
		source.news <- changed("a", fmt.Sprint(i))
	}
	source.news <- Event{Kind: Synced}
	expect(t, slow, "reset", "changed a 99", "complete")
}

func TestFeedSurvivesWatchesThatFail(t *testing.T) {
	source := newScript()
	f := running(t, source)
	s := subscribe(t, f, 0)
	source.starts <- errors.New("the remote is away")
	expect(t, s, "stale")
	if f.Freshness().EnvRepo.Err == nil {
		t.Error("the feed is not known to be stale")
	}
	source.starts <- errors.New("the remote is away")
	source.starts <- nil
	source.news <- changed("a", "Running")
	source.news <- changed("b", "Running")
	source.news <- Event{Kind: Synced}
	expect(t, s, "changed a Running", "changed b Running", "fresh", "complete")
	close(source.news)
	expect(t, s, "stale")
	source.news = make(chan Event)
	source.starts <- nil
	source.news <- changed("b", "Running")
	source.news <- Event{Kind: Synced}
	expect(t, s, "gone a Running", "fresh") // b is sent once
}

func TestFreshness(t *testing.T) {
	source := newScript()
	f := running(t, source)
	source.starts <- nil
	source.news <- changed("a", "Running")
	source.news <- Event{Kind: Synced}
	s := subscribe(t, f, 0)
	expect(t, s, "changed a Running", "complete")
	fresh := f.Freshness()
	if fresh.ArgoCD.At.IsZero() || fresh.EnvRepo.At.IsZero() || fresh.ArgoCD.Err != nil || fresh.EnvRepo.Err != nil {
		t.Errorf("fresh: %+v", fresh)
	}
	source.news <- Event{Kind: ArgoDown, Err: errors.New("refused")}
	expect(t, s, "away")
	since := f.Freshness()
	if since.ArgoCD.Err == nil || since.ArgoCD.At.After(time.Now()) {
		t.Errorf("away: %+v", since.ArgoCD)
	}
	expect(t, subscribe(t, f, 0), "changed a Running", "complete", "away")
	source.news <- Event{Kind: ArgoUp}
	expect(t, s, "back")
	if f.Freshness().ArgoCD.Err != nil {
		t.Error("Argo CD is back, the feed does not know")
	}
}

func TestSubscribersAreLimited(t *testing.T) {
	f := NewFeed(newScript(), time.Now)
	f.limits.subscribers = 3
	ctx, cancel := context.WithCancel(t.Context())
	for range 3 {
		if _, err := f.Subscribe(ctx, 0); err != nil {
			t.Fatal(err)
		}
	}
	_, err := f.Subscribe(t.Context(), 0)
	if staging.CodeOf(err) != staging.CodeUnavailable {
		t.Fatalf("the fourth got %v", err)
	}
	cancel()
	testenv.Eventually(t, "places are given back", func() (int, bool) { n := f.Subscribers(); return n, n == 0 })
	if _, err := f.Subscribe(t.Context(), 0); err != nil {
		t.Errorf("there is a place, and yet: %v", err)
	}
}

func TestFeedAsWatcherFollowsAQuery(t *testing.T) {
	source := newScript()
	f := running(t, source)
	source.starts <- nil
	source.news <- changed("a", "Running")
	source.news <- changed("b", "Running")
	source.news <- Event{Kind: Synced}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	told := make(chan string)
	go func() {
		_ = f.Watch(ctx, staging.Query{Names: []string{"b"}}, func(n Event) { told <- string(n.Kind) + " " + n.Staging.Metadata.Name })
	}()
	testenv.Eventually(t, "it asks for a look before anything else", func() (uint64, bool) { n := source.current(); return n, n > 0 })
	source.news <- changed("b", "Updating")
	source.news <- Event{Kind: Polled, Wakes: 1}
	for _, want := range []string{"changed b", "complete "} {
		if got := <-told; got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	source.news <- changed("a", "Updating")
	source.news <- Event{Kind: Deleted, Staging: changed("b", "").Staging}
	if got := <-told; got != "gone b" {
		t.Errorf("got %q: the query is about b alone", got)
	}
}

// A busy server must not show how things were before a commit as how they are
// after it, however long it takes to read the commit.
func TestFreshSubscriptionBeginsAfterWhatWasCommitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newScript()
		f := running(t, source)
		source.starts <- nil
		source.news <- changed("a", "Running")
		source.news <- Event{Kind: Synced}
		s, err := f.SubscribeFresh(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		beat, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if u, err := s.Next(beat); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the commit was not read yet, and it tells %s (%v)", u.Kind, err)
		}
		source.news <- changed("a", "Updating")
		source.news <- Event{Kind: Polled, Wakes: source.current()}
		expect(t, s, "changed a Updating", "complete")
		source.news <- changed("a", "Running")
		expect(t, s, "changed a Running")
	})
}

// While the env repo cannot be read, a subscriber gets the last state and RepoDown.
func TestFreshSubscriptionWhileTheEnvRepoIsAway(t *testing.T) {
	source := newScript()
	f := running(t, source)
	source.starts <- nil
	source.news <- changed("a", "Running")
	source.news <- Event{Kind: Synced}
	s, err := f.SubscribeFresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	source.news <- Event{Kind: RepoDown, Err: errors.New("no route")}
	expect(t, s, "changed a Running", "complete", "stale")
}

// Nobody waits for Argo CD, and commits made meanwhile share one refresh.
func TestArgoCDLooksInTheBackground(t *testing.T) {
	source := newScript()
	f := running(t, source)
	item := func(path string) []staging.PlanItem { return []staging.PlanItem{{Path: path}} }
	f.QueueRefresh(item("a"))
	testenv.Eventually(t, "Argo CD is asked for the first", func() ([]staging.PlanItem, bool) {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.refreshQueue, f.refreshQueue == nil
	})
	f.QueueRefresh(item("b"))
	f.QueueRefresh(item("c"))
	if first, second := <-source.looked, <-source.looked; len(first) != 1 || len(second) != 2 {
		t.Errorf("asked for %v, then for %v", first, second)
	}
}

// What many subscribers wait for is kept once.
func TestSubscribersShareViews(t *testing.T) {
	f := NewFeed(newScript(), time.Now)
	for i := range 1000 {
		f.handle(changed(fmt.Sprintf("s%03d", i), "Running"))
	}
	f.handle(Event{Kind: Synced})
	var all []*Subscription
	for range 200 {
		s := subscribe(t, f, 0)
		for range 1001 {
			next(t, s)
		}
		all = append(all, s)
	}
	perUpdate := testing.AllocsPerRun(10, func() {
		f.handle(changed("s000", time.Now().String()))
		for _, s := range all {
			if u, err := s.Next(t.Context()); err != nil || u.Event != f.views["s000"] {
				t.Fatalf("%v, or the view was copied", err)
			}
		}
	})
	if perUpdate > 4*200 {
		t.Errorf("an update for 200 subscribers makes %v allocations", perUpdate)
	}
}
