package generator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"octopod/generator/catalog"
	"octopod/generator/change"
	"octopod/generator/lifecycle"
	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// forge returns the same branches for every repository of the sample project.
type forge struct {
	branches []string
	err      error
}

func (f forge) Heads(context.Context, string) (map[string]string, error) {
	heads := map[string]string{}
	for _, name := range f.branches {
		heads[name] = "1111111"
	}
	return heads, f.err
}

// pushed returns a deploy of a branch, like CI's.
func pushed(branch string) staging.Action {
	return staging.Action{
		Verb: staging.Deploy, Branch: branch,
		Images: map[string]staging.Build{"backend": {Image: "registry.example.com/shop/backend:1f2e3d4", Commit: "1f2e3d4"}},
	}
}

// sweep runs one sweep and returns its result, also by staging.
func (w *fixture) sweep(heads catalog.Heads, r lifecycle.SweepRequest) (lifecycle.SweepResult, map[string]lifecycle.Swept) {
	w.t.Helper()
	r.By, w.Heads = ada, heads
	result, err := w.Sweep(w.t.Context(), r)
	if err != nil {
		w.t.Fatal(err)
	}
	items := map[string]lifecycle.Swept{}
	for _, item := range result.Items {
		items[item.Staging] = item
	}
	return result, items
}

func TestASweepPushesOneCommitForEachStaging(t *testing.T) {
	path, url := served(t, nil)
	s := join(t, url, newRenderer(t))
	for _, branch := range []string{"one", "two", "three", "four"} {
		s.do(pushed(branch))
	}
	s.clock.advance(2 * time.Hour)
	before := commits(t, path)
	server := testenv.ServeHTTP(t, strings.TrimSuffix(path, "/env.git"))
	var pushes atomic.Int64
	server.Intercept(func(w http.ResponseWriter, r *http.Request, git http.Handler) {
		if testenv.IsPush(r) {
			pushes.Add(1)
		}
		git.ServeHTTP(w, r)
	})
	w := join(t, server.URL+"/env.git", s.Renderer)
	w.clock.set(s.clock.Now())
	lister := forge{branches: []string{"main", "four"}}

	dry, items := w.sweep(lister, lifecycle.SweepRequest{DryRun: true})
	if !dry.Changed || !items["one"].Changed || items["one"].Step != project.StepArchive || commits(t, path) != before {
		t.Errorf("a dry run: %+v", dry)
	}
	done, items := w.sweep(lister, lifecycle.SweepRequest{})
	if made := commits(t, path) - before; made != 3 || pushes.Load() != 1 {
		t.Errorf("%d commits in %d pushes, want 3 in 1", made, pushes.Load())
	}
	if items["four"].Step != project.StepKeep || items["four"].Changed || !done.Changed {
		t.Errorf("a staging in use: %+v", items["four"])
	}
	events, err := w.History(t.Context(), staging.HistoryQuery{Name: "one", Limit: 1})
	if err != nil || events[0].Subject != "archive one: branch one is gone" || events[0].Via != staging.ViaSweep {
		t.Errorf("history: %+v, %v", events, err)
	}
	if again, _ := w.sweep(lister, lifecycle.SweepRequest{}); again.Changed {
		t.Errorf("a second sweep changes something: %+v", again.Items)
	}
	w.clock.advance(time.Hour)
	if _, items = w.sweep(lister, lifecycle.SweepRequest{}); items["one"].Step != project.StepDelete || w.has("one") {
		t.Errorf("after the grace period: %+v", items["one"])
	}
	testenv.Fsck(t, path)
}

// While the forge is down or lists no branches, a sweep deletes nothing.
func TestASweepWithoutBranchesDeletesNothing(t *testing.T) {
	for what, lister := range map[string]catalog.Heads{
		"down": forge{err: errors.New("connection refused")}, "empty": forge{}, "nobody to ask": nil,
	} {
		t.Run(what, func(t *testing.T) {
			w := shop(t, project.EngineKustomize, project.OutputSource)
			w.do(pushed("one"))
			w.do(pushed("two"))
			w.clock.advance(2 * time.Hour)
			w.sweep(forge{branches: []string{"main", "two"}}, lifecycle.SweepRequest{})
			w.clock.advance(2 * time.Hour)
			before := w.tip().Revision()
			result, items := w.sweep(lister, lifecycle.SweepRequest{MaxShare: 100})
			if result.Changed || w.tip().Revision() != before {
				t.Errorf("%+v", items)
			}
			if lister != nil && (len(result.Repositories) == 0 || result.Repositories[0].Err == nil) {
				t.Errorf("the result does not report it: %+v", result.Repositories)
			}
		})
	}
}

