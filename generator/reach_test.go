package generator_test

import (
	"strings"
	"testing"

	"octopod/generator/auth"
	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// tokenRights are the rights of an API token, as the server decides them.
type tokenRights struct{ auth.Identity }

func (r tokenRights) Role(p *project.Project) project.Role { return auth.Role(p, r.Identity) }

func (r tokenRights) Check(p *project.Project, verb staging.Verb, name string) error {
	return auth.Check(p, r.Identity, verb, name)
}

// token returns an actor with a token of the role user.
func token(names []string, verbs ...staging.Verb) rights.Actor {
	return rights.Actor{
		Person: staging.Person{Name: "nightly"}, Via: staging.ViaAPI,
		Rights: tokenRights{auth.Identity{Method: auth.MethodToken, Person: staging.Person{Name: "nightly"},
			Scope: &auth.Scope{Role: project.RoleUser, Verbs: verbs, Names: names}}},
	}
}

// withFollowers makes every staging follow the default image of backend.
func (w *fixture) withFollowers() {
	w.t.Helper()
	data, err := w.tip().ReadFile(project.File)
	if err != nil {
		w.t.Fatal(err)
	}
	edited := strings.Replace(string(data), "    backend:\n", "    backend:\n      follow: true\n", 1)
	w.write(staging.File{Path: project.File, Data: []byte(edited)})
}

// Moving a default image, and the stagings that follow it, are rights of their own: a
// deploy to one staging does not bring them.
func TestADeployOfTheDefaultBranchNeedsTheRightToMoveTheDefault(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.withFollowers()
	w.do(login("1f2e3d4"))
	a := mainBuild("2a3b4c5")
	a.Name = "nightly-z"
	for _, tt := range []struct {
		verbs   []staging.Verb
		refused string
	}{
		{[]staging.Verb{staging.Deploy}, "default"},
		{[]staging.Verb{staging.Deploy, rights.SetDefault}, "follow"},
		{[]staging.Verb{staging.Deploy, rights.SetDefault, rights.Follow}, ""},
	} {
		before := w.tip().Revision()
		r, err := w.As(token([]string{"nightly-*"}, tt.verbs...), nil).Apply(t.Context(), change.Request{Action: a, DryRun: tt.refused == ""})
		if tt.refused != "" {
			if staging.CodeOf(err) != staging.CodeForbidden || !strings.Contains(err.Error(), tt.refused) || w.tip().Revision() != before {
				t.Errorf("verbs %v: %v", tt.verbs, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("verbs %v: %v", tt.verbs, err)
		}
		for _, d := range r.Changes {
			if strings.Contains(d.What, "login") {
				t.Errorf("the result names a staging that the token may not read: %s", d)
			}
		}
		for _, p := range r.Plan {
			if strings.Contains(p.Path, "login") {
				t.Errorf("the plan names a staging that the token may not read: %s", p.Path)
			}
		}
	}
}

// What skips a check or a step of the lifecycle is for admins.
func TestOnlyAdminsSkipChecks(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("1f2e3d4"))
	for want, a := range map[string]staging.Action{
		"noImageCheck": {Verb: staging.Deploy, Name: "login", NoImageCheck: true},
		"force":        {Verb: staging.Deploy, Name: "login", Force: true},
		"finish":       {Verb: staging.Delete, Name: "login", Finish: true},
		"branchGone":   {Verb: staging.Archive, Name: "login", BranchGone: true},
	} {
		_, err := w.As(token(nil), nil).Apply(t.Context(), change.Request{Action: a, DryRun: true})
		if staging.CodeOf(err) != staging.CodeForbidden || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	_, err := w.As(token(nil), nil).Apply(t.Context(), change.Request{Action: login("2a3b4c5"), AllowDataLoss: true, DryRun: true})
	if staging.CodeOf(err) != staging.CodeForbidden {
		t.Errorf("allowDataLoss: %v", err)
	}
	until := w.clock.Now().AddDate(0, 0, 3)
	nap := staging.Action{Verb: staging.Archive, Name: "login", Until: &until} // as harmless as keep
	if _, err := w.As(token(nil), nil).Apply(t.Context(), change.Request{Action: nap, DryRun: true}); err != nil {
		t.Errorf("archive until: %v", err)
	}
	admin := token(nil)
	identity := admin.Rights.(tokenRights)
	identity.Scope.Role = project.RoleAdmin
	if _, err := w.As(admin, nil).Apply(t.Context(), change.Request{Action: staging.Action{Verb: staging.Deploy, Name: "login", Force: true}, DryRun: true}); err != nil {
		t.Errorf("an admin: %v", err)
	}
}

// A teardown that has not begun cannot be finished.
func TestFinishNeedsATeardown(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	data, err := w.tip().ReadFile(project.File)
	if err != nil {
		t.Fatal(err)
	}
	w.write(
		staging.File{Path: project.File, Data: []byte(strings.Replace(string(data), "  lifecycle:\n", "  lifecycle:\n    teardown: templates/components/teardown\n", 1))},
		staging.File{Path: "templates/components/teardown/kustomization.yaml", Data: []byte("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncommonAnnotations: {example.com/teardown: \"true\"}\n")},
	)
	w.do(login("1f2e3d4"))
	if err := w.refused(staging.Action{Verb: staging.Delete, Name: "login", Finish: true}); !strings.Contains(err.Error(), "not being torn down") {
		t.Error(err)
	}
	w.do(staging.Action{Verb: staging.Delete, Name: "login"})
	w.do(staging.Action{Verb: staging.Delete, Name: "login", Finish: true})
	if w.has("login") {
		t.Error("login is still there")
	}
}
