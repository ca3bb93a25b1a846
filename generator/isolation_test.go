package generator_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"octopod/generator"
	"octopod/generator/change"
	"octopod/generator/lifecycle"
	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
	"octopod/generator/testenv"
	"octopod/generator/testenv/testargo"
)

// answers are Octopod's responses, by query and staging.
type answers map[string]string

func (a answers) put(t *testing.T, question, name string, v any) {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Errorf("%s %s: %v", question, name, err)
	}
	a[question+" "+name] = string(data)
}

func (a answers) views(t *testing.T, question string, views []staging.View) {
	t.Helper()
	for _, v := range views {
		// Revisions change with every commit; the start of the watch depends on the test.
		v.Status.Revision, v.Status.ObservedRevision, v.Status.Since, v.Rollouts = "", "", nil, nil
		v.Status.Timings = staging.Timings{}
		a.put(t, question, v.Metadata.Name, v)
	}
}

// of returns the answers about some stagings.
func (a answers) of(names []string) answers {
	some := maps.Clone(a)
	maps.DeleteFunc(some, func(key, _ string) bool {
		_, name, _ := strings.Cut(key, " ")
		return !slices.Contains(names, name)
	})
	return some
}

// ask runs every query about all stagings.
func ask(t *testing.T, g *generator.Stagings, feed *live.Feed, names []string) answers {
	t.Helper()
	a := answers{}
	views, err := g.Find(t.Context(), staging.Query{All: true})
	if err != nil {
		t.Errorf("find: %v", err)
	}
	a.views(t, "find", views)
	a.views(t, "watch", watched(t, g))
	if err := feed.CatchUp(t.Context()); err != nil {
		t.Errorf("the feed: %v", err)
	}
	access := g.As(rights.Actor{}, feed)
	known, fresh, err := access.Views(t.Context())
	if err != nil || fresh.EnvRepo.Err != nil || fresh.ArgoCD.Err != nil {
		t.Errorf("the feed: %v, %+v", err, fresh)
	}
	for _, v := range known {
		a.views(t, "feed", []staging.View{*v})
	}
	swept, err := access.Sweep(t.Context(), lifecycle.SweepRequest{DryRun: true, MaxShare: 100})
	if err != nil {
		t.Errorf("sweep: %v", err)
	}
	for _, item := range swept.Items {
		if slices.Contains(names, item.Staging) && item.Err != nil {
			t.Errorf("sweep %s: %v", item.Staging, item.Err)
		}
		a.put(t, "sweep", item.Staging, item.Decision)
	}
	for _, name := range names {
		events, err := access.History(t.Context(), staging.HistoryQuery{Name: name, Rollouts: true})
		if err != nil {
			t.Errorf("history of %s: %v", name, err)
		}
		a.put(t, "history", name, events)
	}
	if _, err := access.Activity(t.Context(), 0); err != nil {
		t.Errorf("activity: %v", err)
	}
	return a
}

// watched returns the snapshot of a new watch.
func watched(t *testing.T, g *generator.Stagings) (views []staging.View) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testenv.Timeout)
	defer cancel()
	err := g.Watch(ctx, staging.Query{All: true}, func(e live.Event) {
		switch e.Kind {
		case live.Modified:
			views = append(views, e.Staging)
		case live.Synced:
			cancel()
		case live.RepoDown, live.ArgoDown:
			t.Errorf("watch: %s: %v", e.Kind, e.Err)
		}
	})
	if t.Context().Err() != nil || ctx.Err() != context.Canceled {
		t.Errorf("the watch ended with %v", err)
	}
	return views
}

// mixedStagings deploys stagings in every state, with an Argo CD that runs them.
func mixedStagings(t *testing.T, w *fixture) (*generator.Stagings, *testargo.ArgoCD, *clock, []string) {
	t.Helper()
	for _, name := range []string{"donor", "runs", "starts", "sleeps", "due"} {
		w.do(staging.Action{Verb: staging.Deploy, Branch: name, Images: map[string]staging.Build{
			"frontend": {Image: "registry.example.com/shop/frontend:v1", Commit: "1f2e3d4"},
		}})
	}
	w.do(staging.Action{Verb: staging.Set, Name: "donor", Set: map[string]string{"LOG_LEVEL": "debug"}})
	w.do(staging.Action{Verb: staging.Archive, Name: "sleeps"})
	g, argo, clock := withArgo(t, w)
	for _, name := range []string{"donor", "runs", "starts", "sleeps", "due"} {
		argo.SetRunning(name, w.tip().Revision(), w.clock.Now(), w.images(name)...)
	}
	argo.Put("sleeps", func(a *staging.Application) { a.Images = nil })
	argo.Put("starts", func(a *staging.Application) { a.Health = "Progressing" })
	clock.advance(24 * time.Hour)
	return g, argo, clock, []string{"donor", "runs", "starts", "sleeps", "due"}
}

