package generator_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"octopod/generator"
	"octopod/generator/change"
	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// testRights are the rights of a role, limited to verbs and names like a token's.
type testRights struct {
	role  project.Role
	verbs map[staging.Verb]bool // nil: all verbs of the role
	name  string                // "": all
}

func (r testRights) Role(*project.Project) project.Role { return r.role }

func (r testRights) Check(_ *project.Project, verb staging.Verb, name string) error {
	least := project.RoleUser
	switch verb {
	case rights.Read:
		least = project.RoleViewer
	case staging.Regenerate, rights.Fix, rights.Sweep:
		least = project.RoleAdmin
	}
	covered := r.verbs == nil || r.verbs[verb] || verb == rights.Read
	named := r.name == "" || name == "" && verb == rights.Read || name == r.name
	if !r.role.Includes(least) || !covered || !named {
		return staging.Errorf(staging.CodeForbidden, "%s may not %s %s", r.role, verb, name)
	}
	return nil
}

// runRights are the rights of a CI run.
type runRights struct {
	testRights
	origin *project.RunOrigin
}

func (r runRights) Origin() *project.RunOrigin { return r.origin }

// A CI run writes the staging of its own branch, whichever verb it uses.
func TestACIRunWritesItsOwnStagingOnly(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(built("feature/other", "backend", "o1", 1))
	of := func(repository, event, branch string) *generator.Access {
		r := runRights{testRights{role: project.RoleUser}, &project.RunOrigin{Repository: "github.com/acme/" + repository, Branch: branch, Event: event}}
		return w.Stagings.As(rights.Actor{Person: staging.Person{Name: "grace"}, Via: staging.ViaCI, Rights: r}, live.NewFeed(w.Stagings, w.Now))
	}
	as := func(event, branch string) *generator.Access { return of("shop-backend", event, branch) }
	back := staging.Action{Verb: staging.Rollback, Name: "main", WithDefault: true}
	for _, tt := range []struct {
		name   string
		by     *generator.Access
		action staging.Action
		code   staging.Code
	}{
		{"deploys its branch", as("push", "feature/login"), built("feature/login", "backend", "l1", 1), ""},
		{"deploys another branch", as("push", "feature/login"), built("feature/other", "backend", "o2", 2), staging.CodeForbidden},
		{"deletes another staging", as("push", "feature/login"), staging.Action{Verb: staging.Delete, Name: "other"}, staging.CodeForbidden},
		{"rolls back another staging", as("push", "feature/login"), staging.Action{Verb: staging.Rollback, Name: "other", To: w.tip().Revision()}, staging.CodeForbidden},
		{"deploys a service of another repository", as("push", "feature/login"), built("feature/login", "frontend", "f1", 1), staging.CodeForbidden},
		{"moves the default image from outside", as("repository_dispatch", "main"), built("main", "backend", "m1", 1), staging.CodeForbidden},
		{"moves the default image", as("push", "main"), built("main", "backend", "m1", 1), ""},
		{"moves it again", as("push", "main"), built("main", "backend", "m2", 2), ""},
		{"takes the default image back from outside", as("repository_dispatch", "main"), back, staging.CodeForbidden},
		{"takes the default image of another repository back", of("shop-frontend", "push", "main"), back, staging.CodeForbidden},
		{"takes the default image back", as("push", "main"), back, ""},
	} {
		if _, err := tt.by.Apply(t.Context(), change.Request{Action: tt.action}); (err == nil) != (tt.code == "") || err != nil && staging.CodeOf(err) != tt.code {
			t.Errorf("%s: got %v", tt.name, err)
		}
	}
}

// as returns the Access of an actor with these rights.
func (w *fixture) as(r testRights) *generator.Access {
	return w.Stagings.As(rights.Actor{Person: staging.Person{Name: "Eve"}, Via: staging.ViaAPI, Rights: r}, live.NewFeed(w.Stagings, w.Now))
}

