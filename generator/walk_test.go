package generator_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"octopod/generator/change"
	"octopod/generator/lifecycle"
	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/staging"
)

var (
	walks    = flag.Int("walks", 2, "random walks for each engine and output; -walks 125 makes 500")
	walkFrom = flag.Int("walk-from", 0, "number of the first random walk")
)

// walkSteps is the number of steps of one walk.
const walkSteps = 20

// TestRandomWalk is the promise of every verb at once: the objects of a staging change only
// in commits whose message says so and that are in its history, a rollback ends at images
// and settings that ran before, a mark counts for what was tested only, and no two stagings
// own one host. A walk takes random steps over all verbs and edits in two projects of one
// repository.
func TestRandomWalk(t *testing.T) {
	for _, engine := range []project.Engine{project.EngineKustomize, project.EngineJsonnet} {
		for _, output := range []project.Output{project.OutputSource, project.OutputRendered} {
			t.Run(string(engine)+"/"+string(output), func(t *testing.T) {
				t.Parallel()
				renderer := newRenderer(t)
				for seed := range *walks {
					k := newWalk(t, *walkFrom+seed, renderer, engine, output)
					for range walkSteps {
						k.step()
					}
				}
			})
		}
	}
}

// walk is a random walk over two projects.
type walk struct {
	t        *testing.T
	random   *rand.Rand
	projects []*walker
	steps    []string
}

func newWalk(t *testing.T, seed int, renderer *render.Renderer, engine project.Engine, output project.Output) *walk {
	k := &walk{t: t, random: rand.New(rand.NewPCG(uint64(seed), 7)), steps: []string{fmt.Sprintf("seed %d", seed)}}
	for _, w := range twoProjects(t, renderer, engine, output) {
		k.projects = append(k.projects, &walker{fixture: w, walk: k, random: k.random, oracle: newOracle(w, k), level: "info", size: "20m"})
	}
	for _, w := range k.projects {
		w.follow()
		for _, branch := range walkedBranches {
			w.take(w.deploy(branch))
		}
	}
	return k
}

// step takes a step in one project, and checks both.
func (k *walk) step() {
	w := k.projects[k.random.IntN(len(k.projects))]
	w.clock.advance(choose(k.random, time.Minute, time.Hour, 24*time.Hour))
	w.move()
	k.checkOwners()
}

func (k *walk) fatalf(format string, args ...any) {
	k.t.Helper()
	k.t.Fatalf("%s\nsteps:\n  %s", fmt.Sprintf(format, args...), strings.Join(k.steps, "\n  "))
}

// walker takes the steps in one project.
type walker struct {
	*fixture
	*oracle
	walk        *walk
	random      *rand.Rand
	level, size string // what the edits of files change
	broken      []staging.File
}

var (
	walkedBranches = []string{"feature/login", "feature/api-login", "feature/cart", "main"}
	walkedLevels   = []string{"debug", "info", "warn", "error"}
)

func choose[T any](r *rand.Rand, all ...T) T { return all[r.IntN(len(all))] }

// names lists the stagings of the project.
func (w *walker) names() []string {
	names, err := w.tip().Names()
	if err != nil {
		w.t.Fatal(err)
	}
	return names
}

// move takes one random step: two of three steps are actions on one staging.
func (w *walker) move() {
	switch n := w.random.IntN(30); {
	case n < 20:
		w.take(w.action())
	case n < 22:
		w.take(w.mainBuild())
	case n < 23:
		w.run("regenerate all", func() error {
			_, err := w.Regenerate(w.t.Context(), change.RegenerateRequest{By: ada})
			return err
		})
	case n < 24:
		w.migrate()
	case n < 25:
		w.run("sweep", func() error {
			_, err := w.Sweep(w.t.Context(), lifecycle.SweepRequest{By: ada, MaxShare: 100})
			return err
		})
	case n < 26:
		w.importOld()
	case n < 27:
		w.run("lint --fix", func() error {
			_, err := w.Fix(w.t.Context(), ada, false)
			return err
		})
	default:
		w.edit()
	}
}

func (w *walker) deploy(branch string) staging.Action {
	tag := fmt.Sprintf("%07x", w.random.Uint32()&0xfffffff)
	service := choose(w.random, "frontend", "frontend", "backend")
	return staging.Action{Verb: staging.Deploy, Branch: branch, Images: map[string]staging.Build{service: w.build(service, tag)}}
}

func (w *walker) build(service, tag string) staging.Build {
	return staging.Build{Image: "registry.example.com/shop/" + service + ":" + tag, Commit: tag}
}

// mainBuild deploys the default branch, which moves the default image.
func (w *walker) mainBuild() staging.Action {
	a := w.deploy("main")
	tag := a.Images[slices.Collect(maps.Keys(a.Images))[0]].Commit
	a.Images = map[string]staging.Build{"backend": w.build("backend", tag)}
	return a
}

