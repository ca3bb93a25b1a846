package generator_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/setup"
	"octopod/generator/staging"
)

// eachEngine runs a test with both engines and both outputs.
func eachEngine(t *testing.T, test func(t *testing.T, w *fixture)) {
	for _, engine := range []project.Engine{project.EngineKustomize, project.EngineJsonnet} {
		for _, output := range []project.Output{project.OutputSource, project.OutputRendered} {
			t.Run(string(engine)+"/"+string(output), func(t *testing.T) {
				t.Parallel()
				test(t, shop(t, engine, output))
			})
		}
	}
}

func TestADeployIsOneCheckedCommit(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *fixture) {
		r := w.do(login("1f2e3d4"))
		if !r.Changed || r.Name != "login" || r.Staging.Status.URLs["frontend"] != "https://login.staging.example.com" {
			t.Errorf("result: %+v", r)
		}
		objects, err := w.Manifests(t.Context(), "login", "")
		if err != nil {
			t.Fatal(err)
		}
		if !runs(objects, "Deployment/frontend", "registry.example.com/shop/frontend:1f2e3d4") {
			t.Errorf("no workload runs the new image")
		}
		events, err := w.History(t.Context(), staging.HistoryQuery{Name: "login"})
		if err != nil || len(events) != 1 {
			t.Fatalf("history: %v, %v", events, err)
		}
		held, _ := w.tip().TreeHash("envs/login")
		want := staging.Event{
			Revision: r.Revision, Staging: "login", At: w.clock.Now(), By: ada.Person, Via: staging.ViaCLI,
			Verb: staging.Deploy, Subject: "deploy login: frontend 1f2e3d4", Tree: held,
		}
		got := events[0]
		got.At = got.At.UTC()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("event (-want +got):\n%s", diff)
		}
	})
}

// runs reports whether an object contains an image.
func runs(objects []staging.Object, object, image string) bool {
	return strings.Contains(objectJSON(objects, object), `"`+image+`"`)
}

func objectJSON(objects []staging.Object, name string) string {
	for _, o := range objects {
		if o.Kind+"/"+staging.StableName(o.Kind, o.Name) == name {
			return string(o.JSON)
		}
	}
	return ""
}

func TestASecondDeployMakesNoCommit(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *fixture) {
		first := w.do(login("1f2e3d4"))
		second := w.do(login("1f2e3d4"))
		if second.Changed || second.Revision != first.Revision || len(second.Plan) != 0 {
			t.Errorf("changed=%v, revision %s after %s, plan %v", second.Changed, second.Revision, first.Revision, second.Plan)
		}
	})
}

func TestADryRunWritesNothing(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	before := w.tip().Revision()
	r, err := w.Apply(t.Context(), change.Request{Action: login("1f2e3d4"), By: ada, DryRun: true, Manifests: true})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Changed || len(r.Plan) == 0 || len(r.After) == 0 || len(r.Before) != 0 {
		t.Errorf("result: changed %v, plan %v, %d objects before, %d after", r.Changed, r.Plan, len(r.Before), len(r.After))
	}
	if after := w.tip().Revision(); after != before {
		t.Errorf("the dry run made %s", after)
	}
}

func TestArchiveStopsEverythingAndRestoreBringsItBack(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *fixture) {
		w.do(login("1f2e3d4"))
		running := w.files("login")
		w.do(staging.Action{Verb: staging.Archive, Name: "login"})
		objects, err := w.Manifests(t.Context(), "login", "")
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			if o.Kind == "Deployment" || o.Kind == "StatefulSet" {
				if !strings.Contains(string(o.JSON), `"replicas":0`) {
					t.Errorf("%s still runs", o)
				}
			}
		}
		w.do(staging.Action{Verb: staging.Restore, Name: "login"})
		restored := w.files("login")
		record := staging.RecordPath("login")
		since := "  since:\n    at: " + w.clock.Now().Format(time.RFC3339) + "\n    by: Ada\n" // it is active again
		restored[record] = strings.Replace(restored[record], since, "", 1)
		if diff := cmp.Diff(running, restored); diff != "" {
			t.Errorf("restore is not what was archived (-before +after):\n%s", diff)
		}
	})
}