// restricted returns a fixture with a setting that only admins may change, a preset
// that changes it, and a link for admins.
func restricted(t *testing.T) *fixture {
	t.Helper()
	w := shop(t, project.EngineKustomize, project.OutputSource)
	text, err := w.tip().ReadFile(project.File)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	p, err := project.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	spec := doc["spec"].(map[string]any)
	spec["parameters"] = map[string]any{
		"SPEND_LIMIT": map[string]any{"type": "integer", "default": 1, "role": "admin", "help": "euros"},
		"LOG_LEVEL":   map[string]any{"default": "info"},
		"API_TOKEN":   map[string]any{"default": "none"},
	}
	spec["presets"] = map[string]any{"rich": map[string]any{"overrides": map[string]any{"app": map[string]any{"SPEND_LIMIT": 1000}}}}
	spec["links"] = []any{map[string]any{"name": "Logs", "url": "https://logs.example.com/{name}", "role": "admin"}}
	if data, err = json.Marshal(doc); err != nil {
		t.Fatal(err)
	}
	w.write(staging.File{Path: project.File, Data: data})
	w.do(login("one"))
	return w
}

func forbidden(t *testing.T, what string, err error) {
	t.Helper()
	if staging.CodeOf(err) != staging.CodeForbidden {
		t.Errorf("%s: %v", what, err)
	}
}

// A role cannot change a setting that it may not set, by any action.
func TestRoleEscalationOnAdminOnlyParameter(t *testing.T) {
	w := restricted(t)
	user, admin := w.as(testRights{role: project.RoleUser}), w.as(testRights{role: project.RoleAdmin})
	apply := func(a *generator.Access, action staging.Action) error {
		action.Name = "login"
		_, err := a.Apply(t.Context(), change.Request{Action: action})
		return err
	}
	escalations := map[string]staging.Action{
		"set":    {Verb: staging.Set, Set: map[string]string{"SPEND_LIMIT": "1000"}},
		"absent": {Verb: staging.Set, Absent: []string{"SPEND_LIMIT"}},
		"preset": {Verb: staging.Set, Presets: []string{"rich"}},
		"deploy": {Verb: staging.Deploy, Set: map[string]string{"SPEND_LIMIT": "1000", "LOG_LEVEL": "debug"}},
	}
	for name, action := range escalations {
		forbidden(t, name, apply(user, action))
	}
	if err := apply(user, staging.Action{Verb: staging.Set, Set: map[string]string{"LOG_LEVEL": "debug"}}); err != nil {
		t.Errorf("a user's own setting: %v", err)
	}
	if err := apply(admin, escalations["set"]); err != nil {
		t.Fatalf("an admin: %v", err)
	}
	forbidden(t, "unset", apply(user, staging.Action{Verb: staging.Unset, Unset: []string{"SPEND_LIMIT"}}))
	forbidden(t, "rollback", apply(user, staging.Action{Verb: staging.Rollback}))
	if err := apply(user, staging.Action{Verb: staging.Set, Set: map[string]string{"LOG_LEVEL": "warn"}}); err != nil {
		t.Errorf("a user changes another setting than the admin's: %v", err)
	}
}

func TestVerbsBeyondTheRoleAreRefused(t *testing.T) {
	w := restricted(t)
	viewer, user := w.as(testRights{role: project.RoleViewer}), w.as(testRights{role: project.RoleUser})
	for _, verb := range []staging.Verb{staging.Deploy, staging.Set, staging.Archive, staging.Delete, staging.Rollback, staging.PinVerb} {
		_, err := viewer.Apply(t.Context(), change.Request{Action: staging.Action{Verb: verb, Name: "login"}})
		forbidden(t, string(verb), err)
	}
	_, err := user.Regenerate(t.Context(), change.RegenerateRequest{})
	forbidden(t, "regenerate", err)
	_, err = user.Fix(t.Context(), false)
	forbidden(t, "mend", err)
	_, err = user.Manifests(t.Context(), "login", "")
	forbidden(t, "manifests", err)
	_, _, err = user.Drift(t.Context(), "login")
	forbidden(t, "drift", err)
	_, err = user.Lint(t.Context())
	forbidden(t, "lint", err)
	_, err = user.Apply(t.Context(), change.Request{Action: staging.Action{Verb: staging.Archive, Name: "login"}, Manifests: true, DryRun: true})
	forbidden(t, "manifests of a dry run", err)
	_, err = w.as(testRights{role: project.RoleNone}).Find(t.Context(), staging.Query{})
	forbidden(t, "no role", err)
}

