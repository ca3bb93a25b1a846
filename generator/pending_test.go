package generator_test

import (
	"context"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"octopod/generator/change"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// pendingTemplate commits, by hand, changes of the template and of a default that
// no staging has yet.
func (w *fixture) pendingTemplate() {
	w.t.Helper()
	tree := w.tip()
	octopod, err := tree.ReadFile(project.File)
	if err != nil {
		w.t.Fatal(err)
	}
	edited := strings.Replace(string(octopod), "default: info", "default: warn", 1)
	if edited == string(octopod) {
		w.t.Fatalf("%s has no default: info", project.File)
	}
	w.write(staging.File{Path: project.File, Data: []byte(edited)})
}

// breakTemplate commits, by hand, a template that does not build.
func (w *fixture) breakTemplate() {
	w.t.Helper()
	p, err := w.Project(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	path := p.Spec.Kustomize.Base + "/kustomization.yaml"
	if p.Spec.Engine == project.EngineJsonnet {
		path = p.Spec.Jsonnet.File
	}
	if _, err := w.tip().ReadFile(path); err != nil {
		w.t.Fatal(err)
	}
	w.write(staging.File{Path: path, Data: []byte("resources: [missing.yaml]\n")})
}

// withoutRecord returns a staging's files except its record.
func (w *fixture) withoutRecord(name string) map[string]string {
	files := w.files(name)
	delete(files, staging.RecordPath(name))
	return files
}

// recordVerbs are actions on what people and the sweep note about a staging.
func recordVerbs(name string) []staging.Action {
	title := "New login page"
	return []staging.Action{
		{Verb: staging.Mark, Name: name, Outcome: staging.Tested},
		{Verb: staging.PinVerb, Name: name, Reason: "demo"},
		{Verb: staging.Keep, Name: name, Reason: "demo"},
		{Verb: staging.Unkeep, Name: name},
		{Verb: staging.Unpin, Name: name},
		{Verb: staging.Set, Name: name, Title: &title},
		{Verb: staging.Extend, Name: name},
	}
}

// A verb that is about the record leaves every other byte of the staging as it is.
func TestRecordVerbsWriteTheRecordOnly(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *fixture) {
		w.do(login("1f2e3d4"))
		before := w.withoutRecord("login")
		w.pendingTemplate()
		for _, a := range recordVerbs("login") {
			r := w.do(a)
			if got := w.withoutRecord("login"); !maps.Equal(got, before) {
				t.Fatalf("%s changed more than the record:\n%v", a.Verb, r.Plan)
			}
		}
	})
}

// A verb needs what it writes, and no more: a broken template stops none of these.
func TestABrokenTemplateStopsNoVerbThatDoesNotNeedIt(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *fixture) {
		w.do(login("1f2e3d4"))
		w.do(login("2a3b4c5"))
		w.breakTemplate()
		for _, a := range append(recordVerbs("login"),
			staging.Action{Verb: staging.Rollback, Name: "login"}, staging.Action{Verb: staging.Archive, Name: "login"}) {
			w.do(a)
		}
		s, err := w.tip().Staging("login")
		if err != nil {
			t.Fatal(err)
		}
		if s.Spec.State != staging.Archived || s.Spec.Services["frontend"].Commit != "1f2e3d4" {
			t.Errorf("state %s, frontend %s", s.Spec.State, s.Spec.Services["frontend"].Commit)
		}
	})
}

// Sleep, wake and restart do what they say; what was pending stays pending.
func TestSleepWakeAndRestartShipNothingPending(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *fixture) {
		w.do(login("1f2e3d4"))
		before := w.withoutRecord("login")
		w.pendingTemplate()
		w.do(staging.Action{Verb: staging.Archive, Name: "login"})
		w.do(staging.Action{Verb: staging.Restore, Name: "login"})
		if got := w.withoutRecord("login"); !maps.Equal(got, before) {
			t.Fatal("sleep and wake changed the files of the staging")
		}
		w.do(staging.Action{Verb: staging.Restart, Name: "login"})
		for path, text := range w.withoutRecord("login") {
			if strings.Contains(text, "warn") {
				t.Errorf("the restart rolled out the pending default in %s", path)
			}
		}
	})
}

// A verb that ships pending changes says so.
func TestShippedPendingChangesAreNamed(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *fixture) {
		w.do(login("1f2e3d4"))
		quiet := w.do(login("2a3b4c5"))
		if quiet.Note != "" {
			t.Errorf("note %q, although nothing was pending", quiet.Note)
		}
		w.pendingTemplate()
		r, err := w.Apply(t.Context(), change.Request{By: ada, Action: login("3c4d5e6")})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(r.Note, "pending changes") {
			t.Errorf("note %q", r.Note)
		}
		events, err := w.Versions(t.Context(), staging.HistoryQuery{Name: "login", Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		message, err := exec.CommandContext(t.Context(), "git", "-C", w.path, "log", "-1", "--format=%b", "main").CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, message)
		}
		if !strings.Contains(events[0].Subject, "with pending changes") || !strings.Contains(string(message), "pending changes: ConfigMap/") {
			t.Errorf("subject %q, body %q", events[0].Subject, message)
		}
	})
}

