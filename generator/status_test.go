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

	"octopod/generator"
	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/generator/testenv"
	"octopod/generator/testenv/testargo"
)

func (w *world) phase(g *generator.Stagings, name string) staging.Status {
	w.t.Helper()
	views, err := g.Find(w.t.Context(), staging.Query{Names: []string{name}})
	if err != nil {
		w.t.Fatal(err)
	}
	return views[0].Status
}

func TestStatusIsOfWhatIsCommittedNow(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	first := w.do(login("v1"))
	g, argo, _ := withArgo(t, w)

	if s := w.phase(g, "login"); s.Phase != staging.PhaseCreating {
		t.Errorf("before Argo CD has seen it: %s (%s)", s.Phase, s.Reason)
	}
	argo.Runs("login", first.Revision, w.now, w.images("login")...)
	if s := w.phase(g, "login"); s.Phase != staging.PhaseRunning || s.ObservedRevision != first.Revision {
		t.Errorf("once it runs: %s (%s)", s.Phase, s.Reason)
	}
	w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/other"})
	if s := w.phase(g, "login"); s.Phase != staging.PhaseRunning {
		t.Errorf("after a commit of another staging: %s (%s)", s.Phase, s.Reason)
	}
	// The images are those that run, so nothing but the content tells the two apart.
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

// What people note in a record is no rollout: Argo CD reads none of it.
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
	eachEngine(t, func(t *testing.T, w *world) {
		r := w.do(login("v1"))
		g, argo, clock := withArgo(t, w)
		argo.Runs("login", r.Revision, clock.Now(), w.images("login")...)
		f := follow(t, g, staging.Query{})
		ran := f.phase("login", staging.PhaseRunning).Staging.Status.Timings.Running
		w.now = w.now.Add(48 * time.Hour) // or there is nothing to extend
		clock.pass(48 * time.Hour)
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
			t.Errorf("the watch tells: %s, running since %v, not %v", s.Phase, s.Timings.Running, ran)
		}
		if upserts, refreshes := argo.Asked(); upserts+len(refreshes) > 0 {
			t.Errorf("Argo CD was asked to look: %d, %v", upserts, refreshes)
		}
		w.do(login("v2"))
		if s := w.phase(g, "login"); s.Phase != staging.PhaseUpdating {
			t.Errorf("after a deploy: %s (%s)", s.Phase, s.Reason)
		}
	})
}

// Nor does it make a fault look younger than it is.
func TestARecordAloneLeavesAFaultAsOldAsItIs(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	r := w.do(login("v1"))
	committed := w.now
	g, argo, clock := withArgo(t, w)
	argo.Runs("login", r.Revision, committed, w.images("login")...)
	argo.Put("login", func(a *staging.Application) {
		a.Conditions = []staging.Condition{{Type: "ComparisonError", Message: "`kustomize build` failed"}}
	})
	for i := range 6 { // more than one page of the history
		w.do(staging.Action{Verb: staging.Keep, Name: "login", Reason: fmt.Sprint("reason ", i)})
	}
	clock.pass(time.Hour)
	if s := w.phase(g, "login"); s.Phase != staging.PhaseFailed || !s.Timings.Committed.Equal(committed) {
		t.Errorf("%s (%s), committed %v, want %v", s.Phase, s.Reason, s.Timings.Committed, committed)
	}
}

// images are what a staging's services run.
func (w *world) images(name string) []string {
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

func TestStatusKnowsAServiceWithoutPods(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	none := login("v1")
	none.Set = map[string]string{"backend.replicas": "0"}
	r := w.do(none)
	g, argo, _ := withArgo(t, w)
	frontend := slices.DeleteFunc(w.images("login"), func(image string) bool { return !strings.Contains(image, "frontend") })
	argo.Runs("login", r.Revision, w.now, frontend...)
	if s := w.phase(g, "login"); s.Phase != staging.PhaseRunning {
		t.Errorf("a service of 0 replicas: %s (%s; %s)", s.Phase, s.Reason, s.Detail)
	}
	argo.Runs("login", r.Revision, w.now, "registry.example.com/shop/other:1")
	if s := w.phase(g, "login"); s.Phase == staging.PhaseRunning {
		t.Error("another image runs than the one that is wanted")
	}
}

func TestStatusWhileArgoCDIsAway(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("v1"))
	g, argo, _ := withArgo(t, w)
	argo.Away(staging.Errorf(staging.CodeUnavailable, "connection refused"))
	if s := w.phase(g, "login"); s.Phase != staging.PhaseUnknown || !strings.Contains(s.Detail, "refused") {
		t.Errorf("%s (%s)", s.Phase, s.Detail)
	}
}

func TestADeletedStagingIsListedWhileItGoes(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	r := w.do(login("v1"))
	g, argo, _ := withArgo(t, w)
	argo.Runs("login", r.Revision, w.now)
	w.do(staging.Action{Verb: staging.Delete, Name: "login"})
	views, err := g.Find(t.Context(), staging.Query{})
	if err != nil || len(views) != 1 || views[0].Status.Phase != staging.PhaseDeleting {
		t.Errorf("%+v, %v", views, err)
	}
}

