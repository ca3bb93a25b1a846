package live

import (
	"context"

	"octopod/generator/staging"
	"octopod/generator/status"
)

// Resync says that the subscriber fell too far behind, or that the server is another
// process: drop everything; a full snapshot follows.
const Resync EventKind = "reset"

// Subscription is a cursor into the feed's ring buffer. A reader that falls off its end
// gets a Resync, followed by a full snapshot. No reader blocks the feed.
type Subscription struct {
	feed    *Feed
	pending []Update
	after   uint64 // the last update that was taken, or is pending

	afterRead uint64 // the request to read the env repo that it begins after; 0 when it has begun
}

// Subscribe begins to read: after 0 with everything there is, Complete, and then
// every change; after an update's number with what came since. The place is
// given up when ctx ends. A feed has a limited number of places.
func (f *Feed) Subscribe(ctx context.Context, after uint64) (*Subscription, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.addSubscriber(ctx); err != nil {
		return nil, err
	}
	s := &Subscription{feed: f, after: after}
	if after == 0 {
		s.resync()
	}
	return s, nil
}

// SubscribeFresh begins to read as Subscribe does after 0, once the feed has read
// everything that was committed before the call. While the env repo cannot be
// read, it begins with what is known, and Stale.
func (f *Feed) SubscribeFresh(ctx context.Context) (*Subscription, error) {
	number := f.reads.wake()
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.addSubscriber(ctx); err != nil {
		return nil, err
	}
	return &Subscription{feed: f, afterRead: number}, nil
}

// addSubscriber takes one of the feed's places until ctx ends. The feed is locked.
func (f *Feed) addSubscriber(ctx context.Context) error {
	if f.subscribers >= f.limits.subscribers {
		return staging.Errorf(staging.CodeUnavailable, "%d already follow the stagings, and there is no place for more", f.subscribers).
			WithHint("try again later; lists can be read meanwhile")
	}
	f.subscribers++
	context.AfterFunc(ctx, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.subscribers--
	})
	return nil
}

// SubscribeUncounted begins to read as Subscribe does, for the server itself: it takes
// nobody's place.
func (f *Feed) SubscribeUncounted() *Subscription {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := &Subscription{feed: f}
	s.resync()
	return s
}

// Subscribers returns the number of subscribers.
func (f *Feed) Subscribers() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.subscribers
}

// Next waits for the next update, or returns the error of ctx. Only one goroutine may
// call it at a time.
func (s *Subscription) Next(ctx context.Context) (Update, error) {
	for ctx.Err() == nil {
		if len(s.pending) > 0 {
			u := s.pending[0]
			s.pending = s.pending[1:]
			return u, nil
		}
		select {
		case <-s.fetch():
		case <-ctx.Done():
		}
	}
	return Update{}, ctx.Err()
}

// fetch queues what is new. It returns a channel that is closed once there is something
// to read.
func (s *Subscription) fetch() <-chan struct{} {
	f := s.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.afterRead > 0 {
		if s.afterRead > f.polled && f.freshness.EnvRepo.Err == nil {
			return f.next
		}
		s.afterRead = 0
		s.resync()
		return status.Closed()
	}
	if s.after == f.sequence {
		return f.next
	}
	behind := f.sequence - s.after // of a number of another process: huge
	if behind > uint64(len(f.recent)) {
		s.pending = append(s.pending, Update{Event: &Event{Kind: Resync}})
		s.resync()
		return status.Closed()
	}
	s.pending = append(s.pending, f.recent[len(f.recent)-int(behind):]...)
	s.after = f.sequence
	return status.Closed()
}

// resync queues a full snapshot. The feed must be locked.
func (s *Subscription) resync() {
	f := s.feed
	for _, n := range f.sorted() {
		s.pending = append(s.pending, Update{Event: n})
	}
	if f.synced {
		s.pending = append(s.pending, Update{&Event{Kind: Synced}, f.sequence})
	}
	for _, place := range []struct {
		SourceState
		kind EventKind
	}{{f.freshness.EnvRepo, RepoDown}, {f.freshness.ArgoCD, ArgoDown}} {
		if place.Err != nil {
			s.pending = append(s.pending, Update{Event: &Event{Kind: place.kind, Err: place.Err}})
		}
	}
	s.after = f.sequence
}

// Watch is Tracker.Watch on the watch of the feed. It begins with the state after
// everything that was committed before the call.
func (f *Feed) Watch(ctx context.Context, q staging.Query, handle func(Event)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s, err := f.SubscribeFresh(ctx)
	if err != nil {
		return err
	}
	chosen := Filter(q, false)
	for {
		u, err := s.Next(ctx)
		if err != nil {
			return err
		}
		if n := chosen(u.Event); n != nil {
			handle(*n)
		}
	}
}

// Filter returns a function that passes the events of stagings that match a query, and
// returns nil for others. A staging that no longer matches becomes Deleted. With
// resumed, the reader may know stagings that matched before.
func Filter(q staging.Query, resumed bool) func(*Event) *Event {
	shown := map[string]bool{}
	known := func(name string) bool { return resumed || shown[name] }
	return func(n *Event) *Event {
		name := n.Staging.Metadata.Name
		switch {
		case n.Kind == Resync:
			resumed = false
			clear(shown)
		case n.Kind == Modified && q.Matches(n.Staging):
			shown[name] = true
		case n.Kind == Modified && known(name):
			delete(shown, name)
			return &Event{Kind: Deleted, Staging: n.Staging}
		case n.Kind == Modified, n.Kind == Deleted && !known(name):
			return nil
		case n.Kind == Deleted:
			delete(shown, name)
		}
		return n
	}
}
