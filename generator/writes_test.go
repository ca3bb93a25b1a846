package generator_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// Without a revision, rollback returns to the images and settings that ran before, past
// everything that changed neither.
func TestRollbackReturnsToWhatRanBefore(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *fixture) {
		w.do(login("1f2e3d4"))
		w.do(login("2a3b4c5"))
		w.do(staging.Action{Verb: staging.Archive, Name: "login"})
		w.do(staging.Action{Verb: staging.Restore, Name: "login"})
		title := "New login page"
		w.do(staging.Action{Verb: staging.Set, Name: "login", Title: &title})
		w.pendingTemplate()
		if _, err := w.Regenerate(t.Context(), change.RegenerateRequest{By: ada}); err != nil {
			t.Fatal(err)
		}
		w.do(staging.Action{Verb: staging.Rollback, Name: "login"})
		s, err := w.tip().Staging("login")
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Spec.Services["frontend"].Commit; got != "1f2e3d4" || s.Spec.State != staging.Active {
			t.Errorf("frontend %s, state %s", got, s.Spec.State)
		}
	})
}

// Whether a person or the next deploy woke the staging, rollback does not put it to sleep.
func TestRollbackAfterANightsSleepRuns(t *testing.T) {
	for _, wake := range []bool{true, false} {
		w := shop(t, project.EngineKustomize, project.OutputRendered)
		w.do(login("1f2e3d4"))
		w.do(staging.Action{Verb: staging.Archive, Name: "login"})
		if wake {
			w.do(staging.Action{Verb: staging.Restore, Name: "login"})
		}
		w.do(login("2a3b4c5"))
		w.do(staging.Action{Verb: staging.Rollback, Name: "login"})
		s := w.record("login")
		if s.Spec.State != staging.Active || s.Spec.Services["frontend"].Commit != "1f2e3d4" {
			t.Errorf("woken %v: state %s, frontend %s", wake, s.Spec.State, s.Spec.Services["frontend"].Commit)
		}
	}
}

// A file that a person committed into a staging's directory stays there.
func TestFilesOfPeopleStay(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *fixture) {
		w.do(login("1f2e3d4"))
		own := staging.File{Path: "envs/login/runbook.md", Data: []byte("ask Ada\n")}
		w.write(own)
		for _, a := range []staging.Action{
			login("2a3b4c5"), {Verb: staging.Rollback, Name: "login"}, {Verb: staging.Archive, Name: "login"}, {Verb: staging.Restore, Name: "login"},
		} {
			r := w.do(a)
			if w.files("login")[own.Path] != string(own.Data) {
				t.Fatalf("%s removed %s: %v", a.Verb, own.Path, r.Plan)
			}
			if !strings.Contains(r.Note, own.Path) {
				t.Errorf("%s does not name %s: %q", a.Verb, own.Path, r.Note)
			}
		}
		if _, err := w.Regenerate(t.Context(), change.RegenerateRequest{By: ada}); err != nil {
			t.Fatal(err)
		}
		if w.files("login")[own.Path] == "" {
			t.Error("regenerate removed it")
		}
	})
}

// A directory without a record is somebody else's: no verb writes or removes it.
func TestADirectoryWithoutARecordIsSomebodyElses(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.write(staging.File{Path: "envs/prod/kustomization.yaml", Data: []byte("resources: [../../prod]\n")})
	before := w.files("prod")
	for _, a := range []staging.Action{
		{Verb: staging.Delete, Name: "prod"}, {Verb: staging.Delete, Name: "prod", Finish: true}, {Verb: staging.Archive, Name: "prod"},
		{Verb: staging.Deploy, Name: "prod", Branch: "prod"}, {Verb: staging.Mark, Name: "prod", Outcome: staging.Tested},
	} {
		if err := w.refused(a); !strings.Contains(err.Error(), "envs/prod") {
			t.Errorf("%s: %v", a.Verb, err)
		}
	}
	if !maps.Equal(w.files("prod"), before) {
		t.Error("envs/prod changed")
	}
}

// dataNamespace changes where stagings live, which moves every volume claim.
func (w *fixture) dataNamespace() {
	w.t.Helper()
	data, err := w.tip().ReadFile(project.File)
	if err != nil {
		w.t.Fatal(err)
	}
	edited := strings.Replace(string(data), "  naming:\n", "  naming:\n    namespace: shop-moved-{name}\n", 1)
	w.write(staging.File{Path: project.File, Data: []byte(edited)})
}