// A watch begins with a list, and then opens a stream: what goes between the
// two is in neither.
func TestWatchLearnsOfWhatWentBeforeItsStream(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("v1"))
	w.do(staging.Action{Verb: staging.Delete, Name: "login"})
	g, argo, _ := withArgo(t, w)
	argo.Put("login", func(*staging.Application) {})
	open := argo.CloseStream()
	f := follow(t, g, staging.Query{})
	f.phase("login", staging.PhaseDeleting)
	argo.Remove("login")
	open()
	f.until("gone", func(n live.Event) bool { return n.Kind == live.Deleted && n.Staging.Metadata.Name == "login" })
}

func TestWatchTellsWhatHappens(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	r := w.do(login("v1"))
	g, argo, clock := withArgo(t, w)
	f := follow(t, g, staging.Query{})
	f.phase("login", staging.PhaseCreating)
	f.until("complete", func(n live.Event) bool { return n.Kind == live.Synced })

	argo.Runs("login", r.Revision, clock.Now(), w.images("login")...)
	if n := f.phase("login", staging.PhaseRunning); n.Staging.Status.Timings.Running == nil || n.Staging.Status.Timings.Synced == nil {
		t.Errorf("timings: %+v", n.Staging.Status.Timings)
	}
	w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/other"})
	f.phase("other", staging.PhaseCreating)
	r = w.do(login("v2"))
	f.phase("login", staging.PhaseUpdating)

	argo.Away(errors.New("connection refused"))
	f.phase("login", staging.PhaseUnknown)
	argo.Away(nil)
	f.phase("login", staging.PhaseUpdating)
	argo.Runs("login", r.Revision, clock.Now(), w.images("login")...)
	f.phase("login", staging.PhaseRunning)

	w.do(staging.Action{Verb: staging.Delete, Name: "login"})
	f.phase("login", staging.PhaseDeleting)
	argo.Remove("login")
	f.until("gone", func(n live.Event) bool { return n.Kind == live.Deleted && n.Staging.Metadata.Name == "login" })
}

// Pods crash before their Application says anything.
func TestWatchSeesPodsOfAStagingUnderWay(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	r := w.do(login("v1"))
	g, argo, clock := withArgo(t, w)
	argo.Runs("login", r.Revision, clock.Now())
	argo.Put("login", func(a *staging.Application) { a.Health = "Progressing" })
	f := follow(t, g, staging.Query{Names: []string{"login"}})
	f.phase("login", staging.PhaseCreating)
	argo.SetPods("login", staging.Pod{Name: "backend-1", Workload: "Deployment/backend", Health: "Degraded", Status: "CrashLoopBackOff"})
	clock.pass(2 * time.Second)
	if n := f.phase("login", staging.PhaseFailed); n.Staging.Status.Reason.String() != "backend keeps crashing" {
		t.Error(n.Staging.Status.Reason)
	}
}

func TestArgoCDIsRemindedOfWhatItMissed(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	r := w.do(login("v1"))
	w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/new"})
	g, argo, clock := withArgo(t, w)
	argo.Runs("login", r.Revision, clock.Now(), w.images("login")...)
	w.do(login("v2"))
	f := follow(t, g, staging.Query{})
	f.phase("new", staging.PhaseCreating)
	if upserts, refreshes := argo.Asked(); upserts+len(refreshes) > 0 {
		t.Errorf("asked at once: %d, %v", upserts, refreshes)
	}
	for i, want := range [][]string{{"login"}, {"login", "login hard"}} {
		testenv.Eventually(t, fmt.Sprintf("refreshes %v", want), func() (string, bool) {
			clock.pass(50 * time.Millisecond)
			upserts, refreshes := argo.Asked()
			// The clock runs while nobody looks: there may be more by now.
			first := refreshes[:min(len(refreshes), len(want))]
			return fmt.Sprint(upserts, refreshes), upserts > i && slices.Equal(first, want)
		})
	}
	clock.pass(40 * time.Second)
	f.until("the reason says that it is late", func(n live.Event) bool {
		return strings.HasPrefix(n.Staging.Status.Reason.String(), "Argo CD has not seen the commit for ")
	})
}

func TestWatchSurvivesAnEnvRepoThatIsAway(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("v1"))
	g, _, _ := withArgo(t, w)
	f := follow(t, g, staging.Query{})
	f.until("complete", func(n live.Event) bool { return n.Kind == live.Synced })
	before := w.read(project.File)
	w.write(staging.File{Path: project.File, Data: []byte("kind: [")})
	f.until("stale", func(n live.Event) bool { return n.Kind == live.RepoDown && n.Err != nil })
	w.write(staging.File{Path: project.File, Data: before})
	f.until("fresh", func(n live.Event) bool { return n.Kind == live.RepoUp })
}

