package generator_test

import (
	"fmt"
	"testing"

	"octopod/generator/staging"
)

// A fault of a rendered object is told where it is mended.
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

	// Of a patch and what it patches, the one that has the field; of two that have it, none.
	patch := "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ui}\nspec:\n  replica: 2\n"
	w.write(staging.File{Path: "templates/guestbook/base/patch.yaml", Data: []byte(patch)})
	kustomization := "templates/guestbook/base/kustomization.yaml"
	w.write(staging.File{Path: kustomization, Data: append(w.read(kustomization), "patches: [{path: patch.yaml}]\n"...)})
	problems, err = w.Lint(t.Context(), nil)
	if err != nil || len(problems) != 1 || problems[0].File != "templates/guestbook/base/patch.yaml" || problems[0].Line != 5 {
		t.Errorf("%v, %v", problems, err)
	}
}
