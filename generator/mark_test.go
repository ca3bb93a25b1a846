package generator_test

import (
	"encoding/json"
	"strings"
	"testing"

	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/staging"
)

func broken(note string) staging.Action {
	return staging.Action{Verb: staging.Mark, Name: "login", Outcome: staging.Broken, Note: note}
}

// A tester's mark survives every change of the staging, and always shows whether it is
// about the current version.
func TestAMarkOutlivesWhatHappensToTheStaging(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("v1"))
	if r := w.do(broken("no button")); len(r.Plan) != 1 || r.Plan[0].Path != "envs/login/staging.yaml" {
		t.Errorf("a mark writes %v", r.Plan)
	}
	steps := []struct {
		action staging.Action
		want   staging.TestState
	}{
		{staging.Action{Verb: staging.Archive, Name: "login"}, staging.TestStateBroken},
		{staging.Action{Verb: staging.Restore, Name: "login"}, staging.TestStateBroken},
		{staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"LOG_LEVEL": "debug"}}, staging.TestStateOutdated},
		{login("v1"), staging.TestStateOutdated},
		{staging.Action{Verb: staging.Unset, Name: "login", Unset: []string{"LOG_LEVEL"}}, staging.TestStateBroken},
		{login("v2"), staging.TestStateOutdated},
		{staging.Action{Verb: staging.Archive, Name: "login"}, staging.TestStateOutdated},
		{login("v3"), staging.TestStateOutdated},
		{staging.Action{Verb: staging.Rollback, Name: "login"}, staging.TestStateOutdated},
		{staging.Action{Verb: staging.Unpin, Name: "login"}, staging.TestStateOutdated},
		{login("v1"), staging.TestStateBroken},
	}
	for _, step := range steps {
		r := w.do(step.action)
		if got := r.Staging.Status.Tested; got != step.want || r.Staging.Spec.Tested.Note != "no button" {
			t.Errorf("after %s the mark is %q: %+v; want %q", step.action.Verb, got, r.Staging.Spec.Tested, step.want)
		}
	}
}

// A mark belongs to a version. After a rollback, a mark that was set after the restored
// commit counts again, and a mark in the restored record is restored with it.
func TestARollbackKeepsTheMarkThatFits(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	first := w.do(login("v1"))
	w.do(broken("in v1"))
	second := w.do(login("v2"))
	back := func(to string) staging.View {
		return *w.do(staging.Action{Verb: staging.Rollback, Name: "login", To: to}).Staging
	}
	if v := back(first.Revision); v.Status.Tested != staging.TestStateBroken {
		t.Errorf("marked after its commit: %q", v.Status.Tested)
	}
	back(second.Revision)
	tested := w.do(staging.Action{Verb: staging.Mark, Name: "login", Outcome: staging.Tested, Note: "in v2"})
	w.do(staging.Action{Verb: staging.Unpin, Name: "login"})
	w.do(login("v3"))
	w.do(broken("in v3"))
	if v := back(tested.Revision); v.Status.Tested != staging.TestStateTested || v.Spec.Tested.Note != "in v2" {
		t.Errorf("the version has a mark of its own: %q, %+v", v.Status.Tested, v.Spec.Tested)
	}
}

// A role that may not see versions and people sees the outcome alone.
func TestAMarkShowsARoleWhatTheRoleMaySee(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	yaml := strings.Replace(string(w.read(project.File)), "\nspec:\n", "\nspec:\n  ui: {visible: {services: admin, author: admin}}\n", 1)
	w.write(staging.File{Path: project.File, Data: []byte(yaml)})
	w.do(login("v1"))
	user, viewer := w.as(testRights{role: project.RoleUser}), w.as(testRights{role: project.RoleViewer})
	r, err := user.Apply(t.Context(), change.Request{Action: broken("no button")})
	if err != nil {
		t.Fatal(err)
	}
	views, err := viewer.Find(t.Context(), staging.Query{Recorded: true})
	if err != nil {
		t.Fatal(err)
	}
	record, err := w.Record(t.Context(), "login", "")
	if err != nil {
		t.Fatal(err)
	}
	sum := record.Spec.Tested.Settings // with it, hidden values could be guessed
	for who, v := range map[string]any{"the user": r, "a viewer": views} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), `"outcome":"broken"`) || !strings.Contains(string(text), "no button") {
			t.Errorf("%s does not see the outcome: %s", who, text)
		}
		for _, hidden := range []string{"shop/frontend", "frontend:v1", "Eve", sum} {
			if strings.Contains(string(text), hidden) {
				t.Errorf("%s sees %s: %s", who, hidden, text)
			}
		}
	}
	if views[0].Status.Tested != staging.TestStateBroken {
		t.Errorf("the mark stands as %q", views[0].Status.Tested)
	}
	_, err = viewer.Apply(t.Context(), change.Request{Action: broken("x")})
	forbidden(t, "a viewer's mark", err)
}

// A mark made while a changed default is pending is about the settings that run. It counts
// until the default reaches the staging.
func TestAMarkIsAboutTheSettingsThatRun(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *fixture) {
		w.do(login("1f2e3d4"))
		w.pendingTemplate()
		mark := staging.Action{Verb: staging.Mark, Name: "login", Outcome: staging.Tested}
		if got := w.do(mark).Staging.Status.Tested; got != staging.TestStateTested {
			t.Errorf("right after the mark: %q", got)
		}
		if r := w.do(mark); r.Changed {
			t.Error("the same mark again is a change")
		}
		if r := w.do(staging.Action{Verb: staging.PinVerb, Name: "login", Reason: "demo"}); r.Staging.Status.Tested != staging.TestStateTested {
			t.Errorf("pinned, with the same files: %q", r.Staging.Status.Tested)
		}
		w.do(staging.Action{Verb: staging.Unpin, Name: "login"})
		if _, err := w.Regenerate(t.Context(), change.RegenerateRequest{By: ada}); err != nil {
			t.Fatal(err)
		}
		views, err := w.Find(t.Context(), staging.Query{Recorded: true})
		if err != nil || views[0].Status.Tested != staging.TestStateOutdated {
			t.Errorf("with the new default: %q, %v", views[0].Status.Tested, err)
		}
	})
}
