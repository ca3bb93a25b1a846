package argocd_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"octopod/generator/argocd"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// watching runs a watch and returns its events one by one.
type watching struct {
	t      testing.TB
	events chan argocd.Event
	cancel context.CancelFunc
	ended  chan error
}

func startWatch(t testing.TB, c *argocd.Client) *watching {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := &watching{t: t, events: make(chan argocd.Event, 10000), cancel: cancel, ended: make(chan error, 1)}
	go func() { w.ended <- c.Watch(ctx, func(e argocd.Event) { w.events <- e }) }()
	t.Cleanup(w.stop)
	return w
}

func (w *watching) stop() {
	w.cancel()
	select {
	case err := <-w.ended:
		if !errors.Is(err, context.Canceled) {
			w.t.Errorf("the watch ended with %v", err)
		}
		w.ended <- err // for a second call
	case <-time.After(testenv.Timeout):
		w.t.Error("the watch does not end")
	}
}

// next expects an event: "changed login", "removed login", "away", "back". It
// skips "listed" unless want is "listed".
func (w *watching) next(want string) argocd.Event {
	w.t.Helper()
	select {
	case e := <-w.events:
		if e.Kind == argocd.Listed && want != string(argocd.Listed) {
			return w.next(want)
		}
		if got := strings.TrimSpace(string(e.Kind) + " " + e.Application.Name); got != want {
			w.t.Fatalf("got %s, want %s (%v)", got, want, e.Err)
		}
		return e
	case <-time.After(testenv.Timeout):
		w.t.Fatalf("no event came; want %s", want)
		return argocd.Event{}
	}
}

func (w *watching) silence() {
	w.t.Helper()
	select {
	case e := <-w.events:
		if e.Kind == argocd.Listed {
			w.silence()
			return
		}
		w.t.Errorf("unasked: %s %s", e.Kind, e.Application.Name)
	case <-time.After(200 * time.Millisecond):
	}
}

func same(*v1alpha1.Application) {}

// everyTransport runs a test over gRPC and over gRPC-web.
func everyTransport(t *testing.T, test func(t *testing.T, f *fakeArgo, c *argocd.Client)) {
	t.Run("grpc", func(t *testing.T) {
		f := newFake(t)
		test(t, f, f.client(t, func(*argocd.Options) {}))
	})
	t.Run("grpc-web", func(t *testing.T) {
		f := newFake(t)
		web := newWebProxy(t, f)
		test(t, f, f.client(t, func(o *argocd.Options) { o.Server = web.URL + "/argo" }))
	})
}

func TestWatchTellsEveryChange(t *testing.T) {
	everyTransport(t, func(t *testing.T, f *fakeArgo, c *argocd.Client) {
		f.put("one", same)
		w := startWatch(t, c)
		w.next("changed one")
		w.next("listed")
		f.put("two", same)
		w.next("changed two")
		f.put("one", func(a *v1alpha1.Application) { a.Status.Health.Status = "Healthy" })
		if e := w.next("changed one"); e.Application.Health != "Healthy" || e.Application.Staging != "one" {
			t.Errorf("got %+v", e.Application)
		}
		f.remove("one")
		w.next("removed one")
		f.put("one", same)
		w.next("changed one")
		w.silence() // lists that come again and again say nothing new
		if f.streams != 1 {
			t.Errorf("%d streams were opened", f.streams)
		}
	})
}

func TestWatchComesBack(t *testing.T) {
	everyTransport(t, func(t *testing.T, f *fakeArgo, c *argocd.Client) {
		f.put("kept", same)
		f.put("removed", same)
		w := startWatch(t, c)
		w.next("changed kept")
		w.next("changed removed")
		f.stop()
		if e := w.next("away"); staging.CodeOf(e.Err) != staging.CodeUnavailable {
			t.Errorf("away: %v", e.Err)
		}
		f.remove("removed")
		f.put("new", same)
		w.silence()
		f.restart()
		w.next("changed new")
		w.next("removed removed")
		w.next("back")
		f.put("kept", same)
		w.next("changed kept")
	})
}

// The next list reports events that the server dropped.
func TestWatchFindsLostEvents(t *testing.T) {
	f := newFake(t)
	f.put("one", same)
	w := startWatch(t, f.client(t, func(*argocd.Options) {}))
	w.next("changed one")
	f.with(func(f *fakeArgo) { f.mute = true })
	f.put("one", same)
	w.next("changed one")
	f.remove("one")
	w.next("removed one")
}

// A list from a cache that lags behind the stream changes nothing.
func TestWatchDoesNotBelieveAnOldList(t *testing.T) {
	f := newFake(t)
	f.put("removed", same)
	f.put("changed", same)
	w := startWatch(t, f.client(t, func(*argocd.Options) {}))
	w.next("changed changed")
	w.next("changed removed")
	f.awaitSubscriber() // an old list makes up for nothing
	f.with(func(f *fakeArgo) { f.stale = f.snapshot() })
	f.remove("removed")
	f.put("changed", same)
	f.put("new", same)
	w.next("removed removed")
	w.next("changed changed")
	w.next("changed new")
	w.silence()
	f.with(func(f *fakeArgo) { f.stale = nil })
	w.silence()
}

// A restored cluster continues from an earlier version.
func TestWatchBelievesARestoredCluster(t *testing.T) {
	f := newFake(t)
	f.put("one", same)
	w := startWatch(t, f.client(t, func(*argocd.Options) {}))
	w.next("changed one")
	f.stop()
	w.next("away")
	f.with(func(f *fakeArgo) { f.version = 7 })
	f.put("one", same)
	f.restart()
	w.next("changed one")
	w.next("back")
	f.put("one", same)
	w.next("changed one")
}

