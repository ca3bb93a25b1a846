package generator_test

import (
	"strings"
	"sync"
	"testing"

	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// built returns a deploy of one service, as a pipeline sends it.
func built(branch, service, tag string, run int) staging.Action {
	return staging.Action{Verb: staging.Deploy, Branch: branch, Images: map[string]staging.Build{service: {
		Image: "registry.example.com/shop/" + service + ":" + tag, Run: staging.Run{Pipeline: "github.com/acme/" + service + "/ci.yml", Number: run},
	}}}
}

// edit changes a file by hand, without Octopod.
func (w *fixture) edit(path, old, new string) {
	w.t.Helper()
	was := string(w.read(path))
	is := strings.Replace(was, old, new, 1)
	if is == was {
		w.t.Fatalf("%s does not say %q:\n%s", path, old, was)
	}
	w.write(staging.File{Path: path, Data: []byte(is)})
}

func image(t *testing.T, w *fixture, name, service string) string {
	t.Helper()
	s, err := w.tip().Staging(name)
	if err != nil {
		t.Fatal(err)
	}
	return staging.ImageTag(s.Spec.Services[service].Image)
}

// Two repositories push the same branch at the same moment, each several times, and
// their pipelines end in any order. The staging runs the newest build of both.
func TestRepositoriesOfOneBranchMeetInOneStaging(t *testing.T) {
	t.Parallel()
	w := shop(t, project.EngineKustomize, project.OutputSource)
	var wg sync.WaitGroup
	for _, service := range []string{"backend", "frontend"} {
		for _, run := range []int{3, 1, 4, 2} {
			wg.Go(func() {
				a := built("feature/login", service, "run"+string(rune('0'+run)), run)
				if _, err := w.Apply(t.Context(), change.Request{Action: a, By: ada}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	for _, service := range []string{"backend", "frontend"} {
		if got := image(t, w, "login", service); got != "run4" {
			t.Errorf("%s runs %s, want the newest", service, got)
		}
	}
	if names, err := w.tip().Names(); err != nil || len(names) != 1 {
		t.Errorf("stagings %v, %v; want one", names, err)
	}
}

// A pipeline that ends late changes nothing and does not fail.
func TestAnOlderBuildChangesNothing(t *testing.T) {
	t.Parallel()
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(built("main", "backend", "new", 2))
	before := w.tip().Revision()
	late := built("main", "backend", "old", 1)
	late.Set = map[string]string{"LOG_LEVEL": "debug"}
	r := w.do(late)
	if r.Changed || r.Revision != before || r.Note != "a newer build is deployed: backend new of run 2" {
		t.Errorf("%+v", r)
	}
	if p, err := w.Project(t.Context()); err != nil || staging.ImageTag(p.Spec.Services["backend"].Image) != "new" {
		t.Errorf("the default image: %+v, %v", p.Spec.Services["backend"], err)
	}
	both := late
	both.Images["frontend"] = staging.Build{Image: "registry.example.com/shop/frontend:f1"}
	if r = w.do(both); !r.Changed || !strings.Contains(r.Note, "backend") || image(t, w, "main", "backend") != "new" || image(t, w, "main", "frontend") != "f1" {
		t.Errorf("what is not older goes in: %+v", r)
	}
	late.Force = true
	if r = w.do(late); !r.Changed || image(t, w, "main", "backend") != "old" {
		t.Errorf("--force: %+v", r)
	}
}

// A new default image reaches the stagings that use it in the same commit. A staging
// that cannot be regenerated keeps its files, is reported, and delays no other.
func TestStagingsThatUseADefaultImage(t *testing.T) {
	t.Parallel()
	w := shop(t, project.EngineKustomize, project.OutputRendered)
	w.edit(project.File, "    frontend:\n", "    frontend:\n      follow: true\n")
	for _, branch := range []string{"feature/a", "feature/b", "feature/broken"} {
		w.do(built(branch, "backend", "b1", 0))
	}
	w.do(built("feature/own", "frontend", "mine", 0))
	w.edit(staging.RecordPath("broken"), "  branch:", "  overrides: {app: {GONE: \"1\"}}\n  branch:")
	r := w.do(built("main", "frontend", "m1", 7))
	for name, want := range map[string]string{"a": "m1", "b": "m1", "own": "mine", "broken": "main", "main": "m1"} {
		if got := image(t, w, name, "frontend"); got != want {
			t.Errorf("%s runs frontend %s, want %s", name, got, want)
		}
	}
	if len(r.Refused) != 1 || r.Refused[0].Name != "broken" || r.Refused[0].Err == nil {
		t.Errorf("refused: %+v", r.Refused)
	}
	if manifests, err := w.tip().ReadFile("envs/a/manifests.yaml"); err != nil || !strings.Contains(string(manifests), "frontend:m1") {
		t.Errorf("a's manifests have the old image (%v)", err)
	}
	w.do(built("feature/later", "backend", "b1", 0))
	if got := image(t, w, "later", "frontend"); got != "m1" {
		t.Errorf("a new staging runs %s", got)
	}
}

// A pipeline deletes by branch after a merge.
func TestABranchTakesItsStagingAlong(t *testing.T) {
	t.Parallel()
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(built("feature/login", "backend", "b1", 1))
	w.do(built("main", "backend", "m1", 2))
	gone := func(branch string) change.Result {
		return w.do(staging.Action{Verb: staging.Delete, Branch: branch})
	}
	if r := gone("main"); r.Changed || !strings.Contains(r.Note, "permanent") {
		t.Errorf("main: %+v", r)
	}
	// feature-login would have this name if another branch did not have it.
	if r := gone("fix/login"); r.Changed || !strings.Contains(r.Note, "has no staging") || !w.has("login") {
		t.Errorf("a branch of the same name: %+v", r)
	}
	if r := gone("feature/login"); !r.Changed || w.has("login") {
		t.Errorf("feature/login: %+v", r)
	}
	if r := gone("feature/login"); r.Changed || r.Note != "branch feature/login has no staging" {
		t.Errorf("once more: %+v", r)
	}
}
