package generator_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"octopod/generator"
	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
	"octopod/generator/status"
	"octopod/generator/testenv"
	"octopod/generator/testenv/testargo"
)

// withArgo connects a fixture to an Argo CD and to a clock that tests can advance
// concurrently.
func withArgo(t *testing.T, w *fixture) (*generator.Stagings, *testargo.ArgoCD, *clock) {
	a, c := testargo.New(), &clock{now: w.clock.Now().Add(10 * time.Second)}
	return generator.New(generator.Parts{
		Repo: w.repo, Renderer: w.Renderer, Now: c.Now,
		Connect: func(*project.Project) (status.Cluster, error) { return a, nil },
	}), a, c
}

// withFeed runs a feed until the test ends, and returns an access of an administrator to
// it. catchUp waits until the feed shows what is committed.
func withFeed(t *testing.T, g *generator.Stagings, c *clock) (access *generator.Access, catchUp func()) {
	t.Helper()
	feed := live.NewFeed(g, c.Now)
	ctx, cancel := context.WithCancel(t.Context())
	var work sync.WaitGroup
	work.Go(func() { feed.Run(ctx) })
	t.Cleanup(func() { cancel(); work.Wait() })
	catchUp = func() {
		t.Helper()
		if err := feed.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
	}
	catchUp()
	return g.As(rights.Actor{Rights: testRights{role: project.RoleAdmin}}, feed), catchUp
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

func (c *clock) advance(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.now = c.now.Add(d) }

func (c *clock) set(now time.Time) { c.mu.Lock(); defer c.mu.Unlock(); c.now = now }

// watchRecorder runs a watch and queues its events.
type watchRecorder struct {
	t      *testing.T
	events chan live.Event
}

func startWatch(t *testing.T, w live.Watcher, q staging.Query) *watchRecorder {
	t.Helper()
	f := &watchRecorder{t: t, events: make(chan live.Event, 1000)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Watch(ctx, q, func(n live.Event) { f.events <- n }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the watch ended with %v", err)
		}
	})
	return f
}

// until returns the first event that fits and skips the events before it.
func (f *watchRecorder) until(what string, fits func(live.Event) bool) live.Event {
	f.t.Helper()
	patience := time.After(testenv.Timeout)
	for {
		select {
		case n := <-f.events:
			if fits(n) {
				return n
			}
			f.t.Logf("%s %s %s: %s", n.Kind, n.Staging.Metadata.Name, n.Staging.Status.Phase, n.Staging.Status.Reason)
		case <-patience:
			f.t.Fatalf("no event: %s", what)
		}
	}
}

func (f *watchRecorder) phase(name string, want staging.Phase) live.Event {
	f.t.Helper()
	return f.until(name+" "+string(want), func(n live.Event) bool {
		return n.Kind == live.Modified && n.Staging.Metadata.Name == name && n.Staging.Status.Phase == want
	})
}