func TestWatchNoticesAHangingServer(t *testing.T) {
	f := newFake(t)
	c := f.client(t, func(*argocd.Options) {})
	c.Hasten(20*time.Millisecond, 50*time.Millisecond, time.Second)
	w := startWatch(t, c)
	hang := make(chan struct{})
	f.with(func(f *fakeArgo) { f.hang = hang })
	if e := w.next("away"); staging.CodeOf(e.Err) != staging.CodeTimeout {
		t.Errorf("away: %v", e.Err)
	}
	f.with(func(f *fakeArgo) { f.hang = nil })
	close(hang)
	w.next("back")
}

func TestWatchGivesBackAllGoroutines(t *testing.T) {
	everyTransport(t, func(t *testing.T, f *fakeArgo, c *argocd.Client) {
		before := stacks()
		for i := range 5 {
			w := startWatch(t, c)
			f.put(fmt.Sprint("app-", i), same)
			testenv.Eventually(t, "an event", func() (int, bool) { return len(w.events), len(w.events) > 0 })
			f.stop()
			for e := range w.events {
				if e.Kind == argocd.Unreachable {
					break
				}
			}
			f.restart()
			w.stop()
		}
		testenv.Eventually(t, fmt.Sprintf("%d goroutines of the package, as before", before), func() (int, bool) {
			left := stacks()
			return left, left <= before
		})
	})
}

// stacks counts the goroutines in the package.
func stacks() int {
	buffer := make([]byte, 1<<20)
	return strings.Count(string(buffer[:runtime.Stack(buffer, true)]), "octopod/generator/argocd.(*")
}

// A thousand Applications with thirty objects each: the memory of a
// watcher, and the time from a change on the server to the event.
func BenchmarkGoalWatchThousand(b *testing.B) {
	f := newFake(b)
	for i := range 1000 {
		f.put(fmt.Sprint("app-", i), func(a *v1alpha1.Application) {
			for j := range 30 {
				a.Status.Resources = append(a.Status.Resources, v1alpha1.ResourceStatus{Kind: "Deployment", Name: fmt.Sprint("part-", j)})
			}
		})
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w := startWatch(b, f.client(b, func(*argocd.Options) {}))
	for range 1000 {
		<-w.events
	}
	f.awaitSubscriber()
	runtime.GC()
	runtime.ReadMemStats(&after)
	for b.Loop() {
		f.put("app-500", same)
		<-w.events
	}
	b.ReportMetric(float64(after.HeapInuse-before.HeapInuse)/1e6, "MB")
	b.ReportMetric(float64(f.streams), "streams")
}

// An Application's operation between and during the attempts of a retry, and with a hook
// that fails after everything was applied.
func TestOperationsOfFailingSyncs(t *testing.T) {
	ended := metav1.NewTime(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	f := newFake(t)
	c := f.client(t, func(*argocd.Options) {})
	for _, tt := range []struct {
		name  string
		state v1alpha1.OperationState
		want  staging.Operation
	}{
		{"between two attempts", v1alpha1.OperationState{
			Phase: "Running", FinishedAt: &ended, RetryCount: 1, Message: "one or more objects failed to apply. Retrying attempt #1 at 10:00AM.",
			SyncResult: &v1alpha1.SyncOperationResult{Resources: v1alpha1.ResourceResults{{Kind: "PersistentVolumeClaim", Name: "db", Status: "SyncFailed", Message: "exceeded quota"}}},
		}, staging.Operation{Phase: "Running", Retries: 1, Failures: []string{"PersistentVolumeClaim/db: exceeded quota"}}},
		{"a hook after the sync failed", v1alpha1.OperationState{
			Phase: "Failed", FinishedAt: &ended, Message: "failed",
			SyncResult: &v1alpha1.SyncOperationResult{Resources: v1alpha1.ResourceResults{
				{Kind: "Deployment", Name: "backend", Status: "Synced"},
				{Kind: "Job", Name: "smoke", HookType: "PostSync", HookPhase: "Failed", Message: "Job has reached the specified backoff limit"},
			}},
		}, staging.Operation{Phase: "Failed", FinishedAt: ended.Time, CheckFailed: true, Failures: []string{"Job/smoke: Job has reached the specified backoff limit"}}},
		{"a hook runs", v1alpha1.OperationState{
			Phase: "Running", Message: "waiting for completion of hook batch/Job/migrate",
			SyncResult: &v1alpha1.SyncOperationResult{Resources: v1alpha1.ResourceResults{{Kind: "Job", Name: "migrate", HookType: "PreSync", HookPhase: "Running"}}},
		}, staging.Operation{Phase: "Running", Waits: []string{"Job/migrate"}}},
		{"the repo-server did not answer", v1alpha1.OperationState{
			Phase: "Error", FinishedAt: &ended, Message: "ComparisonError: rpc error: code = Unavailable desc = connection refused",
		}, staging.Operation{Phase: "Error", FinishedAt: ended.Time, Transient: true}},
	} {
		f.put("login", func(a *v1alpha1.Application) {
			a.Operation = &v1alpha1.Operation{}
			if tt.state.Phase.Completed() {
				a.Operation = nil
			}
			a.Status.OperationState = &tt.state
		})
		app, err := c.Application(t.Context(), "login")
		if err != nil {
			t.Fatal(err)
		}
		tt.want.Message = tt.state.Message
		app.Operation.StartedAt, app.Operation.FinishedAt = time.Time{}, app.Operation.FinishedAt.UTC()
		if !reflect.DeepEqual(*app.Operation, tt.want) {
			t.Errorf("%s: %+v, want %+v", tt.name, *app.Operation, tt.want)
		}
	}
}