func TestRollbackBringsTheDirectoryBackAndPinsIt(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *fixture) {
		good := w.do(login("1f2e3d4"))
		was := w.files("login")
		w.do(login("bad0bad"))
		w.do(staging.Action{Verb: staging.Rollback, Name: "login"})
		is := w.files("login")
		record := "envs/login/staging.yaml"
		if !strings.Contains(is[record], "rolled back to "+good.Revision[:7]) {
			t.Errorf("the record does not say why it is pinned:\n%s", is[record])
		}
		delete(was, record)
		delete(is, record)
		if diff := cmp.Diff(was, is); diff != "" {
			t.Errorf("manifests (-before +after):\n%s", diff)
		}
		err := w.refused(login("bad0bad"))
		if staging.CodeOf(err) != staging.CodePinned || !strings.Contains(staging.HintOf(err), "octopod unpin login") {
			t.Errorf("a deploy to a pinned staging: %v", err)
		}
		w.do(staging.Action{Verb: staging.Unpin, Name: "login"})
		w.do(login("bad0bad"))
	})
}

// A rollback after a restart, a mark and a pin of a bad build still returns to the build
// before it.
func TestRollbackPassesOverWhatMadeNoVersion(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("1f2e3d4"))
	aside := []staging.Action{
		{Verb: staging.Restart}, {Verb: staging.Mark, Outcome: staging.Broken}, {Verb: staging.PinVerb, Reason: "a look"},
		{Verb: staging.Unpin}, {Verb: staging.Keep, Reason: "a look"}, {Verb: staging.Unkeep}, {Verb: staging.Restart}, {Verb: staging.Restart},
	}
	repeat := func() {
		for _, a := range aside { // more than the first page of the history
			a.Name = "login"
			w.do(a)
		}
	}
	repeat()
	if err := w.refused(staging.Action{Verb: staging.Rollback, Name: "login"}); staging.CodeOf(err) != staging.CodeNotFound {
		t.Errorf("there is but one version: %v", err)
	}
	w.do(login("bad0bad"))
	repeat()
	r := w.do(staging.Action{Verb: staging.Rollback, Name: "login"})
	if image := r.Staging.Spec.Services["frontend"].Image; !strings.HasSuffix(image, ":1f2e3d4") {
		t.Errorf("it runs %s", image)
	}
}

func TestADeletedStagingIsGoneAndCanBeRolledBack(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputRendered)
	w.do(login("1f2e3d4"))
	last := w.do(login("2222222")).Revision
	r := w.do(staging.Action{Verb: staging.Delete, Name: "login"})
	if r.Staging != nil || w.has("login") {
		t.Errorf("it is still there: %+v", r)
	}
	err := w.refused(staging.Action{Verb: staging.Archive, Name: "login"})
	if staging.CodeOf(err) != staging.CodeNotFound {
		t.Errorf("archive of what is gone: %v", err)
	}
	w.do(staging.Action{Verb: staging.Rollback, Name: "login", To: last[:8]})
	if !w.has("login") {
		t.Errorf("the rollback did not bring it back")
	}
}

const teardownJob = `apiVersion: batch/v1
kind: Job
metadata: {name: drop-bucket}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: drop, image: "registry.example.com/tools/bucket:1"}]
`

