package server

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"octopod/generator/gitstore"
)

// fakeForge is a place of repositories that tests switch off.
type fakeForge struct {
	mu    sync.Mutex
	names map[string][]string
	away  bool
	asked int
	holds chan struct{} // an answer waits for it; nil for none
}

func (f *fakeForge) branches(ctx context.Context, repository string) (gitstore.Refs, error) {
	f.mu.Lock()
	f.asked++
	names, away, holds := f.names[repository], f.away, f.holds
	f.mu.Unlock()
	if holds != nil {
		select {
		case <-holds:
		case <-ctx.Done():
			return gitstore.Refs{}, ctx.Err()
		}
	}
	if away {
		return gitstore.Refs{}, errors.New("connection refused")
	}
	heads := map[string]string{}
	for _, name := range names {
		heads[name] = "commit of " + name
	}
	return gitstore.Refs{Heads: heads, Pulls: map[int]string{42: "commit of feature/a", 7: "a commit of long ago"}}, nil
}

func TestBranchesAreAskedForOnceInAWhile(t *testing.T) {
	f := &fakeForge{names: map[string][]string{"backend": {"main", "feature/a"}, "frontend": {"main"}}}
	clock := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	l := newBranchCache(f.branches, func() time.Time { return clock }, slog.New(slog.DiscardHandler))
	both := []string{"backend", "frontend"}

	got := l.list(t.Context(), both)
	if len(got.Unavailable) > 0 || !slices.Equal(got.In["main"], both) || !slices.Equal(got.In["feature/a"], both[:1]) {
		t.Errorf("got %+v", got)
	}
	if !slices.Equal(got.Pulls["feature/a"], []int{42}) || len(got.Pulls["main"]) > 0 {
		t.Errorf("pull requests: %v", got.Pulls)
	}
	l.list(t.Context(), both)
	if f.asked != 2 {
		t.Errorf("asked %d times, want once each", f.asked)
	}

	// Away: what was known stays, and the answer says so.
	clock = clock.Add(time.Minute)
	f.away = true
	got = l.list(t.Context(), both)
	if !slices.Equal(got.Unavailable, both) || len(got.In) != 2 {
		t.Errorf("while the forge is away: %+v", got)
	}
	clock = clock.Add(time.Minute)
	f.away = false
	if got = l.list(t.Context(), both); len(got.Unavailable) > 0 {
		t.Errorf("when it is back: %+v", got)
	}
}

// A forge that does not answer holds up nobody, and its answer is not lost.
func TestAPageDoesNotWaitLongForBranches(t *testing.T) {
	f := &fakeForge{names: map[string][]string{"backend": {"main"}}, holds: make(chan struct{})}
	l := newBranchCache(f.branches, time.Now, slog.New(slog.DiscardHandler))
	gone, leave := context.WithCancel(t.Context())
	leave() // the reader of the page has left
	if got := l.list(gone, []string{"backend"}); !slices.Equal(got.Unavailable, []string{"backend"}) {
		t.Errorf("before the answer: %+v", got)
	}
	answer := l.refresh(t.Context(), "backend")
	close(f.holds)
	<-answer
	if got := l.list(t.Context(), []string{"backend"}); len(got.Unavailable) > 0 || len(got.In["main"]) != 1 {
		t.Errorf("after it: %+v", got)
	}
	if f.asked != 1 {
		t.Errorf("asked %d times", f.asked)
	}
}
