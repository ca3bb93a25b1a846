package generator_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"octopod/generator"
	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

func (w *fixture) phase(g *generator.Stagings, name string) staging.Status {
	w.t.Helper()
	views, err := g.Find(w.t.Context(), staging.Query{Names: []string{name}})
	if err != nil {
		w.t.Fatal(err)
	}
	return views[0].Status
}

func TestStatusComparesTheTip(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	first := w.do(login("v1"))
	g, argo, _ := withArgo(t, w)

	if s := w.phase(g, "login"); s.Phase != staging.PhaseCreating {
		t.Errorf("before Argo CD has seen it: %s (%s)", s.Phase, s.Reason)
	}
	argo.SetRunning("login", first.Revision, w.clock.Now(), w.images("login")...)
	if s := w.phase(g, "login"); s.Phase != staging.PhaseRunning || s.ObservedRevision != first.Revision {
		t.Errorf("once it runs: %s (%s)", s.Phase, s.Reason)
	}
	w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/other"})
	if s := w.phase(g, "login"); s.Phase != staging.PhaseRunning {
		t.Errorf("after a commit of another staging: %s (%s)", s.Phase, s.Reason)
	}
	// The same images run, so only the content differs.
	w.do(staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"LOG_LEVEL": "debug"}})
	if s := w.phase(g, "login"); s.Phase != staging.PhaseUpdating {
		t.Errorf("after a changed setting that Argo CD has not seen: %s (%s)", s.Phase, s.Reason)
	}
	w.do(login("v2"))
	if s := w.phase(g, "login"); s.Phase != staging.PhaseUpdating {
		t.Errorf("after a commit that Argo CD has not seen: %s (%s)", s.Phase, s.Reason)
	}
	argo.Put("login", func(a *staging.Application) { a.Revision = "0123456789012345678901234567890123456789" })
	if s := w.phase(g, "login"); s.Phase != staging.PhaseUpdating {
		t.Errorf("of a revision that the branch does not have: %s (%s)", s.Phase, s.Reason)
	}
}

// A change of the record alone is no rollout, because Argo CD does not read the record.
func TestAChangeOfTheRecordAloneIsNoUpdate(t *testing.T) {
	title, until := "A better login page", time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	actions := []staging.Action{
		{Verb: staging.Set, Name: "login", Title: &title},
		{Verb: staging.PinVerb, Name: "login", Reason: "the demo"},
		{Verb: staging.Unpin, Name: "login"},
		{Verb: staging.Keep, Name: "login", Reason: "the demo", Until: &until},
		{Verb: staging.Unkeep, Name: "login"},
		{Verb: staging.Extend, Name: "login"},
		{Verb: staging.Mark, Name: "login", Outcome: staging.Broken, Note: "no button"},
	}
	eachEngine(t, func(t *testing.T, w *fixture) {
		r := w.do(login("v1"))
		g, argo, clock := withArgo(t, w)
		argo.SetRunning("login", r.Revision, clock.Now(), w.images("login")...)
		f := startWatch(t, g, staging.Query{})
		ran := f.phase("login", staging.PhaseRunning).Staging.Status.Timings.Running
		w.clock.advance(48 * time.Hour) // otherwise there is nothing to extend
		clock.advance(48 * time.Hour)
		for _, a := range actions {
			r := w.do(a)
			if !r.Changed {
				t.Errorf("%s changes nothing", a.Verb)
			}
			if err := g.Refresh(t.Context(), r.Plan); err != nil {
				t.Error(err)
			}
			if s := w.phase(g, "login"); s.Phase != staging.PhaseRunning {
				t.Errorf("after %s: %s (%s)", a.Verb, s.Phase, s.Reason)
			}
		}
		n := f.until("the title", func(n live.Event) bool { return n.Staging.Metadata.Title == title })
		if s := n.Staging.Status; s.Phase != staging.PhaseRunning || !reflect.DeepEqual(s.Timings.Running, ran) {
			t.Errorf("the watch reports %s, running since %v, not %v", s.Phase, s.Timings.Running, ran)
		}
		// The watch asks once whether Argo CD still compares, after two days without a check.
		if upserts, refreshes := argo.Calls(); upserts > 0 || len(refreshes) > 1 {
			t.Errorf("%d upserts and the refreshes %v", upserts, refreshes)
		}
		w.do(login("v2"))
		if s := w.phase(g, "login"); s.Phase != staging.PhaseUpdating {
			t.Errorf("after a deploy: %s (%s)", s.Phase, s.Reason)
		}
	})
}

// A change of the record alone does not reset the age of a failure.
func TestAChangeOfTheRecordKeepsTheAgeOfAFailure(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	r := w.do(login("v1"))
	committed := w.clock.Now()
	g, argo, clock := withArgo(t, w)
	argo.SetRunning("login", r.Revision, committed, w.images("login")...)
	argo.Put("login", func(a *staging.Application) {
		a.Conditions = []staging.Condition{{Type: "ComparisonError", Message: "`kustomize build` failed"}}
	})
	for i := range 6 { // more than one page of the history
		w.do(staging.Action{Verb: staging.Keep, Name: "login", Reason: fmt.Sprint("reason ", i)})
	}
	clock.advance(time.Hour)
	if s := w.phase(g, "login"); s.Phase != staging.PhaseFailed || !s.Timings.Committed.Equal(committed) {
		t.Errorf("%s (%s), committed %v, want %v", s.Phase, s.Reason, s.Timings.Committed, committed)
	}
}

// images returns the images of a staging's services.
func (w *fixture) images(name string) []string {
	w.t.Helper()
	s, err := w.tip().Staging(name)
	if err != nil {
		w.t.Fatal(err)
	}
	var images []string
	for _, service := range s.Spec.Services {
		images = append(images, service.Image)
	}
	return images
}