// action returns a random action on one staging.
func (w *walker) action() staging.Action {
	names := w.names()
	if len(names) == 0 {
		return w.deploy("feature/login")
	}
	name := choose(w.random, names...)
	title, until := fmt.Sprint("title ", w.random.IntN(5)), w.clock.Now().AddDate(0, 0, 1)
	a := choose(w.random,
		w.deploy(choose(w.random, walkedBranches...)), w.deploy(choose(w.random, walkedBranches...)),
		staging.Action{Verb: staging.Create, Branch: choose(w.random, walkedBranches...)},
		staging.Action{Verb: staging.Create, Name: choose(w.random, "login", "api-login", "api-api-login", "cart", "api-cart"), Branch: "other"},
		staging.Action{Verb: staging.Update, Images: map[string]staging.Build{"backend": w.build("backend", "abc1234")}},
		staging.Action{Verb: staging.Set, Set: w.values()}, staging.Action{Verb: staging.Set, Set: w.values()},
		staging.Action{Verb: staging.Set, Absent: []string{"LEGACY_FLAG"}},
		staging.Action{Verb: staging.Set, Presets: []string{"payments-production"}},
		staging.Action{Verb: staging.Set, DropPresets: []string{"payments-production"}},
		staging.Action{Verb: staging.Set, Title: &title},
		staging.Action{Verb: staging.Unset, Unset: []string{choose(w.random, "LOG_LEVEL", "PAYMENT_GATEWAY", "backend.replicas")}},
		staging.Action{Verb: staging.Archive}, staging.Action{Verb: staging.Archive, Until: &until},
		staging.Action{Verb: staging.Restore}, staging.Action{Verb: staging.Restore},
		staging.Action{Verb: staging.Restart}, staging.Action{Verb: staging.Restart, Reason: "stuck"},
		staging.Action{Verb: staging.PinVerb, Reason: "walk"}, staging.Action{Verb: staging.Unpin}, staging.Action{Verb: staging.Unpin},
		staging.Action{Verb: staging.Keep, Reason: "walk"}, staging.Action{Verb: staging.Unkeep}, staging.Action{Verb: staging.Extend},
		staging.Action{Verb: staging.Mark, Outcome: staging.Tested}, staging.Action{Verb: staging.Mark, Outcome: staging.Broken, Note: title},
		staging.Action{Verb: staging.Mark, Outcome: staging.Untested},
		staging.Action{Verb: staging.Rollback}, staging.Action{Verb: staging.Rollback}, staging.Action{Verb: staging.Rollback, To: w.revision(name)},
		staging.Action{Verb: staging.Rollback, Name: "main", WithDefault: true},
		staging.Action{Verb: staging.Undo, To: w.revision(name)}, staging.Action{Verb: staging.Undo, To: w.revision(name)},
		staging.Action{Verb: staging.Regenerate}, staging.Action{Verb: staging.Delete},
	)
	if a.Name == "" && a.Branch == "" {
		a.Name = name
	}
	return a
}

func (w *walker) values() map[string]string {
	return choose(w.random,
		map[string]string{"PAYMENT_GATEWAY": choose(w.random, "sandbox", "production")},
		map[string]string{"LOG_LEVEL": choose(w.random, walkedLevels...)},
		map[string]string{"backend.replicas": choose(w.random, "0", "2", "3")},
		map[string]string{"backend.memory": choose(w.random, "128Mi", "512Mi"), "LEGACY_FLAG": "off"},
	)
}

// revision returns a random version of a staging.
func (w *walker) revision(name string) string {
	events, err := w.Versions(w.t.Context(), staging.HistoryQuery{Name: name, Limit: 8})
	if err != nil {
		w.t.Fatal(err)
	}
	return choose(w.random, events...).Revision
}

// take applies an action, which may be refused.
func (w *walker) take(a staging.Action) {
	w.t.Helper()
	said := strings.TrimSpace(fmt.Sprintf("%s %s%s %s", a.Verb, a.Name, a.Branch, a.To[:min(7, len(a.To))]))
	w.run(said, func() error {
		before, errBefore := w.tip().Staging(a.Name)
		_, err := w.Apply(w.t.Context(), change.Request{Action: a, By: ada, AllowDataLoss: a.Verb == staging.Rollback})
		if a.Verb == staging.Rollback && a.To == "" && err == nil && errBefore == nil {
			if after := w.record(a.Name); after.Spec.State != staging.Active || w.project().RunsSame(before, after) {
				w.walk.fatalf("rollback of %s ends at what ran already, state %s", a.Name, after.Spec.State)
			}
		}
		return err
	})
}

// run takes a step and checks the commits that it made.
func (w *walker) run(said string, step func() error) {
	w.t.Helper()
	before := w.tip().Revision()
	err := step()
	w.walk.steps = append(w.walk.steps, fmt.Sprintf("%s: %s: %v", w.repo.Branch(), said, err))
	if after := w.tip().Revision(); err != nil && after != before {
		w.walk.fatalf("a refused %s made commit %s", said, after)
	}
	if err != nil && staging.CodeOf(err) == staging.CodeInternal {
		w.walk.fatalf("%s: %v", said, err)
	}
	w.checkCommits()
}

func (w *walker) migrate() {
	m := project.Migration{Values: []project.ValueChange{{Parameter: "LOG_LEVEL", From: choose(w.random, walkedLevels...), To: choose(w.random, walkedLevels...)}}}
	w.run("migrate-settings", func() error {
		_, err := w.MigrateSettings(w.t.Context(), change.MigrateRequest{Migration: m, By: ada})
		return err
	})
}

func (w *walker) importOld() {
	name := choose(w.random, "login", "api-login", "old")
	item := change.ImportItem{Action: staging.Action{Verb: staging.Create, Name: name, Branch: name, Reason: "imported"}, Archived: w.random.IntN(2) == 0}
	w.run("import "+name, func() error {
		_, err := w.Import(w.t.Context(), change.ImportRequest{Items: []change.ImportItem{item}, By: ada})
		return err
	})
}

// A deploy of the image that runs already, as the default image, says that the commit is
// known from now on.
func TestADeployOfTheDefaultImageNamesItsCommit(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(mainBuild("1f2e3d4"))
	w.do(login("2a3b4c5"))
	a := mainBuild("1f2e3d4")
	a.Branch = "feature/login"
	if r := w.do(a); len(r.Changes) != 1 || !strings.HasSuffix(r.Changes[0].String(), "backend:1f2e3d4 of commit 1f2e3d4") {
		t.Errorf("changes %v", r.Changes)
	}
}