// What removes a volume claim, a database or a namespace needs a word of its own.
func TestDataLossNeedsConsent(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *fixture) {
		w.do(login("1f2e3d4"))
		w.dataNamespace()
		err := w.refused(login("2a3b4c5"))
		if !strings.Contains(err.Error(), "data") || len(staging.ProblemsOf(err)) == 0 || staging.ProblemsOf(err)[0].Rule != change.RuleDataLoss {
			t.Errorf("deploy: %v, problems %v", err, staging.ProblemsOf(err))
		}
		r, err := w.Regenerate(t.Context(), change.RegenerateRequest{By: ada})
		if err != nil || r.Changed || r.Failed() != 1 {
			t.Fatalf("regenerate: %+v, %v", r, err)
		}
		if lost := staging.ProblemsOf(r.Items[0].Err); !slices.ContainsFunc(lost, func(p staging.Problem) bool { return p.Object == "StatefulSet/postgres" }) {
			t.Errorf("regenerate names %v", lost)
		}
		problems, err := w.Lint(t.Context(), nil)
		if err != nil || !slices.ContainsFunc(problems, func(p staging.Problem) bool { return p.Rule == change.RuleDataLoss }) {
			t.Errorf("lint: %v, %v", problems, err)
		}
		a := login("2a3b4c5")
		if _, err := w.Apply(t.Context(), change.Request{Action: a, By: ada, AllowDataLoss: true}); err != nil {
			t.Errorf("with consent: %v", err)
		}
		// A removed StatefulSet is not lost by archive and restore, which keep its volumes.
		w.do(staging.Action{Verb: staging.Archive, Name: "login"})
		w.do(staging.Action{Verb: staging.Restore, Name: "login"})
	})
}

// mainBuild returns a deploy of the default branch with a new backend.
func mainBuild(tag string) staging.Action {
	return staging.Action{
		Verb: staging.Deploy, Branch: "main",
		Images: map[string]staging.Build{"backend": {Image: "registry.example.com/shop/backend:" + tag, Commit: tag}},
	}
}

// Rolling back the staging of the default branch leaves the default, and says so; with
// the default it goes back for everybody, and the next build deploys.
func TestRollbackOfTheDefaultBranch(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(mainBuild("1f2e3d4"))
	w.do(mainBuild("bad0bad"))
	r := w.do(staging.Action{Verb: staging.Rollback, Name: "main"})
	if !strings.Contains(r.Note, "--with-default") {
		t.Errorf("note %q", r.Note)
	}
	w.do(staging.Action{Verb: staging.Unpin, Name: "main"})
	w.do(mainBuild("bad0bad"))
	r = w.do(staging.Action{Verb: staging.Rollback, Name: "main", WithDefault: true})
	p, err := w.Project(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Spec.Services["backend"].Image; !strings.HasSuffix(got, ":1f2e3d4") {
		t.Errorf("the default image is %s; changes %v", got, r.Changes)
	}
	w.do(mainBuild("3d4e5f6"))
	err = w.refused(staging.Action{Verb: staging.Rollback, Name: "main", To: w.tip().Revision(), WithDefault: true})
	if !strings.Contains(err.Error(), "no default image changes") {
		t.Error(err)
	}
}

// A change that somebody wants to wait for is refused where no Argo CD reports it.
func TestAnAwaitedChangeNeedsArgoCD(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	before := w.tip().Revision()
	_, err := w.Apply(t.Context(), change.Request{Action: login("1f2e3d4"), By: ada, Awaited: true})
	if err == nil || !strings.Contains(err.Error(), "no Argo CD") || w.tip().Revision() != before {
		t.Errorf("error %v, tip %s after %s", err, w.tip().Revision(), before)
	}
}

// Undoing a rollback brings back the images, the settings and the missing pin.
func TestUndoOfARollback(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("1f2e3d4"))
	w.do(login("2a3b4c5"))
	r := w.do(staging.Action{Verb: staging.Rollback, Name: "login"})
	w.do(staging.Action{Verb: staging.Undo, Name: "login", To: r.Revision})
	if s := w.record("login"); s.Spec.Pinned != nil || s.Spec.Services["frontend"].Commit != "2a3b4c5" {
		t.Errorf("pinned %v, frontend %s", s.Spec.Pinned, s.Spec.Services["frontend"].Commit)
	}
}
