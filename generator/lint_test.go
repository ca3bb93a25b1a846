package generator_test

import (
	"fmt"
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// A problem of a rendered object names the line of the template to fix.
func TestLintSaysWhereTheTemplateIsWrong(t *testing.T) {
	w, _ := adopted(t, "plain.txtar", nil)
	const file = "templates/guestbook/base/all.yaml"
	problems, err := w.Lint(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]string{}
	for _, p := range problems {
		at[p.Rule] = fmt.Sprintf("%s:%d %s", p.File, p.Line, p.Object)
	}
	want := map[string]string{
		"host-path":     file + ":13 Deployment/api",
		"load-balancer": "templates/guestbook/base/net/services.yml:9 Service/ui",
	}
	for rule, place := range want {
		if at[rule] != place {
			t.Errorf("%s: at %q, want %q; all: %v", rule, at[rule], place, problems)
		}
	}
	allow(w)
	if problems, err = w.Lint(t.Context(), nil); err != nil || len(problems) > 0 {
		t.Fatalf("%v, %v", problems, err)
	}

	// Of a patch and its target, the document that has the field; none when both have it.
	patch := "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ui}\nspec:\n  replica: 2\n"
	w.write(staging.File{Path: "templates/guestbook/base/patch.yaml", Data: []byte(patch)})
	kustomization := "templates/guestbook/base/kustomization.yaml"
	w.write(staging.File{Path: kustomization, Data: append(w.read(kustomization), "patches: [{path: patch.yaml}]\n"...)})
	problems, err = w.Lint(t.Context(), nil)
	if err != nil || len(problems) != 1 || problems[0].File != "templates/guestbook/base/patch.yaml" || problems[0].Line != 5 {
		t.Errorf("%v, %v", problems, err)
	}
}

func TestLintNamesEveryFault(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("1f2e3d4"))
	if problems, err := w.Lint(t.Context(), nil); err != nil || len(problems) > 0 {
		t.Fatalf("a sound env repo: %v, %v", problems, err)
	}
	w.write(staging.File{Path: "envs/login/kustomization.yaml", Data: []byte("resources: []\n")})
	problems, err := w.Lint(t.Context(), nil)
	if err != nil || len(problems) != 1 || problems[0].File != "envs/login" || !strings.Contains(problems[0].Message, "octopod regenerate login") {
		t.Errorf("a generated file was edited: %v, %v", problems, err)
	}
	w.write(staging.File{Path: project.File, Data: withLine(w, "  engine: kustomize", "  engin: x")})
	if problems, err = w.Lint(t.Context(), nil); err != nil || len(problems) == 0 || problems[0].Line == 0 {
		t.Errorf("a fault in octopod.yaml: %v, %v", problems, err)
	}
}

func TestLintLooksAtTheTemplateBeforeTheFirstDeploy(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.write(staging.File{Path: "templates/shop/backend.yaml",
		Data: replaceOnce(t, w.read("templates/shop/backend.yaml"), "containers:", "hostNetwork: true\n      containers:")})
	problems, err := w.Lint(t.Context(), nil)
	if err != nil || len(problems) != 1 || problems[0].Rule != "host-network" || problems[0].Object != "Deployment/backend" {
		t.Errorf("got %v, %v", problems, err)
	}
	for _, branch := range []string{"a", "b"} { // committed before the problem: still reported once
		w.write(staging.File{Path: "envs/" + branch + "/staging.yaml", Data: []byte("apiVersion: octopod.dev/v1alpha1\nkind: Staging\nmetadata: {name: " + branch +
			"}\nspec:\n  branch: " + branch + "\n  state: active\n  created: {at: 2026-11-23T12:00:00Z, by: Ada}\n")})
	}
	if problems, err = w.Lint(t.Context(), nil); err != nil || len(problems) != 1 {
		t.Errorf("got %v, %v", problems, err)
	}
}

// A field that does nothing is a problem, and the env repo stays readable.
func TestLintReportsFieldsWithoutEffect(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.write(staging.File{Path: project.File, Data: append(w.read(project.File), "  database: {kind: none, keepOld: 2d}\n"...)})
	problems, err := w.Lint(t.Context(), nil)
	if err != nil || len(problems) != 1 || problems[0].Field != "spec.database" || problems[0].Line == 0 {
		t.Errorf("%v, %v", problems, err)
	}
	w.do(login("1f2e3d4"))
}
