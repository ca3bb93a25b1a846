package generator_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// A watch lists the Applications and then opens a stream. It must notice an
// Application that is deleted in between.
func TestWatchNoticesADeletionBeforeItsStream(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("v1"))
	w.do(staging.Action{Verb: staging.Delete, Name: "login"})
	g, argo, _ := withArgo(t, w)
	argo.Put("login", func(*staging.Application) {})
	open := argo.CloseStream()
	f := startWatch(t, g, staging.Query{})
	f.phase("login", staging.PhaseDeleting)
	argo.Remove("login")
	open()
	f.until("gone", func(n live.Event) bool { return n.Kind == live.Deleted && n.Staging.Metadata.Name == "login" })
}

func TestWatchReportsChanges(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	r := w.do(login("v1"))
	g, argo, clock := withArgo(t, w)
	f := startWatch(t, g, staging.Query{})
	f.phase("login", staging.PhaseCreating)
	f.until("complete", func(n live.Event) bool { return n.Kind == live.Synced })

	argo.SetRunning("login", r.Revision, clock.Now(), w.images("login")...)
	if n := f.phase("login", staging.PhaseRunning); n.Staging.Status.Timings.Running == nil || n.Staging.Status.Timings.Synced == nil {
		t.Errorf("timings: %+v", n.Staging.Status.Timings)
	}
	w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/other"})
	f.phase("other", staging.PhaseCreating)
	r = w.do(login("v2"))
	f.phase("login", staging.PhaseUpdating)

	argo.SetError(errors.New("connection refused"))
	f.phase("login", staging.PhaseUnknown)
	argo.SetError(nil)
	f.phase("login", staging.PhaseUpdating)
	argo.SetRunning("login", r.Revision, clock.Now(), w.images("login")...)
	f.phase("login", staging.PhaseRunning)

	w.do(staging.Action{Verb: staging.Delete, Name: "login"})
	f.phase("login", staging.PhaseDeleting)
	argo.Remove("login")
	f.until("gone", func(n live.Event) bool { return n.Kind == live.Deleted && n.Staging.Metadata.Name == "login" })
}

// The events of a deletion hold the last record of the staging, also
// while Argo CD still removes the objects of a record that is gone.
func TestADeletionHasTheLastRecord(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	r := w.do(login("v1"))
	g, argo, clock := withArgo(t, w)
	argo.SetRunning("login", r.Revision, clock.Now(), w.images("login")...)
	f := startWatch(t, g, staging.Query{})
	want := f.phase("login", staging.PhaseRunning).Staging.Spec
	w.do(staging.Action{Verb: staging.Delete, Name: "login"})
	check := func(n live.Event) {
		t.Helper()
		if got := n.Staging.Spec; got.Branch != want.Branch || !reflect.DeepEqual(got.Services, want.Services) || got.State != staging.Deleting {
			t.Errorf("the record is %+v", got)
		}
	}
	check(f.phase("login", staging.PhaseDeleting))
	argo.Remove("login")
	check(f.until("gone", func(n live.Event) bool { return n.Kind == live.Deleted && n.Staging.Metadata.Name == "login" }))
}

// While Argo CD is away, the last known state is shown with its age. Its return is no
// transition: what ran before did not start again.
func TestUnknownIsNoTransition(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	r := w.do(login("v1"))
	g, argo, clock := withArgo(t, w)
	f := startWatch(t, g, staging.Query{})
	f.phase("login", staging.PhaseCreating)
	argo.SetRunning("login", r.Revision, clock.Now(), w.images("login")...)
	ran := f.phase("login", staging.PhaseRunning).Staging.Status
	clock.advance(8 * 24 * time.Hour)
	away := clock.Now().UTC()
	argo.SetError(errors.New("connection refused"))
	s := f.phase("login", staging.PhaseUnknown).Staging.Status
	if s.LastKnown == nil || s.LastKnown.Phase != staging.PhaseRunning || !s.LastKnown.At.Equal(away) || !strings.HasSuffix(s.Reason.String(), "; last known: Running") {
		t.Errorf("while it is away: %+v (%s)", s.LastKnown, s.Reason)
	}
	clock.advance(3 * time.Second)
	argo.SetError(nil)
	s = f.phase("login", staging.PhaseRunning).Staging.Status
	if !reflect.DeepEqual(s.Timings, ran.Timings) || !s.Since.Equal(*ran.Since) || s.LastKnown != nil {
		t.Errorf("it runs since %v, timings %+v; before: since %v, timings %+v", s.Since, s.Timings, ran.Since, ran.Timings)
	}
}