// A sweep reports an unreadable record and a staging that it cannot render, leaves
// them unchanged, and handles all others.
func TestABrokenStagingDoesNotStopASweep(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	for _, branch := range []string{"broken", "misfit", "one"} {
		w.do(pushed(branch))
	}
	misfit := strings.Replace(w.files("misfit")["envs/misfit/staging.yaml"], "spec:\n", "spec:\n  presets: [nobody-knows-it]\n", 1)
	w.write(
		staging.File{Path: "envs/broken/staging.yaml", Data: []byte("spec: [")},
		staging.File{Path: "envs/misfit/staging.yaml", Data: []byte(misfit)},
	)
	w.clock.advance(2 * time.Hour)
	_, items := w.sweep(forge{branches: []string{"main"}}, lifecycle.SweepRequest{})
	if items["broken"].Err == nil || items["misfit"].Err == nil || items["misfit"].Changed {
		t.Errorf("broken: %+v, misfit: %+v", items["broken"], items["misfit"])
	}
	if one := items["one"]; one.Err != nil || !one.Changed {
		t.Errorf("one: %+v", one)
	}
}

// A sweep skips a staging that somebody deploys between its plan and its push.
func TestASweepYieldsToADeploy(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(pushed("one"))
	w.clock.advance(2 * time.Hour)
	var once sync.Once
	late := listing(func() []string {
		once.Do(func() {
			again := pushed("one")
			again.Images["backend"] = staging.Build{Image: "registry.example.com/shop/backend:2222222", Commit: "2222222"}
			w.do(again)
		})
		return []string{"main"}
	})
	_, items := w.sweep(late, lifecycle.SweepRequest{})
	if staging.CodeOf(items["one"].Err) != staging.CodeConflict || items["one"].Changed {
		t.Errorf("%+v", items["one"])
	}
	if views, err := w.Find(t.Context(), staging.Query{}); err != nil || len(views) != 1 {
		t.Errorf("%+v, %v", views, err)
	}
}

type listing func() []string

func (l listing) Heads(ctx context.Context, repository string) (map[string]string, error) {
	return forge{branches: l()}.Heads(ctx, repository)
}

// Through a server, a sweep needs the right to sweep only. It refreshes the changed
// Applications.
func TestASweepThroughAServer(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(pushed("one"))
	stagings, argo, clock := withArgo(t, w)
	stagings.Heads = forge{branches: []string{"main"}}
	argo.Put("one", func(*staging.Application) {})
	clock.advance(2 * time.Hour)
	feed := live.NewFeed(stagings, clock.Now)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { feed.Run(ctx) })
	rules, err := stagings.Project(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	as := func(r testRights) error {
		access := stagings.As(rights.Actor{Person: ada.Person, Rights: r}, feed)
		_, err := access.Sweep(t.Context(), lifecycle.SweepRequest{})
		if known, refused := access.SweepStatus(rules); staging.CodeOf(refused) != staging.CodeOf(err) || known.Last != nil && err != nil {
			t.Errorf("%+v reads the last sweep: %v", r, refused)
		}
		return err
	}
	for _, r := range []testRights{{role: project.RoleUser}, {role: project.RoleAdmin, verbs: map[staging.Verb]bool{staging.Archive: true}}, {role: project.RoleAdmin, name: "one"}} {
		if err := as(r); staging.CodeOf(err) != staging.CodeForbidden {
			t.Errorf("%+v may sweep: %v", r, err)
		}
	}
	if err := as(testRights{role: project.RoleAdmin, verbs: map[staging.Verb]bool{rights.Sweep: true}}); err != nil {
		t.Error(err)
	}
	events, err := w.History(t.Context(), staging.HistoryQuery{Name: "one", Limit: 1})
	if err != nil || events[0].Verb != staging.Archive || events[0].By != ada.Person || events[0].Via != staging.ViaSweep {
		t.Errorf("history: %+v, %v", events, err)
	}
	testenv.Eventually(t, "Argo CD is made to look", func() ([]string, bool) { _, refreshes := argo.Calls(); return refreshes, len(refreshes) > 0 })
}