// The corrupted files of one staging do not change the answers about others.
func TestCorruptFilesDoNotAffectOthers(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *fixture) {
		g, argo, _, names := mixedStagings(t, w)
		nth := map[string]int{staging.RecordFile: 7, staging.ManifestsFile: 89}
		if _, rendered := w.files("donor")[staging.ManifestsPath("donor")]; !rendered {
			nth[staging.RecordFile] = 23 // valid records are rendered, which takes time
		}
		ctx, cancel := context.WithCancel(t.Context())
		feed, ended := live.NewFeed(g, g.Catalog.Now), make(chan struct{})
		go func() { defer close(ended); feed.Run(ctx) }()
		defer func() { cancel(); <-ended }()
		before := ask(t, g, feed, names)
		f := startWatch(t, g, staging.Query{All: true})

		stream, broken := fastImport(corruptions(t, w.files("donor"), nth), "donor")
		testenv.GitInput(t, w.path, stream, "fast-import", "--quiet")
		revision := w.tip().Revision()
		for _, name := range slices.Sorted(maps.Keys(broken)) {
			argo.SetRunning(name, revision, w.clock.Now(), "registry.example.com/shop/other:v1")
		}
		t.Logf("%d corrupted stagings", len(broken))

		after := ask(t, g, feed, names)
		if diff := cmp.Diff(before, after.of(names)); diff != "" {
			t.Errorf("what is said of the others (-before +after):\n%s", diff)
		}
		for name, what := range broken {
			for _, question := range []string{"find", "watch", "feed", "sweep"} {
				if _, answered := after[question+" "+name]; staging.IsLabel(name) && what != "a submodule" && !answered {
					t.Errorf("%s does not report %s (%s)", question, name, what)
				}
			}
		}
		w.do(staging.Action{Verb: staging.Set, Name: "runs", Set: map[string]string{"LOG_LEVEL": "debug"}})
		f.until("a change of runs", func(e live.Event) bool {
			if e.Kind == live.RepoDown || e.Kind == live.ArgoDown || e.Kind == live.Deleted && slices.Contains(names, e.Staging.Metadata.Name) {
				t.Errorf("the watch reports %s %s: %v", e.Kind, e.Staging.Metadata.Name, e.Err)
			}
			return e.Staging.Metadata.Name == "runs" && e.Staging.Spec.Overrides.App["LOG_LEVEL"] != nil
		})
	})
}

// Regenerate updates every other staging.
func TestABrokenStagingStopsNoRegenerate(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *fixture) {
		_, _, _, names := mixedStagings(t, w)
		items := func() map[string]change.Regenerated {
			r, err := w.Regenerate(t.Context(), change.RegenerateRequest{DryRun: true, By: ada})
			if err != nil {
				t.Fatal(err)
			}
			all := map[string]change.Regenerated{}
			for _, item := range r.Items {
				if slices.Contains(names, item.Name) {
					all[item.Name] = item
				}
			}
			return all
		}
		before := items()
		record := staging.RecordPath("donor")
		stream, _ := fastImport(corruptions(t, map[string]string{record: w.files("donor")[record]}, nil), "donor")
		testenv.GitInput(t, w.path, stream, "fast-import", "--quiet")
		if diff := cmp.Diff(before, items()); diff != "" {
			t.Errorf("(-before +after):\n%s", diff)
		}
	})
}