// A watch that begins while Argo CD is away, or while a staging runs, does not know when
// the staging began to run.
func TestAFirstStateIsNoTransition(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	r := w.do(login("v1"))
	g, argo, clock := withArgo(t, w)
	argo.SetRunning("login", r.Revision, clock.Now(), w.images("login")...)
	clock.advance(8 * 24 * time.Hour)
	argo.SetError(errors.New("connection refused"))
	f := startWatch(t, g, staging.Query{})
	if s := f.phase("login", staging.PhaseUnknown).Staging.Status; s.LastKnown != nil {
		t.Errorf("nothing was known: %+v", s.LastKnown)
	}
	argo.SetError(nil)
	f.phase("login", staging.PhaseRunning)
	argo.Put("login", func(a *staging.Application) { a.Health = "Degraded" })
	f.phase("login", staging.PhaseDegraded)
	argo.Put("login", func(a *staging.Application) { a.Health = "Healthy" })
	if at := f.phase("login", staging.PhaseRunning).Staging.Status.Timings.Running; at != nil {
		t.Errorf("the view has it running since %s", at)
	}
}

// An Argo CD that accepts calls and never answers holds up neither the watch nor an answer.
func TestAHangingArgoCDHoldsUpNothing(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	r := w.do(login("v1"))
	g, argo, clock := withArgo(t, w)
	argo.SetRunning("login", r.Revision, clock.Now(), w.images("login")...)
	argo.Put("login", func(a *staging.Application) { a.Health = "Degraded" })
	argo.SetPods("login", staging.Pod{Name: "backend-1", Workload: "Deployment/backend", Health: "Degraded", Status: "CrashLoopBackOff"})
	f := startWatch(t, g, staging.Query{})
	f.phase("login", staging.PhaseFailed)
	resume := argo.Hang()
	defer resume()
	argo.Put("login", func(a *staging.Application) { a.Health = "Progressing" })
	began := time.Now()
	w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/other"})
	f.phase("other", staging.PhaseCreating)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the watch published a commit after %s", took)
	}
	argo.SetPods("login")
	resume()
	f.phase("login", staging.PhaseCreating)
}

// Argo CD sees a commit before the watch reads it. Its news is judged against that
// commit, not against the older tip.
func TestNewsOfArgoCDIsJudgedAgainstItsCommit(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("v1"))
	g, argo, clock := withArgo(t, w)
	f := startWatch(t, g, staging.Query{All: true})
	f.until("complete", func(n live.Event) bool { return n.Kind == live.Synced })
	// first expects the phase of the first change of the staging, without another before.
	first := func(what, name string, want staging.Phase) {
		t.Helper()
		n := f.until(what, func(n live.Event) bool { return n.Kind == live.Modified && n.Staging.Metadata.Name == name })
		if s := n.Staging.Status; s.Phase != want {
			t.Errorf("%s is announced as %s: %s", what, s.Phase, s.Reason)
		}
	}
	r := w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/other"})
	argo.Put("other", func(*staging.Application) {})
	first("a new staging", "other", staging.PhaseCreating)
	argo.SetRunning("other", r.Revision, clock.Now(), w.images("other")...)
	f.phase("other", staging.PhaseRunning)

	r = w.do(staging.Action{Verb: staging.Set, Name: "other", Set: map[string]string{"LOG_LEVEL": "debug"}})
	argo.Put("other", func(a *staging.Application) { a.Revision, a.Sync = r.Revision, "OutOfSync" })
	first("an update", "other", staging.PhaseUpdating)
	argo.SetRunning("other", r.Revision, clock.Now(), w.images("other")...)
	f.phase("other", staging.PhaseRunning)

	r = w.do(staging.Action{Verb: staging.Archive, Name: "other"})
	argo.Put("other", func(a *staging.Application) { a.Revision, a.Sync = r.Revision, "OutOfSync" })
	first("an archive", "other", staging.PhaseArchiving)

	w.do(staging.Action{Verb: staging.Delete, Name: "other"})
	argo.Put("other", func(a *staging.Application) { at := clock.Now(); a.DeletedAt = &at })
	first("a deletion", "other", staging.PhaseDeleting)
	argo.Remove("other")
	f.until("gone", func(n live.Event) bool { return n.Kind == live.Deleted && n.Staging.Metadata.Name == "other" })
}