// Regenerating has no changes that were pending before it: they are what it ships.
func TestPendingNamesTheObjects(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *fixture) {
		w.do(login("1f2e3d4"))
		w.pendingTemplate()
		pending, edited, err := w.PendingChanges(t.Context(), "login")
		if edited {
			t.Error("it counts as edited by hand")
		}
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(pending, func(o string) bool { return strings.HasPrefix(o, "ConfigMap/") }) {
			t.Errorf("pending %v", pending)
		}
		if _, err := w.Regenerate(t.Context(), change.RegenerateRequest{By: ada}); err != nil {
			t.Fatal(err)
		}
		if pending, _, err = w.PendingChanges(t.Context(), "login"); err != nil || len(pending) > 0 {
			t.Errorf("pending %v after regenerate, error %v", pending, err)
		}
	})
}

// Files that a person edited, with git revert for example, are named as such; the record
// counts.
func TestFilesEditedByHandAreNamed(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *fixture) {
		w.do(login("1f2e3d4"))
		for path, text := range w.withoutRecord("login") {
			w.write(staging.File{Path: path, Data: []byte(strings.ReplaceAll(text, "1f2e3d4", "abcdef0"))})
		}
		views, err := w.Find(t.Context(), staging.Query{Names: []string{"login"}, Pending: true})
		if err != nil || len(views) != 1 || !views[0].Status.EditedByHand || !slices.Contains(views[0].Status.Pending, "Deployment/frontend") {
			t.Errorf("views %+v, %v", views, err)
		}
	})
}

// Files that another version of Octopod generated differ too, and nobody edited them.
func TestFilesOfAnotherVersionAreNotEditedByHand(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("1f2e3d4"))
	const path = "envs/login/kustomization.yaml"
	older := "# generated by an older version\n" + w.files("login")[path]
	_, err := w.repo.Change(t.Context(), func(context.Context, *envrepo.Tree) (envrepo.Edit, error) {
		return envrepo.Edit{Verb: staging.Deploy, Staging: "login", Via: staging.ViaCLI, By: ada.Person,
			Write: []staging.File{{Path: path, Data: []byte(older)}}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, edited, err := w.PendingChanges(t.Context(), "login"); err != nil || edited {
		t.Errorf("edited %v, %v", edited, err)
	}
}

// Where Argo CD renders the template, a change of the template reaches every staging, also a
// pinned one. It is in their history. With output rendered it reaches none.
func TestAChangeOfTheTemplateIsInTheHistory(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *fixture) {
		w.editTemplate("# before the staging\n")
		w.clock.advance(time.Minute)
		w.do(login("1f2e3d4"))
		w.do(staging.Action{Verb: staging.PinVerb, Name: "login", Reason: "demo"})
		w.clock.advance(time.Minute)
		w.editTemplate("# changed\n")
		revision := w.tip().Revision()
		w.do(staging.Action{Verb: staging.Keep, Name: "login", Reason: "demo"})
		events, err := w.History(t.Context(), staging.HistoryQuery{Name: "login"})
		if err != nil {
			t.Fatal(err)
		}
		source := w.project().Spec.Output == project.OutputSource
		if got := len(events) == 4 && events[1].Revision == revision && events[1].Template; got != source || !source && len(events) != 3 {
			t.Errorf("the history is %+v", events)
		}
		if newest, err := w.History(t.Context(), staging.HistoryQuery{Name: "login", Limit: 2}); err != nil || len(newest) != 2 || newest[1].Template != source {
			t.Errorf("the newest are %+v, %v", newest, err)
		}
	})
}

// editTemplate adds a comment to the template, by hand.
func (w *fixture) editTemplate(comment string) {
	w.t.Helper()
	p := w.project()
	path := p.Spec.Kustomize.Base + "/kustomization.yaml"
	if p.Spec.Engine == project.EngineJsonnet {
		path = p.Spec.Jsonnet.File
	}
	w.write(staging.File{Path: path, Data: append([]byte(comment), w.read(path)...)})
}

func (w *fixture) project() *project.Project {
	w.t.Helper()
	p, err := w.Project(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// A new default image brings nothing else to the stagings that follow it.
func TestPendingChangesDoNotRideAlong(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *fixture) {
		w.withFollowers()
		w.do(login("1f2e3d4"))
		w.do(mainBuild("2a3b4c5"))
		w.pendingTemplate()
		w.do(mainBuild("3c4d5e6"))
		if s := w.record("login"); !strings.HasSuffix(s.Spec.Services["backend"].Image, ":3c4d5e6") {
			t.Fatalf("login does not follow: %s", s.Spec.Services["backend"].Image)
		}
		for path, text := range w.withoutRecord("login") {
			if strings.Contains(text, "warn") {
				t.Errorf("the new default image rolled out the pending default in %s", path)
			}
		}
	})
}