func TestTeardownTakesTwoSteps(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.write(staging.File{Path: "templates/components/teardown/kustomization.yaml",
		Data: []byte("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [job.yaml]\n")},
		staging.File{Path: "templates/components/teardown/job.yaml", Data: []byte(teardownJob)},
		staging.File{Path: project.File, Data: withLine(w, "  lifecycle:", "    teardown: templates/components/teardown")})
	w.do(login("1f2e3d4"))
	r := w.do(staging.Action{Verb: staging.Delete, Name: "login"})
	if r.Staging == nil || r.Staging.Spec.State != staging.Deleting {
		t.Fatalf("the record went before its teardown: %+v", r.Staging)
	}
	if files := w.files("login"); !strings.Contains(files["envs/login/kustomization.yaml"], "components/teardown") {
		t.Errorf("no teardown in\n%s", files["envs/login/kustomization.yaml"])
	}
	if objects, _ := w.Manifests(t.Context(), "login", ""); !runs(objects, "Job/drop-bucket", "registry.example.com/tools/bucket:1") ||
		strings.Contains(objectJSON(objects, "Job/drop-bucket"), "suspend") {
		t.Errorf("the teardown does not run: %s", objectJSON(objects, "Job/drop-bucket"))
	}
	w.do(staging.Action{Verb: staging.Delete, Name: "login", Finish: true})
	if w.has("login") {
		t.Errorf("it is still there")
	}
}

// withLine returns octopod.yaml with a line inserted after another.
func withLine(w *fixture, after, line string) []byte {
	w.t.Helper()
	return replaceOnce(w.t, w.read(project.File), after+"\n", after+"\n"+line+"\n")
}

func replaceOnce(t testing.TB, text []byte, old, new string) []byte {
	t.Helper()
	changed := strings.Replace(string(text), old, new, 1)
	if changed == string(text) {
		t.Fatalf("no %q in\n%s", old, text)
	}
	return []byte(changed)
}

func TestTwoBranchesOfOneNameNeverShareAStaging(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	image := map[string]staging.Build{"frontend": {Image: "registry.example.com/shop/frontend:1"}}
	first := w.do(staging.Action{Verb: staging.Deploy, Branch: "a/b", Images: image})
	second := w.do(staging.Action{Verb: staging.Deploy, Branch: "a-b", Images: image})
	if first.Name != "a-b" || second.Name != "a-b-d44362" {
		t.Errorf("names %s and %s", first.Name, second.Name)
	}
	err := w.refused(staging.Action{Verb: staging.Deploy, Name: "a-b", Branch: "other", Images: image})
	if staging.CodeOf(err) != staging.CodeExists || !strings.Contains(err.Error(), "belongs to branch a/b") {
		t.Errorf("taking over a name: %v", err)
	}
}

func TestACorruptRecordHidesNoOther(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("1f2e3d4"))
	w.write(staging.File{Path: "envs/broken/staging.yaml", Data: []byte("apiVersion: octopod.dev/v1alpha1\nkind: Staging\nspec:\n  brunch: x\n")})
	views, err := w.Find(t.Context(), staging.Query{})
	if err != nil || len(views) != 2 {
		t.Fatalf("%d stagings, %v", len(views), err)
	}
	broken := views[0]
	if broken.Metadata.Name != "broken" || broken.Status.Phase != staging.PhaseInvalid ||
		!strings.Contains(broken.Status.Detail, "envs/broken/staging.yaml:4") || !strings.Contains(broken.Status.Detail, "did you mean branch") {
		t.Errorf("broken is shown as %+v", broken)
	}
	w.do(login("2222222"))
	w.do(staging.Action{Verb: staging.Delete, Name: "broken"})
}

func TestATemplateThatBreaksARuleCommitsNothing(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.write(staging.File{Path: "templates/shop/role.yaml", Data: []byte("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: x}\n")},
		staging.File{Path: "templates/shop/kustomization.yaml", Data: append(w.read("templates/shop/kustomization.yaml"), "\nresources: [role.yaml]\n"...)})
	err := w.refused(login("1f2e3d4"))
	if staging.CodeOf(err) != staging.CodeInvalid {
		t.Errorf("got %v", err)
	}
}