// The server of Argo CD answers, but its controller compares nothing: after five minutes
// of refreshes without effect, nothing is known any more.
func TestAnArgoCDThatChecksNothing(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	r := w.do(login("v1"))
	g, argo, clock := withArgo(t, w)
	argo.SetRunning("login", r.Revision, clock.Now(), w.images("login")...)
	f := startWatch(t, g, staging.Query{})
	f.phase("login", staging.PhaseRunning)
	for i := range 5 {
		if i > 0 {
			testenv.Eventually(t, "another refresh", func() ([]string, bool) {
				_, refreshes := argo.Calls()
				return refreshes, len(refreshes) >= i
			})
		}
		clock.advance(time.Minute + time.Second)
	}
	s := f.phase("login", staging.PhaseUnknown).Staging.Status
	if !strings.HasPrefix(s.Reason.String(), "Argo CD has checked nothing for 5 min") || s.LastKnown == nil || s.LastKnown.Phase != staging.PhaseRunning {
		t.Errorf("%s, last known %+v", s.Reason, s.LastKnown)
	}
	argo.Put("login", func(a *staging.Application) { a.ReconciledAt = clock.Now() })
	f.phase("login", staging.PhaseRunning)
}

// Argo CD drops the failures of a sync when it retries; the watch keeps the last one.
func TestTheLastFailureStaysBesideARetry(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	r := w.do(login("v1"))
	g, argo, clock := withArgo(t, w)
	argo.SetRunning("login", r.Revision, clock.Now(), w.images("login")...)
	f := startWatch(t, g, staging.Query{})
	f.phase("login", staging.PhaseRunning)
	for i, failures := range [][]string{{"Job/migrate: boom"}, nil, nil} {
		argo.Put("login", func(a *staging.Application) {
			a.Operation = &staging.Operation{Phase: "Running", Revision: r.Revision, Retries: i + 1, Message: "Retrying operation. Attempt #1", Failures: failures}
		})
		f.until("the failure", func(n live.Event) bool {
			return n.Staging.Status.Reason.String() == fmt.Sprintf("Applying the change failed and is tried again (%d): Job/migrate: boom", i+1)
		})
	}
}

// Why no Application appears is in Argo CD's answer to the refresh: it is the reason.
func TestTheReasonForNoApplication(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	g, argo, _ := withArgo(t, w)
	argo.SetFault("repository not found")
	if err := g.Refresh(t.Context(), w.do(login("v1")).Plan); err != nil {
		t.Fatal(err)
	}
	f := startWatch(t, g, staging.Query{})
	const want = "Argo CD cannot create the Application: repository not found"
	if s := f.phase("login", staging.PhaseCreating).Staging.Status; s.Reason.String() != want {
		t.Errorf("the watch says %s", s.Reason)
	}
	again, argo, _ := withArgo(t, w) // another process
	argo.SetFault("repository not found")
	if s := w.phase(again, "login"); s.Reason.String() != want {
		t.Errorf("get says %s", s.Reason)
	}
}

// Every watch and every answer names one moment since when Argo CD is away.
func TestUnknownSinceIsOneMoment(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("v1"))
	g, argo, clock := withArgo(t, w)
	f := startWatch(t, g, staging.Query{})
	f.phase("login", staging.PhaseCreating)
	argo.SetError(errors.New("connection refused"))
	watched := f.phase("login", staging.PhaseUnknown).Staging.Status.Reason.Since
	clock.advance(time.Minute)
	if asked := w.phase(g, "login").Reason.Since; !asked.Equal(watched) {
		t.Errorf("unknown since %s for the watch, since %s for an answer", watched, asked)
	}
}

// Pods crash before the health of their Application changes.
func TestWatchReportsCrashingPodsDuringARollout(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	r := w.do(login("v1"))
	g, argo, clock := withArgo(t, w)
	argo.SetRunning("login", r.Revision, clock.Now())
	argo.Put("login", func(a *staging.Application) { a.Health = "Progressing" })
	f := startWatch(t, g, staging.Query{Names: []string{"login"}})
	f.phase("login", staging.PhaseCreating)
	argo.SetPods("login", staging.Pod{Name: "backend-1", Workload: "Deployment/backend", Health: "Degraded", Status: "CrashLoopBackOff"})
	clock.advance(2 * time.Second)
	if n := f.phase("login", staging.PhaseFailed); n.Staging.Status.Reason.String() != "backend keeps crashing" {
		t.Error(n.Staging.Status.Reason)
	}
}