func TestStatusOfAServiceWithoutPods(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	none := login("v1")
	none.Set = map[string]string{"backend.replicas": "0"}
	r := w.do(none)
	g, argo, _ := withArgo(t, w)
	frontend := slices.DeleteFunc(w.images("login"), func(image string) bool { return !strings.Contains(image, "frontend") })
	argo.SetRunning("login", r.Revision, w.clock.Now(), frontend...)
	if s := w.phase(g, "login"); s.Phase != staging.PhaseRunning {
		t.Errorf("a service of 0 replicas: %s (%s; %s)", s.Phase, s.Reason, s.Detail)
	}
	argo.SetRunning("login", r.Revision, w.clock.Now(), "registry.example.com/shop/other:1")
	if s := w.phase(g, "login"); s.Phase == staging.PhaseRunning {
		t.Error("the phase is Running with another image")
	}
}

func TestTerminateEndsASyncThatHangs(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	r := w.do(login("v1"))
	g, argo, _ := withArgo(t, w)
	argo.SetRunning("login", r.Revision, w.clock.Now())
	if err := g.Terminate(t.Context(), "login"); staging.CodeOf(err) != staging.CodeConflict {
		t.Errorf("no sync runs: %v", err)
	}
	argo.Put("login", func(a *staging.Application) {
		a.Operation = &staging.Operation{Phase: "Running", StartedAt: w.clock.Now().Add(-time.Hour), Revision: r.Revision, Waits: []string{"Job/migrate"}}
	})
	if s := w.phase(g, "login"); !strings.Contains(s.Reason.String(), "Job/migrate still runs; `octopod terminate` ends the sync") {
		t.Errorf("while it hangs: %s", s.Reason)
	}
	if err := g.Terminate(t.Context(), "login"); err != nil {
		t.Fatal(err)
	}
	if s := w.phase(g, "login"); s.Phase != staging.PhaseFailed {
		t.Errorf("ended: %s (%s)", s.Phase, s.Reason)
	}
	second := w.do(login("v2"))
	argo.Put("login", func(a *staging.Application) {
		a.Revision, a.Sync = second.Revision, "OutOfSync"
		a.Operation = &staging.Operation{Phase: "Running", StartedAt: w.clock.Now(), Revision: r.Revision}
	})
	if err := g.Terminate(t.Context(), "login"); err != nil {
		t.Fatal(err)
	}
	apps, _ := argo.Applications(t.Context())
	if op := apps[0].Operation; op.Phase != "Running" || op.Revision != second.Revision {
		t.Errorf("the newest commit is not synced, which Argo CD has compared already: %+v", op)
	}
}

func TestStatusDuringASyncWindow(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	r := w.do(login("v1"))
	g, argo, clock := withArgo(t, w)
	argo.SetRunning("login", r.Revision, w.clock.Now())
	argo.Put("login", func(a *staging.Application) { a.Sync = "OutOfSync" })
	argo.SetSyncBlock(staging.SyncBlock{Blocked: true, Until: clock.Now().Add(time.Hour)})
	if s := w.phase(g, "login"); !strings.HasPrefix(s.Reason.String(), "A sync window of Argo CD allows no change until 20") {
		t.Error(s.Reason)
	}
}

func TestStatusWhileArgoCDIsDown(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("v1"))
	g, argo, _ := withArgo(t, w)
	argo.SetError(staging.Errorf(staging.CodeUnavailable, "connection refused"))
	if s := w.phase(g, "login"); s.Phase != staging.PhaseUnknown || !strings.Contains(s.Detail, "refused") {
		t.Errorf("%s (%s)", s.Phase, s.Detail)
	}
}

// get NAME and wait agree while Argo CD deletes: from Argo CD, and from the feed of a server.
func TestADeletedStagingIsListedUntilItsApplicationIsGone(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	r := w.do(login("v1"))
	g, argo, clock := withArgo(t, w)
	argo.SetRunning("login", r.Revision, w.clock.Now())
	access, catchUp := withFeed(t, g, clock)
	w.do(staging.Action{Verb: staging.Delete, Name: "login"})
	argo.SetRemains("login", staging.Remains{Count: 1, Objects: []staging.Remainder{{Object: "ConfigMap/held", Finalizers: []string{"example.com/hold"}}}})
	argo.Put("login", func(a *staging.Application) { at := clock.Now().Add(-time.Hour); a.DeletedAt = &at })
	catchUp()
	for name, from := range map[string]interface {
		Find(context.Context, staging.Query) ([]staging.View, error)
	}{"Argo CD": g, "the feed": access} {
		for _, q := range []staging.Query{{}, {Names: []string{"login"}}, {Names: []string{"login"}, Pending: true}} {
			testenv.Eventually(t, fmt.Sprintf("what holds the deletion, from %s, %+v", name, q), func() ([]staging.View, bool) {
				views, err := from.Find(t.Context(), q)
				return views, err == nil && len(views) == 1 && views[0].Status.Phase == staging.PhaseDeleting &&
					strings.Contains(views[0].Status.Reason.Cause, "example.com/hold")
			})
		}
		if _, err := from.Find(t.Context(), staging.Query{Names: []string{"login", "other"}}); staging.CodeOf(err) != staging.CodeNotFound {
			t.Errorf("from %s, a name that never existed: %v", name, err)
		}
	}
	argo.Remove("login")
	testenv.Eventually(t, "no staging once its Application is gone", func() (error, bool) {
		_, err := access.Find(t.Context(), staging.Query{Names: []string{"login"}})
		return err, staging.CodeOf(err) == staging.CodeNotFound
	})
}