func TestTokenOutsideItsScope(t *testing.T) {
	w := restricted(t)
	w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/other"})
	token := w.as(testRights{role: project.RoleUser, verbs: map[staging.Verb]bool{staging.Archive: true}, name: "login"})
	_, err := token.Apply(t.Context(), change.Request{Action: staging.Action{Verb: staging.Archive, Name: "other"}})
	forbidden(t, "another staging", err)
	_, err = token.Apply(t.Context(), change.Request{Action: staging.Action{Verb: staging.Delete, Name: "login"}})
	forbidden(t, "another verb", err)
	_, err = token.Apply(t.Context(), change.Request{Action: staging.Action{Verb: staging.Archive, Branch: "feature/other"}})
	forbidden(t, "another staging by its branch", err)
	views, err := token.Find(t.Context(), staging.Query{})
	if err != nil || len(views) != 1 || views[0].Metadata.Name != "login" {
		t.Errorf("the token finds %d stagings, %v", len(views), err)
	}
	_, err = token.Find(t.Context(), staging.Query{Names: []string{"other"}})
	forbidden(t, "finding another", err)
	events, err := w.as(testRights{role: project.RoleAdmin, name: "login"}).Activity(t.Context(), 0)
	if err != nil || len(events) == 0 || slices.ContainsFunc(events, func(e staging.Event) bool { return e.Staging == "other" }) {
		t.Errorf("the token reads the events %+v, %v", events, err)
	}
	if _, err = token.Apply(t.Context(), change.Request{Action: staging.Action{Verb: staging.Archive, Name: "login"}}); err != nil {
		t.Errorf("an action within the scope: %v", err)
	}
}

// member has the role that octopod.yaml grants.
type member struct{}

func (member) Role(p *project.Project) project.Role {
	return p.Spec.Access.RoleOf("eve@example.com", nil)
}

func (m member) Check(p *project.Project, verb staging.Verb, name string) error {
	return testRights{role: m.Role(p)}.Check(p, verb, name)
}

// A subscription ends when octopod.yaml no longer grants its actor the right to read.
func TestSubscriptionChecksTheRole(t *testing.T) {
	w := restricted(t)
	g, _, clock := withArgo(t, w)
	feed := live.NewFeed(g, clock.Now)
	ctx, cancel := context.WithTimeout(t.Context(), testenv.Timeout)
	var work sync.WaitGroup
	work.Go(func() { feed.Run(ctx) })
	defer work.Wait()
	defer cancel()
	next, err := g.As(rights.Actor{Rights: member{}}, feed).Subscribe(ctx, staging.Query{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	until := func(what string, fits func(live.Event) bool) {
		for {
			u, err := next(ctx)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if fits(*u.Event) {
				return
			}
		}
	}
	changed := func(level string) func(live.Event) bool {
		w.do(staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"LOG_LEVEL": level}})
		clock.advance(2 * time.Minute)
		return func(n live.Event) bool {
			return n.Kind == live.Modified && n.Staging.Spec.Overrides.App["LOG_LEVEL"] == level
		}
	}
	until("the snapshot", func(n live.Event) bool { return n.Kind == live.Synced })
	until("a change", changed("debug"))
	file := w.projectFile()
	w.write(staging.File{Path: project.File, Data: []byte(strings.Replace(file, `"everyone":"viewer"`, `"everyone":"none"`, 1))})
	changed("info")
	for err == nil {
		_, err = next(ctx)
	}
	forbidden(t, "the subscription", err)
}

func TestAnOldVersionIsAConflict(t *testing.T) {
	w := restricted(t)
	a := w.as(testRights{role: project.RoleUser})
	views, err := a.Find(t.Context(), staging.Query{Names: []string{"login"}})
	if err != nil {
		t.Fatal(err)
	}
	set := func(level string) error {
		_, err := a.Apply(t.Context(), change.Request{Version: views[0].Version,
			Action: staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"LOG_LEVEL": level}}})
		return err
	}
	w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/other"}) // of another staging: no conflict
	if err := set("debug"); err != nil {
		t.Fatal(err)
	}
	if err := set("warn"); staging.CodeOf(err) != staging.CodeConflict {
		t.Errorf("the second change of the same version: %v", err)
	}
}