// An odd Application of one staging does not change the answers about others.
func TestOddApplicationDoesNotAffectOthers(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputRendered)
	g, argo, _, names := mixedStagings(t, w)
	feed := live.NewFeed(g, g.Catalog.Now)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); feed.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	before := ask(t, g, feed, names)
	for i, revision := range []string{"", "HEAD", "main", "../../x", "0000000", strings.Repeat("0", 40), strings.Repeat("f", 400), "1f2e3d4~1", "\x00", w.tip().Revision()[:7], testenv.Git(t, w.path, "rev-parse", "HEAD:envs")} {
		argo.SetRunning("donor", revision, w.clock.Now())
		argo.Put("donor", func(a *staging.Application) { a.Operation.Revision = revision })
		argo.SetRunning("odd"+string(rune('a'+i)), revision, w.clock.Now())
	}
	argo.Put("donor", func(a *staging.Application) { a.Operation, a.Health, a.Sync = nil, "Odd", "" })
	argo.SetRunning("Not A Label", "HEAD", w.clock.Now())
	others := names[1:]
	if diff := cmp.Diff(before.of(others), ask(t, g, feed, names).of(others)); diff != "" {
		t.Errorf("what is said of the others (-before +after):\n%s", diff)
	}
}

// The status of a staging reports its unreadable manifests.
func TestUnreadableManifestsAreInTheStatusOfTheirStaging(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputRendered)
	w.do(login("v1"))
	w.do(staging.Action{Verb: staging.Deploy, Branch: "other"})
	g, argo, clock := withArgo(t, w)
	for spoiled, names := range map[string]string{
		"replicas: \"1\"": "Deployment/backend", "containers: oops": "Deployment/backend", "": "manifests.yaml is not valid YAML",
	} {
		manifests := "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: backend}\nspec:\n  " + spoiled + "\n"
		switch spoiled {
		case "":
			manifests = "{{{ oops"
		case "containers: oops":
			manifests = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: backend}\nspec: {template: {spec: {containers: oops}}}\n"
		}
		w.write(staging.File{Path: staging.ManifestsPath("login"), Data: []byte(manifests)})
		argo.SetRunning("login", w.tip().Revision(), clock.Now().Add(-time.Hour), "registry.example.com/shop/frontend:v0")
		s := w.phase(g, "login")
		if s.Phase != staging.PhaseFailed || s.Reason.Code != staging.ReasonInvalidManifests || !strings.Contains(s.Detail, names) {
			t.Errorf("%s: %s: %s: %s", spoiled, s.Phase, s.Reason, s.Detail)
		}
		if s.Reason.Plain(nil) != "" {
			t.Errorf("testers read %q", s.Reason.Plain(nil))
		}
	}
	w.do(login("v2")) // rewrites the manifests
	argo.SetRunning("login", w.tip().Revision(), clock.Now(), w.images("login")...)
	if s := w.phase(g, "login"); s.Phase != staging.PhaseRunning {
		t.Errorf("after a deploy: %s: %s", s.Phase, s.Reason)
	}
}

// A watch reports once that it cannot read the env repo, and once that it can again.
func TestWatchReportsAnUnreadableEnvRepo(t *testing.T) {
	path, _ := served(t, nil)
	remote := testenv.ServeHTTP(t, strings.TrimSuffix(path, "/env.git"))
	local := join(t, path, newRenderer(t))
	old := local.do(login("v1"))
	local.do(login("v2"))
	w := join(t, remote.URL+"/env.git", newRenderer(t))
	g, argo, clock := withArgo(t, w)
	argo.SetRunning("login", w.tip().Revision(), clock.Now(), local.images("login")...)
	f := startWatch(t, g, staging.Query{})
	f.phase("login", staging.PhaseRunning)
	var down atomic.Bool
	down.Store(true)
	remote.Intercept(func(rw http.ResponseWriter, r *http.Request, git http.Handler) {
		if down.Load() && strings.HasSuffix(r.URL.Path, "/git-upload-pack") {
			http.Error(rw, "no", http.StatusServiceUnavailable)
			return
		}
		git.ServeHTTP(rw, r)
	})
	argo.SetRunning("login", old.Revision, clock.Now(), local.images("login")...)
	f.until("that the env repo cannot be read", func(e live.Event) bool { return e.Kind == live.RepoDown && e.Err != nil })
	down.Store(false)
	clock.advance(2 * time.Second)
	f.until("that it can be read again", func(e live.Event) bool {
		if e.Kind == live.RepoDown {
			t.Errorf("reported twice: %v", e.Err)
		}
		return e.Kind == live.RepoUp
	})
	if s := w.phase(g, "login"); s.Phase != staging.PhaseUpdating {
		t.Errorf("of the older revision: %s: %s", s.Phase, s.Reason)
	}
}
