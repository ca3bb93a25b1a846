package project_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// typed is the shop with a parameter of each type that records hold as text.
const typed = `
    RATIO: {type: decimal, min: 0, max: 1, default: "0.25"}
    COUNTRIES: {type: list, allowed: [de, fr, nl], default: "de,fr"}
    TIMEOUT: {type: duration, default: 90s}
    ratio: {scope: deployment, type: decimal, to: {patch: {kind: Deployment, name: backend, pointer: /spec/ratio}}}
    zones: {scope: deployment, type: list, to: {patch: {kind: Deployment, name: backend, pointer: /spec/zones}}}
`

func TestDecimalsListsAndDurations(t *testing.T) {
	p := parse(t, withParameters(typed))
	s := deployed(t, p, func(a *staging.Action) {
		a.Set = map[string]string{"RATIO": "0.5", "COUNTRIES": "nl, de", "ratio": "0.125", "zones": "a,b"}
	})
	params, err := p.Params(s)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"RATIO": "0.5", "COUNTRIES": "nl,de", "TIMEOUT": "90s"} {
		if got := params.App[key]; got != want {
			t.Errorf("%s = %q; want %q", key, got, want)
		}
	}
	if diff := cmp.Diff(map[string]any{"ratio": 0.125, "zones": []any{"a", "b"}}, params.Deployment); diff != "" {
		t.Errorf("params of the template (-want +got):\n%s", diff)
	}
	var patched []any
	for _, patch := range params.Kustomize.Patches {
		patched = append(patched, patch.Value)
	}
	if diff := cmp.Diff([]any{0.125, []any{"a", "b"}}, patched); diff != "" {
		t.Errorf("patches (-want +got):\n%s", diff)
	}
}

func TestWrongDecimalsListsAndDurations(t *testing.T) {
	p := parse(t, withParameters(typed))
	for set, want := range map[string]string{
		"RATIO=half":       `"half" is not a number: write 0.5`,
		"RATIO=1e3":        `"1e3" is not a number: write 0.5`,
		"RATIO=1.5":        "1.5 is too large; the maximum is 1",
		"COUNTRIES=de,uk":  `"uk" is not allowed: choose de, fr, nl`,
		"COUNTRIES=de,,fr": "has an empty item: write items with one comma between two",
		"COUNTRIES=de,de":  `has "de" twice`,
		"TIMEOUT=90":       `"90" is not a duration: write 14d, 36h or 90m`,
	} {
		name, value, _ := strings.Cut(set, "=")
		_, err := p.Apply(nil, staging.Action{
			Verb: staging.Deploy, Name: "login", Branch: "feature/login", Set: map[string]string{name: value},
			Images: map[string]staging.Build{"frontend": {Image: "registry.example.com/shop/frontend:1", Commit: "1f2e3d4"}},
		}, noon)
		if problems := staging.ProblemsOf(err); len(problems) != 1 || problems[0].Message != want {
			t.Errorf("%s: %v; want %q", set, problems, want)
		}
	}
}

// withParameters returns the shop with more parameters.
func withParameters(parameters string) string {
	return strings.Replace(shop, "  parameters:\n", "  parameters:"+strings.TrimRight(parameters, "\n")+"\n", 1)
}

// problemsIn returns the problems of an octopod.yaml.
func problemsIn(text string) []string {
	_, err := project.Parse([]byte(text))
	var problems []string
	for _, p := range staging.ProblemsOf(err) {
		problems = append(problems, p.Field+": "+p.Message)
	}
	return problems
}

// Every example of the page about settings is a valid part of octopod.yaml.
func TestExamplesOfSettingsAreValid(t *testing.T) {
	page, err := os.ReadFile("../../docs/settings.md")
	if err != nil {
		t.Fatal(err)
	}
	const head = "apiVersion: octopod.dev/v1alpha1\nkind: Project\nmetadata: {name: shop}\nspec:\n  engine: kustomize\n  hosts: {baseDomain: staging.example.com}\n" +
		"  services:\n    backend: {image: \"registry.example.com/backend:1\", host: \"api-{name}\"}\n    web: {image: \"registry.example.com/web:1\", host: \"{name}\"}\n" +
		"  helm: {kubeVersion: \"1.31\", charts: [{path: templates/charts/shop}]}\n"
	blocks := strings.Split(string(page), "```yaml\n")[1:]
	for _, block := range blocks {
		block, _, _ = strings.Cut(block, "```")
		if problems := problemsIn(head + "  " + strings.ReplaceAll(strings.TrimSpace(block), "\n", "\n  ") + "\n"); problems != nil {
			t.Errorf("%s\n%q", block, problems)
		}
	}
	if len(blocks) == 0 {
		t.Error("the page has no example")
	}
}
