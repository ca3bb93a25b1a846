package generator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"octopod/generator/project"
	"octopod/generator/receiver"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// No response contains hidden fields or secrets, for any role.
func TestHiddenFieldsAreNotInAnswers(t *testing.T) {
	w := restricted(t)
	w.pushSettings("login", staging.Values{"API_TOKEN": "hunter2hunter2"})
	w.write(staging.File{Path: "envs/broken/staging.yaml", Data: []byte("kind: {")})
	for _, role := range []project.Role{project.RoleViewer, project.RoleUser, project.RoleAdmin} {
		a := w.as(testRights{role: role})
		views, err := a.Find(t.Context(), staging.Query{All: true})
		if err != nil {
			t.Fatal(err)
		}
		p, err := a.Project(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal([]any{views, p})
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("hunter2")) {
			t.Errorf("%s receives a secret: %s", role, text)
		}
		for _, hidden := range []string{"logs.example.com", "staging.yaml:"} {
			if got, want := strings.Contains(string(text), hidden), role == project.RoleAdmin; got != want {
				t.Errorf("%s sees %q: %v", role, hidden, got)
			}
		}
	}
	objects, err := w.as(testRights{role: project.RoleAdmin}).Manifests(t.Context(), "login", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if bytes.Contains(o.JSON, []byte("hunter2")) {
			t.Errorf("%s contains a secret: %s", o, o.JSON)
		}
	}
}

// Neither a list nor a version confirms a guess at a hidden value.
func TestHiddenValuesCannotBeGuessed(t *testing.T) {
	w := restricted(t)
	set := func(token, level string) {
		w.pushSettings("login", staging.Values{"API_TOKEN": token, "LOG_LEVEL": level})
	}
	set("hunter2", "debug")
	viewer := w.as(testRights{role: project.RoleViewer})
	version := func() string {
		views, err := viewer.Find(t.Context(), staging.Query{Names: []string{"login"}})
		if err != nil {
			t.Fatal(err)
		}
		return views[0].Version
	}
	for _, guess := range []string{"API_TOKEN=hunter2", "API_TOKEN!=hunter3"} {
		terms, err := staging.ParseSelector(guess)
		if err != nil {
			t.Fatal(err)
		}
		for _, role := range []project.Role{project.RoleViewer, project.RoleAdmin} {
			a, q := w.as(testRights{role: role}), staging.Query{Selector: terms}
			_, err := a.Find(t.Context(), q)
			forbidden(t, "finding by "+guess, err)
			_, err = a.Subscribe(t.Context(), q, 0)
			forbidden(t, "subscribing by "+guess, err)
		}
	}
	before := version()
	if set("hunter3", "debug"); version() != before {
		t.Error("a secret changes the version")
	}
	if set("hunter3", "info"); version() == before {
		t.Error("a visible setting does not change the version")
	}
}

// Project hides the same fields of octopod.yaml as the pages.
func TestProjectIsRedacted(t *testing.T) {
	w := restricted(t)
	read := func(role project.Role) string {
		p, err := w.as(testRights{role: role}).Project(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	edit := func(from, to string) {
		text, err := w.tip().ReadFile(project.File)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(text), from, to, 1)
		if changed == string(text) {
			t.Fatalf("no %s in %s", from, text)
		}
		w.write(staging.File{Path: project.File, Data: []byte(changed)})
	}
	edit(`"default":"none"`, `"default":"hunter2"`)
	edit(`"SPEND_LIMIT":1000`, `"SPEND_LIMIT":1000,"API_TOKEN":"hunter3"`)
	for _, role := range []project.Role{project.RoleViewer, project.RoleAdmin} {
		if text := read(role); strings.Contains(text, "hunter") || !strings.Contains(text, "API_TOKEN") {
			t.Errorf("%s reads %s", role, text)
		}
	}
	edit(`"ui":{`, `"ui":{"visible":{"services":"admin","settings":"user"},`)
	for role, hidden := range map[project.Role][]string{
		project.RoleViewer: {"LOG_LEVEL", "SPEND_LIMIT", "rich", "registry.example.com", "github.com"}, project.RoleUser: {"registry.example.com"}, project.RoleAdmin: nil,
	} {
		text := read(role)
		for _, word := range hidden {
			if strings.Contains(text, word) {
				t.Errorf("%s reads %s", role, word)
			}
		}
		if !strings.Contains(text, `"backend"`) {
			t.Errorf("%s does not read the names of the services", role)
		}
	}
}

// Errors of git, Argo CD and the system are for roles that may read details.
func TestForeignErrorsAreHiddenFromUsers(t *testing.T) {
	w := restricted(t)
	if err := os.RemoveAll(filepath.Join(w.path, "objects")); err != nil {
		t.Fatal(err)
	}
	views, err := w.as(testRights{role: project.RoleUser}).Find(t.Context(), staging.Query{})
	shown, _ := json.Marshal(views)
	if text := fmt.Sprint(string(shown), err); err == nil && len(views) == 0 || strings.Contains(text, w.path) {
		t.Errorf("the response is %s", text)
	}
	for _, v := range views {
		if v.Status.Phase != staging.PhaseInvalid || v.Status.Detail != "" {
			t.Errorf("%s: %+v", v.Metadata.Name, v.Status)
		}
	}
}

// A timeout is reported as a timeout, and not as an error of the network.
func TestTimeoutIsReported(t *testing.T) {
	w := restricted(t)
	server := testenv.ServeHTTP(t, filepath.Dir(w.path))
	far := join(t, server.URL+"/"+filepath.Base(w.path), newRenderer(t))
	server.Intercept(testenv.Hang)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := far.as(testRights{role: project.RoleUser}).Find(ctx, staging.Query{})
	if !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "Get ") {
		t.Errorf("error %v", err)
	}
}

// Explain contains neither foreign errors nor fields that are hidden from the role.
func TestExplainIsRedacted(t *testing.T) {
	f := withApps(t, "").queue()
	pushed := f.commit("backend", "feature/login")
	f.accept("d1", pushed)
	f.awaitOutcome("d1", receiver.OutcomeDone)
	pushed = f.commit("backend", "feature/login")
	pushed.Commit = pushed.Commit[:12] // Octopod must query the repository
	f.server.Close()
	f.accept("d2", pushed)
	f.awaitOutcome("d2", receiver.OutcomeWaiting)
	explain := func(role project.Role) string {
		e, err := f.as(testRights{role: role}).Explain(t.Context(), "feature/login")
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(e)
	}
	for role, detail := range map[project.Role]bool{project.RoleViewer: false, project.RoleAdmin: true} {
		if text := explain(role); strings.Count(text, "refused") > 0 != detail || !strings.Contains(text, "cannot list the branches of") || !strings.Contains(text, "waiting: ") {
			t.Errorf("%s reads: %s", role, text)
		}
	}
	f.write(staging.File{Path: project.File, Data: []byte(f.projectFile() + "  ui: {visible: {services: admin, created: admin, expires: admin}}\n")})
	if text := explain(project.RoleViewer); strings.Contains(text, "asked for the branch") || strings.Contains(text, "created") || strings.Contains(text, "archived after") {
		t.Errorf("it contains hidden fields: %s", text)
	}
}