func TestWatchRefreshesAnOverdueApplication(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	r := w.do(login("v1"))
	w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/new"})
	g, argo, clock := withArgo(t, w)
	argo.SetRunning("login", r.Revision, clock.Now(), w.images("login")...)
	w.do(login("v2"))
	f := startWatch(t, g, staging.Query{})
	f.phase("new", staging.PhaseCreating)
	if upserts, refreshes := argo.Calls(); upserts+len(refreshes) > 0 {
		t.Errorf("refreshed at once: %d, %v", upserts, refreshes)
	}
	for i, want := range []string{"login", "login hard"} {
		testenv.Eventually(t, "refresh "+want, func() (string, bool) {
			clock.advance(50 * time.Millisecond)
			upserts, refreshes := argo.Calls()
			// The clock advances between two polls, so there may be more refreshes.
			return fmt.Sprint(upserts, refreshes), upserts > i && slices.Contains(refreshes, want)
		})
	}
	if _, refreshes := argo.Calls(); refreshes[0] != "login" {
		t.Errorf("a hard refresh came first: %v", refreshes)
	}
	clock.advance(40 * time.Second)
	f.until("the reason says that it is late", func(n live.Event) bool {
		return strings.HasPrefix(n.Staging.Status.Reason.String(), "Argo CD has not seen the commit for ")
	})
}

func TestWatchSurvivesAnUnreadableEnvRepo(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("v1"))
	g, _, _ := withArgo(t, w)
	f := startWatch(t, g, staging.Query{})
	f.until("complete", func(n live.Event) bool { return n.Kind == live.Synced })
	before := w.read(project.File)
	w.write(staging.File{Path: project.File, Data: []byte("kind: [")})
	f.until("stale", func(n live.Event) bool { return n.Kind == live.RepoDown && n.Err != nil })
	w.write(staging.File{Path: project.File, Data: before})
	f.until("fresh", func(n live.Event) bool { return n.Kind == live.RepoUp })
}

func TestRefreshOfChangedStagings(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	g, argo, clock := withArgo(t, w)
	r := w.do(login("v1"))
	if err := g.Refresh(t.Context(), r.Plan); err != nil {
		t.Fatal(err)
	}
	if upserts, refreshes := argo.Calls(); upserts != 1 || len(refreshes) != 0 {
		t.Errorf("a new staging: %d upserts, %v", upserts, refreshes)
	}
	argo.SetRunning("login", r.Revision, clock.Now())
	if err := g.Refresh(t.Context(), w.do(login("v2")).Plan); err != nil {
		t.Fatal(err)
	}
	if upserts, refreshes := argo.Calls(); upserts != 1 || !slices.Equal(refreshes, []string{"login"}) {
		t.Errorf("a changed staging: %d upserts, %v", upserts, refreshes)
	}
	if err := g.Refresh(t.Context(), w.do(staging.Action{Verb: staging.Delete, Name: "login"}).Plan); err != nil {
		t.Fatal(err)
	}
	if upserts, refreshes := argo.Calls(); upserts != 2 || len(refreshes) != 1 {
		t.Errorf("a deleted staging: %d upserts, %v", upserts, refreshes)
	}
}

// A feed reads the time of each staging's last change from the history, even for
// changes before its start.
func TestFeedReportsTheLastChange(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	made := w.do(login("v1"))
	w.do(staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"LOG_LEVEL": "debug"}})
	changed := w.clock.Now()
	w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/other"})
	g, argo, _ := withArgo(t, w)
	argo.SetRunning("login", made.Revision, w.clock.Now(), w.images("login")...)
	feed := live.NewFeed(g, w.Now)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); feed.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	at := func(want time.Time) func() (*staging.View, bool) {
		return func() (*staging.View, bool) {
			v := feed.View("login")
			return v, v != nil && v.Status.Changed != nil && v.Status.Changed.Equal(want)
		}
	}
	testenv.Eventually(t, "the time of the last change", at(changed))
	w.do(staging.Action{Verb: staging.PinVerb, Name: "login"})
	testenv.Eventually(t, "the time of the next change", at(w.clock.Now()))
}
