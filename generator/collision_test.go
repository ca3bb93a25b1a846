package generator_test

import (
	"slices"
	"strings"
	"testing"

	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// With the hosts {name} and api-{name}, the stagings login and api-login would both own
// api-login.staging.example.com.
func TestNoTwoStagingsOwnOneHost(t *testing.T) {
	for first, second := range map[string]string{"feature/login": "feature/api-login", "feature/api-login": "feature/login"} {
		w := shop(t, project.EngineKustomize, project.OutputSource)
		plain := strings.TrimPrefix(second, "feature/")
		w.do(staging.Action{Verb: staging.Deploy, Branch: first})
		r := w.do(staging.Action{Verb: staging.Deploy, Branch: second})
		if r.Name == plain || !strings.HasPrefix(r.Name, plain+"-") {
			t.Errorf("%s after %s: staging %s", second, first, r.Name)
		}
		if again := w.do(staging.Action{Verb: staging.Deploy, Branch: second}); again.Name != r.Name || again.Changed {
			t.Errorf("a second deploy of %s: %+v", second, again)
		}
		w.do(staging.Action{Verb: staging.Delete, Branch: second})
		want := "stagings " + plain + " and " + strings.TrimPrefix(first, "feature/") + " would both own the host api-login.staging.example.com"
		for _, verb := range []staging.Verb{staging.Create, staging.Deploy} {
			err := w.refused(staging.Action{Verb: verb, Branch: "other", Name: plain})
			if staging.CodeOf(err) != staging.CodeExists || err.Error() != want {
				t.Errorf("%s %s: %v, want %s", verb, plain, err, want)
			}
		}
		item := change.ImportItem{Action: staging.Action{Verb: staging.Create, Branch: "other", Name: plain}}
		if imported, err := w.Import(t.Context(), change.ImportRequest{Items: []change.ImportItem{item}, By: ada}); err != nil || staging.CodeOf(imported.Outcomes[0].Err) != staging.CodeExists {
			t.Errorf("import: %+v, %v", imported, err)
		}
	}
}

func TestLintNamesBothOwnersOfAHost(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/login"})
	for path, text := range w.files("login") {
		text = strings.ReplaceAll(text, "login", "api-login")
		w.write(staging.File{Path: strings.Replace(path, "login", "api-login", 1), Data: []byte(text)})
	}
	problems, err := w.Lint(t.Context(), nil)
	if err != nil || !slices.ContainsFunc(problems, func(p staging.Problem) bool {
		return p.File == "envs/api-login/staging.yaml" && strings.Contains(p.Message, "api-login and login both own the host api-login.staging.example.com")
	}) {
		t.Errorf("%v, %v", problems, err)
	}
	if r := w.do(staging.Action{Verb: staging.Update, Name: "api-login", Title: new("Login")}); !r.Changed {
		t.Error("a staging that exists cannot be changed any more")
	}
}

func TestRollbackBringsNoSecondOwnerOfAHost(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/api-login"})
	w.do(staging.Action{Verb: staging.Delete, Name: "api-login"})
	if r := w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/login"}); r.Name != "login" {
		t.Fatalf("a deleted staging owns a host: %s", r.Name)
	}
	if err := w.refused(staging.Action{Verb: staging.Rollback, Name: "api-login"}); staging.CodeOf(err) != staging.CodeExists {
		t.Errorf("got %v", err)
	}
}