func TestOrphansOfBothSides(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(pushed("one"))
	w.do(pushed("two"))
	stagings, a, clock := withArgo(t, w)
	a.Put("one", func(*staging.Application) {})
	a.Put("lost", func(*staging.Application) {})
	a.Put("going", func(app *staging.Application) { at := clock.Now(); app.DeletedAt = &at })
	find := func() (names []string) {
		result, err := stagings.Sweep(t.Context(), lifecycle.SweepRequest{By: ada, DryRun: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range result.Orphans {
			names = append(names, o.In+" "+o.Name)
		}
		return names
	}
	if diff := cmp.Diff([]string{"argocd lost"}, find()); diff != "" {
		t.Errorf("at once: %s", diff)
	}
	clock.advance(15 * time.Minute)
	if diff := cmp.Diff([]string{"argocd going", "argocd lost", "envs two"}, find()); diff != "" {
		t.Errorf("later: %s", diff)
	}
	a.SetError(errors.New("no route to host"))
	if got := find(); got != nil {
		t.Errorf("while Argo CD is down: %v", got)
	}
}

func TestADeployIsRefusedWhenFull(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.write(staging.File{Path: project.File, Data: bytes.Replace(w.read(project.File), []byte("maxActive: 40"), []byte("maxActive: 2\n    whenFull: refuse"), 1)})
	w.do(pushed("one"))
	w.do(pushed("two"))
	if err := w.refused(pushed("three")); staging.CodeOf(err) != staging.CodeConflict || !strings.Contains(err.Error(), "2 stagings are active") {
		t.Errorf("%v", err)
	}
	w.do(staging.Action{Verb: staging.Archive, Name: "one"})
	w.do(pushed("three"))
	if err := w.refused(staging.Action{Verb: staging.Restore, Name: "one"}); staging.CodeOf(err) != staging.CodeConflict {
		t.Errorf("%v", err)
	}
	again := pushed("two")
	again.Images["backend"] = staging.Build{Image: "registry.example.com/shop/backend:2222222", Commit: "2222222"}
	w.do(again)
}

// BenchmarkSweep has 2,000 branches and 500 stagings. In one case nothing is due, in
// the other 100 branches are deleted and restored alternately.
// Goal: ≤ 2 s, without the time of the forge.
func BenchmarkSweep(b *testing.B) {
	for _, changing := range []int{0, 100} {
		b.Run(fmt.Sprintf("changing=%d", changing), func(b *testing.B) {
			w := shop(b, project.EngineKustomize, project.OutputRendered)
			w.write(staging.File{Path: project.File, Data: bytes.Replace(w.read(project.File), []byte("maxActive: 40"), []byte("maxActive: 1000"), 1)})
			branches := []string{"main"}
			for i := range 2000 {
				branches = append(branches, fmt.Sprintf("branch-%04d", i))
			}
			fillBuilt(b, w, branches[1:501])
			going := append([]string{"main"}, branches[1+changing:]...)
			b.ResetTimer()
			for i := range b.N {
				w.clock.advance(2 * time.Hour)
				w.Heads = forge{branches: going}
				if i%2 == 1 {
					w.Heads = forge{branches: branches}
				}
				r, err := w.Sweep(b.Context(), lifecycle.SweepRequest{By: ada})
				if err != nil || r.Changed != (changing > 0) {
					b.Fatalf("changed %v, %v", r.Changed, err)
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/sweep")
			b.ReportMetric(2, "goal")
		})
	}
}

// fillBuilt deploys branches like CI, in parallel.
func fillBuilt(b *testing.B, w *fixture, branches []string) {
	b.Helper()
	var work errgroup.Group
	work.SetLimit(32)
	for _, branch := range branches {
		work.Go(func() error {
			_, err := w.Apply(b.Context(), change.Request{By: ada, Action: pushed(branch)})
			return err
		})
	}
	if err := work.Wait(); err != nil {
		b.Fatal(err)
	}
}
