package generator_test

import (
	"errors"
	"strings"
	"testing"

	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// No error, hint or report names a staging that the asker may not read.
func TestAnAnswerNamesNoHiddenStaging(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/secret"})
	w.write(staging.File{Path: "envs/secret/notes.txt", Data: []byte("by hand")})
	apply := func(verb staging.Verb, name string) func(a limited) error {
		return func(a limited) error {
			_, err := a.Apply(t.Context(), change.Request{Action: staging.Action{Verb: verb, Name: name, Branch: name}})
			return err
		}
	}
	for what, tt := range map[string]struct {
		name string // of the stagings that the asker may read
		ask  func(limited) error
		want staging.Code
	}{
		"a similar name":         {"nightly-secret", apply(staging.Archive, "nightly-secret"), staging.CodeNotFound},
		"a similar name, asked":  {"nightly-secret", limited.find, staging.CodeNotFound},
		"the owner of a host":    {"api-secret", apply(staging.Create, "api-secret"), staging.CodeExists},
		"faults of the env repo": {"nightly", limited.lint, staging.CodeForbidden},
		"the diagnosis":          {"nightly", limited.diagnose, staging.CodeForbidden},
	} {
		a := limited{t, tt.name, w}
		err := tt.ask(a)
		if staging.CodeOf(err) != tt.want {
			t.Errorf("%s: %v, want %s", what, err, tt.want)
			continue
		}
		text := strings.ReplaceAll(err.Error()+" "+hintOf(err), tt.name, "")
		if strings.Contains(strings.ReplaceAll(text, "api-secret.staging", ""), "secret") {
			t.Errorf("%s: %s", what, text)
		}
	}
	if err := apply(staging.Archive, "nightly-secret")(limited{t, "", w}); !strings.Contains(hintOf(err), "did you mean secret?") {
		t.Errorf("an asker who may read it: %q", hintOf(err))
	}
	events, err := w.as(testRights{role: project.RoleAdmin, name: "nightly"}).Activity(t.Context(), 0)
	if err != nil || len(events) > 0 {
		t.Errorf("activity: %+v, %v", events, err)
	}
}

// limited is an admin who may read one staging; "" is every staging.
type limited struct {
	t    *testing.T
	name string
	*fixture
}

func (l limited) rights() testRights { return testRights{role: project.RoleAdmin, name: l.name} }

func (l limited) Apply(_ any, r change.Request) (change.Result, error) {
	return l.as(l.rights()).Apply(l.t.Context(), r)
}

func (l limited) find() error {
	_, err := l.as(l.rights()).Find(l.t.Context(), staging.Query{Names: []string{l.name}})
	return err
}

func (l limited) lint() error {
	_, err := l.as(l.rights()).Lint(l.t.Context())
	return err
}

func (l limited) diagnose() error {
	_, err := l.as(l.rights()).Diagnose(l.t.Context())
	return err
}

// A repeated request gets the answer of its first try only if it asks for the same staging
// and may change it: another actor may have the same name and send the same key.
func TestAnEarlierTryIsForItsActor(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/login"})
	w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/other"})
	by := rights.Actor{Person: staging.Person{Name: "grace"}, Via: staging.ViaAPI, Key: "one", Rights: testRights{role: project.RoleUser}}
	first := change.Request{By: by, Action: staging.Action{Verb: staging.Set, Name: "login", Title: new("Login")}}
	if _, err := w.Apply(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if again, err := w.Apply(t.Context(), first); err != nil || again.Name != "login" || !again.Changed {
		t.Errorf("the same request: %+v, %v", again, err)
	}
	by.Rights = testRights{role: project.RoleUser, name: "other"}
	stranger := first
	stranger.By = by
	if _, err := w.Apply(t.Context(), stranger); staging.CodeOf(err) != staging.CodeForbidden {
		t.Errorf("an actor who may not change it: %v", err)
	}
	stranger.Action = staging.Action{Verb: staging.Set, Branch: "feature/other", Title: new("Other")}
	if r, err := w.Apply(t.Context(), stranger); err != nil || r.Name != "other" || r.Staging.Metadata.Title != "Other" {
		t.Errorf("another request with the same key: %+v, %v", r, err)
	}
	by.Rights = runRights{testRights{role: project.RoleUser}, &project.RunOrigin{Repository: "github.com/acme/shop-backend", Branch: "feature/other", Event: "push"}}
	stranger = first
	stranger.By = by
	if _, err := w.Apply(t.Context(), stranger); staging.CodeOf(err) != staging.CodeForbidden {
		t.Errorf("a CI run of another branch: %v", err)
	}
}

// A rollback brings back no staging beyond the limit of active ones.
func TestARollbackCountsAsActive(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	data, err := w.tip().ReadFile(project.File)
	if err != nil {
		t.Fatal(err)
	}
	w.write(staging.File{Path: project.File, Data: []byte(strings.Replace(string(data), "maxActive: 40", "maxActive: 1\n    whenFull: refuse", 1))})
	w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/login"})
	w.do(staging.Action{Verb: staging.Delete, Name: "login"})
	w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/other"})
	if err := w.refused(staging.Action{Verb: staging.Rollback, Name: "login"}); staging.CodeOf(err) != staging.CodeConflict {
		t.Error(err)
	}
	w.do(staging.Action{Verb: staging.Set, Name: "other", Set: map[string]string{"LOG_LEVEL": "debug"}})
	w.do(staging.Action{Verb: staging.Rollback, Name: "other"})
}

// hintOf returns the hint of an error.
func hintOf(err error) string {
	var known *staging.Error
	if errors.As(err, &known) {
		return known.Hint
	}
	return ""
}