func TestLookAsksForWhatChanged(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	g, argo, clock := withArgo(t, w)
	r := w.do(login("v1"))
	if err := g.Refresh(t.Context(), r.Plan); err != nil {
		t.Fatal(err)
	}
	if upserts, refreshes := argo.Asked(); upserts != 1 || len(refreshes) != 0 {
		t.Errorf("a new staging: %d upserts, %v", upserts, refreshes)
	}
	argo.Runs("login", r.Revision, clock.Now())
	if err := g.Refresh(t.Context(), w.do(login("v2")).Plan); err != nil {
		t.Fatal(err)
	}
	if upserts, refreshes := argo.Asked(); upserts != 1 || !slices.Equal(refreshes, []string{"login"}) {
		t.Errorf("a changed staging: %d upserts, %v", upserts, refreshes)
	}
	if err := g.Refresh(t.Context(), w.do(staging.Action{Verb: staging.Delete, Name: "login"}).Plan); err != nil {
		t.Fatal(err)
	}
	if upserts, refreshes := argo.Asked(); upserts != 2 || len(refreshes) != 1 {
		t.Errorf("a staging that is gone: %d upserts, %v", upserts, refreshes)
	}
}

func TestWait(t *testing.T) {
	type world2 struct {
		*world
		*generator.Stagings
		argo  *testargo.ArgoCD
		clock *clock
		last  string // revision
	}
	run := func(w world2) {
		w.argo.Runs("login", w.last, w.clock.Now(), w.images("login")...)
	}
	tests := []struct {
		name  string
		goal  live.Goal
		begin func(world2) // before the wait
		then  func(world2) // once the wait has seen the staging
		code  staging.Code
		says  string
	}{
		{"runs already", live.ForRunning, run, nil, "", ""},
		{"runs in the end", live.ForRunning, nil, run, "", ""},
		{"Argo CD does not accept the token", live.ForRunning,
			func(w world2) {
				w.argo.Away(staging.Errorf(staging.CodeUnauthorized, "Argo CD does not accept the token"))
			}, nil, staging.CodeUnauthorized, "does not accept the token"},
		{"fails for good", live.ForRunning, nil, func(w world2) {
			w.argo.Put("login", func(a *staging.Application) {
				a.Revision, a.Operation = w.last, &staging.Operation{Phase: "Failed", Revision: w.last, FinishedAt: w.clock.Now()}
			})
		}, staging.CodeFailed, "The change could not be applied"},
		{"of nothing", live.ForRunning, func(w world2) { w.do(staging.Action{Verb: staging.Delete, Name: "login"}) },
			nil, staging.CodeNotFound, "no staging login"},
		{"goes", live.ForDeleted, func(w world2) { run(w); w.do(staging.Action{Verb: staging.Delete, Name: "login"}) },
			func(w world2) { w.argo.Remove("login") }, "", ""},
		{"is gone", live.ForDeleted, func(w world2) { w.do(staging.Action{Verb: staging.Delete, Name: "login"}) }, nil, "", ""},
		{"will not go", live.ForDeleted, nil, nil, staging.CodeConflict, "will not be deleted"},
		{"sleeps", live.ForRunning, func(w world2) { w.do(staging.Action{Verb: staging.Archive, Name: "login"}) },
			nil, staging.CodeConflict, "will not be running: its record says archived"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := shop(t, project.EngineKustomize, project.OutputSource)
			g, argo, clock := withArgo(t, w)
			all := world2{w, g, argo, clock, w.do(login("v1")).Revision}
			if tt.begin != nil {
				tt.begin(all)
			}
			seen := false
			_, err := live.Wait(t.Context(), g, live.WaitRequest{Name: "login", For: tt.goal}, func(staging.View) {
				if !seen && tt.then != nil {
					go tt.then(all)
				}
				seen = true
			})
			if tt.code == "" && err != nil || tt.code != "" && (staging.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.says)) {
				t.Errorf("%v (%s), want %s: %s", err, staging.CodeOf(err), tt.code, tt.says)
			}
		})
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("v1"))
	g, _, _ := withArgo(t, w)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := live.Wait(ctx, g, live.WaitRequest{Name: "login", For: live.ForRunning}, func(staging.View) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Since when a staging is as it is stands in the history: also for a server that
// did not see it happen.
func TestAFeedKnowsWhenEachLastChanged(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	made := w.do(login("v1"))
	w.do(staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"LOG_LEVEL": "debug"}})
	changed := w.now
	w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/other"})
	g, argo, _ := withArgo(t, w)
	argo.Runs("login", made.Revision, w.now, w.images("login")...)
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
	testenv.Eventually(t, "it knows when", at(changed))
	w.do(staging.Action{Verb: staging.PinVerb, Name: "login"})
	testenv.Eventually(t, "it follows", at(w.now))
}