func (w *fixture) read(path string) []byte {
	w.t.Helper()
	data, err := w.tip().ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	return data
}

func TestRegenerateGoesOnPastABrokenStaging(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputRendered)
	for _, branch := range []string{"one", "two", "three", "pinned"} {
		w.do(staging.Action{Verb: staging.Deploy, Branch: branch})
	}
	w.do(staging.Action{Verb: staging.PinVerb, Name: "pinned", Reason: "demo"})
	w.write(staging.File{Path: "envs/two/staging.yaml", Data: []byte("nonsense: true\n")})
	changed := strings.Replace(string(w.read("templates/shop/backend.yaml")), "name: backend", "name: backend\n  annotations: {changed: \"yes\"}", 1)
	w.write(staging.File{Path: "templates/shop/backend.yaml", Data: []byte(changed)})

	check, err := w.Regenerate(t.Context(), change.RegenerateRequest{By: ada, DryRun: true})
	if err != nil || !check.Changed {
		t.Fatalf("check: %+v, %v", check, err)
	}
	seen := 0
	r, err := w.Regenerate(t.Context(), change.RegenerateRequest{By: ada, Progress: func(_ change.Regenerated, done, total int) {
		seen++
		if done != seen || total != 4 {
			t.Errorf("progress %d of %d after %d calls", done, total, seen)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, item := range r.Items {
		switch {
		case item.Err != nil:
			got[item.Name] = "failed"
		case item.Skipped != "":
			got[item.Name] = item.Skipped
		case item.Changed:
			got[item.Name] = "changed"
		}
	}
	want := map[string]string{"one": "changed", "two": "failed", "three": "changed", "pinned": "pinned"}
	if diff := cmp.Diff(want, got); diff != "" || r.Failed() != 1 {
		t.Errorf("(-want +got):\n%s", diff)
	}
	again, err := w.Regenerate(t.Context(), change.RegenerateRequest{By: ada})
	if err != nil || again.Changed {
		t.Errorf("a second run: %+v, %v", again, err)
	}
}

func TestFindChoosesByNameStateAndField(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(staging.Action{Verb: staging.Deploy, Branch: "one", Set: map[string]string{"LOG_LEVEL": "debug"}})
	w.do(staging.Action{Verb: staging.Deploy, Branch: "two"})
	w.do(staging.Action{Verb: staging.Archive, Name: "two"})
	for selector, want := range map[string]string{
		"": "one two", "branch=one": "one", "state=archived": "two", "LOG_LEVEL!=debug": "two", "name==one,author=Ada": "one", "pinned=true": "",
	} {
		terms, err := staging.ParseSelector(selector)
		if err != nil {
			t.Fatal(err)
		}
		views, err := w.Find(t.Context(), staging.Query{All: true, Selector: terms})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, v := range views {
			names = append(names, v.Metadata.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("selector %q finds %q, want %q", selector, got, want)
		}
	}
	if active, _ := w.Find(t.Context(), staging.Query{}); len(active) != 1 {
		t.Errorf("%d active stagings", len(active))
	}
	if archived, _ := w.Find(t.Context(), staging.Query{Archived: true}); len(archived) != 1 {
		t.Errorf("%d archived stagings", len(archived))
	}
	if _, err := w.Find(t.Context(), staging.Query{Names: []string{"nope"}}); staging.CodeOf(err) != staging.CodeNotFound {
		t.Errorf("an unknown name: %v", err)
	}
	if _, err := staging.ParseSelector("nonsense"); staging.CodeOf(err) != staging.CodeInvalid {
		t.Errorf("a bad selector: %v", err)
	}
}

func TestInitRefusesASecondProject(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	_, err := w.Init(t.Context(), setup.InitRequest{Name: "x", Engine: project.EngineKustomize, Output: project.OutputSource, BaseDomain: "x.org", By: ada})
	if staging.CodeOf(err) != staging.CodeExists {
		t.Errorf("got %v", err)
	}
}
