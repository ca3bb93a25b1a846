package generator_test

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"octopod/generator/change"
	"octopod/generator/gitstore"
	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/setup"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// served returns an env repo behind smart HTTP.
func served(t *testing.T, template fs.FS) (path, url string) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(dir, "env.git")
	if err := gitstore.InitBare(t.Context(), path, "main"); err != nil {
		t.Fatal(err)
	}
	testenv.Git(t, path, "config", "http.receivepack", "true")
	w := join(t, path, newRenderer(t))
	_, err := w.Init(t.Context(), setup.InitRequest{
		Name: "shop", Engine: project.EngineKustomize, Output: project.OutputRendered, BaseDomain: "staging.example.com",
		Template: template, By: ada,
	})
	if err != nil {
		t.Fatal(err)
	}
	return path, testenv.ServeHTTP(t, dir).URL + "/env.git"
}

// Many CI jobs deploy many branches at once, each in its own process. Every commit
// arrives, and the committed files equal the rendered ones.
func TestManyWritersOfManyStagingsLoseNothing(t *testing.T) {
	const writers, deploys = 16, 4 // BenchmarkGoalWriters has 32 processes of 10 commits
	path, url := served(t, base(t, "tiny.txtar"))
	before, renderer := commits(t, path), newRenderer(t)
	var work errgroup.Group
	for i := range writers {
		w := join(t, url, renderer)
		work.Go(func() error {
			for n := range deploys {
				_, err := w.Apply(t.Context(), change.Request{By: ada, Action: staging.Action{
					Verb: staging.Deploy, Branch: fmt.Sprintf("branch-%02d", i),
					Images: map[string]staging.Build{"backend": {Image: fmt.Sprintf("registry.example.com/shop/backend:%d", n)}},
				}})
				if err != nil {
					return fmt.Errorf("writer %d, deploy %d: %w", i, n, err)
				}
			}
			return nil
		})
	}
	if err := work.Wait(); err != nil {
		t.Fatal(err)
	}
	if made := commits(t, path) - before; made != writers*deploys {
		t.Errorf("%d commits, want %d", made, writers*deploys)
	}
	testenv.Fsck(t, path)
	w := join(t, path, renderer)
	check, err := w.Regenerate(t.Context(), change.RegenerateRequest{By: ada, DryRun: true})
	if err != nil || check.Changed || check.Failed() > 0 || len(check.Items) != writers {
		t.Errorf("the committed files differ from those that Octopod generates: %+v, %v", check, err)
	}
	for i := range writers {
		name := fmt.Sprintf("branch-%02d", i)
		objects, err := w.Manifests(t.Context(), name, "")
		if err != nil {
			t.Fatal(err)
		}
		text, err := render.Manifests(objects)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(w.files(name)[staging.ManifestsPath(name)], string(text)); diff != "" {
			t.Errorf("%s (-committed +rendered):\n%s", name, diff)
		}
		if !runs(objects, "Deployment/backend", fmt.Sprintf("registry.example.com/shop/backend:%d", deploys-1)) {
			t.Errorf("%s does not run its last deploy", name)
		}
	}
}

func commits(t *testing.T, path string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(testenv.Git(t, path, "rev-list", "--count", "main")))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Two people change the same staging at the same time, in any interleaving. Every
// accepted change is in the result, unless a later one replaced it.
func TestTwoWritersOfOneStagingNeverLoseSilently(t *testing.T) {
	path, url := served(t, nil)
	renderer := newRenderer(t)
	join(t, path, renderer).do(login("1f2e3d4"))
	settings := []string{"backend.replicas", "frontend.replicas"}
	type outcome struct {
		last     string
		accepted []string // revisions
	}
	outcomes := make([]outcome, len(settings))
	var work errgroup.Group
	for i, setting := range settings {
		w := join(t, url, renderer)
		random := rand.New(rand.NewPCG(7, uint64(i)))
		work.Go(func() error {
			for range 15 {
				value := strconv.Itoa(random.IntN(4))
				r, err := w.Apply(t.Context(), change.Request{By: ada, Action: staging.Action{
					Verb: staging.Set, Name: "login", Set: map[string]string{setting: value},
				}})
				switch {
				case err == nil:
					outcomes[i].last = value
					if r.Changed {
						outcomes[i].accepted = append(outcomes[i].accepted, r.Revision)
					}
				case staging.CodeOf(err) != staging.CodeBusy:
					return err
				}
			}
			return nil
		})
	}
	if err := work.Wait(); err != nil {
		t.Fatal(err)
	}
	w := join(t, path, renderer)
	s, err := w.tip().Staging("login")
	if err != nil {
		t.Fatal(err)
	}
	events, err := w.History(t.Context(), staging.HistoryQuery{Name: "login"})
	if err != nil {
		t.Fatal(err)
	}
	in := map[string]bool{}
	for _, e := range events {
		in[e.Revision] = true
	}
	for i, setting := range settings {
		if got := staging.FormatValue(s.Spec.Overrides.Deployment[setting]); got != outcomes[i].last {
			t.Errorf("%s is %q; the last accepted value is %q", setting, got, outcomes[i].last)
		}
		for _, revision := range outcomes[i].accepted {
			if !in[revision] {
				t.Errorf("%s: the accepted commit %s is not in the history", setting, revision)
			}
		}
	}
	testenv.Fsck(t, path)
}

// A `git revert` with the stock tool has the effect of a rollback.
func TestAStockRevertBringsTheEarlierManifestsBack(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *fixture) {
		w.do(login("1f2e3d4"))
		was := w.files("login")
		w.do(login("bad0bad"))
		clone := filepath.Join(t.TempDir(), "clone")
		testenv.WorkTree(t, w.path, clone)
		testenv.Git(t, clone, "revert", "--no-edit", "HEAD")
		testenv.Git(t, clone, "push", "-q", "origin", "main")
		if diff := cmp.Diff(was, w.files("login")); diff != "" {
			t.Errorf("(-before +after the revert):\n%s", diff)
		}
		views, err := w.Find(t.Context(), staging.Query{})
		if err != nil || views[0].Spec.Services["frontend"].Image != "registry.example.com/shop/frontend:1f2e3d4" {
			t.Errorf("get says %+v, %v", views, err)
		}
		events, err := w.History(t.Context(), staging.HistoryQuery{Name: "login", Limit: 1})
		if err != nil || events[0].Via != staging.ViaGit || events[0].By.Name == ada.Person.Name || !strings.HasPrefix(events[0].Subject, `Revert "deploy login`) {
			t.Errorf("history says %+v, %v", events, err)
		}
		if again := w.do(login("bad0bad")); !again.Changed {
			t.Errorf("the next deploy is taken as unchanged")
		}
	})
}
