package render_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/staging"
)

// smallParams are params with nothing optional in them.
func smallParams() staging.Params {
	return staging.Params{
		Project: "p", Name: "x", Branch: "x", State: staging.Active, Namespace: "p-x",
		Kustomize: staging.KustomizeParams{Base: "templates/base", ConfigMap: "app-config"},
	}
}

const withConfig = "resources: [a.yaml]\nconfigMapGenerator:\n- name: app-config\n  literals: [DEFAULT=1]\n"

func dataOf(t *testing.T, objects []staging.Object, prefix string) map[string]string {
	t.Helper()
	for _, o := range objects {
		if strings.HasPrefix(o.Name, prefix) {
			var object struct{ Data map[string]string }
			if err := json.Unmarshal(o.JSON, &object); err != nil {
				t.Fatal(err)
			}
			return object.Data
		}
	}
	t.Fatalf("there is no %s in %v", prefix, objects)
	return nil
}

// The application reads the exact value of a setting; an absent one is missing.
func TestSettingsArriveUnchanged(t *testing.T) {
	params := smallParams()
	params.App = map[string]string{
		"EMPTY": "", "QUOTED": `"a"`, "SINGLE": `'a'`, "OPEN": `"a`, "QUOTE": `"`, "TWICE": `""a""`,
		"EQUALS": "a=b=c", "LINES": "a\nb\n", "YAML": "{a: [b]} # no", "NUMBER": "007", "BOOL": "on", "NOTHING": "null",
		"SPACE": "  a ", "UNICODE": "ü €", "DOLLAR": "$(A) ${B}", "with.dot": "a", "with-dash": "*a &b", "TAB": "a\tb",
	}
	params.Absent = []string{"DEFAULT", "NEVER.SET"}
	objects := renderParams(t, baseTree(withConfig), params)
	if diff := cmp.Diff(params.App, dataOf(t, objects, "app-config")); diff != "" {
		t.Error(diff)
	}
}

func renderParams(t *testing.T, tree map[string]*mapFile, params staging.Params) []staging.Object {
	t.Helper()
	files, err := render.Source(kustomizeProject(), params)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := newRenderer(t, render.Options{}).Render(context.Background(), fixedHashes{tree}, kustomizeProject(), "x", files)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// Nothing is written for what a staging does not have: no generator without
// settings, so that a base without the ConfigMap works; no quota.
func TestNothingForNothing(t *testing.T) {
	objects := renderParams(t, baseTree("resources: [a.yaml]"), smallParams())
	if got := fmt.Sprint(objects[0], objects[1], objects[2], len(objects)); got != "Namespace/p-x ConfigMap/a ConfigMap/octopod 3" {
		t.Errorf("got %s", got)
	}
}

func TestImages(t *testing.T) {
	for reference, want := range map[string]string{
		"registry:5000/shop/backend:1":          "registry:5000/shop/backend:1",
		"registry:5000/shop/backend":            "registry:5000/shop/backend:latest",
		"backend":                               "backend:latest",
		"r/backend@sha256:" + digest:            "r/backend@sha256:" + digest,
		"r:5000/backend:2.0_x@sha256:" + digest: "r:5000/backend:2.0_x@sha256:" + digest,
	} {
		params := smallParams()
		params.Kustomize.Images = []staging.Image{{Name: "backend", Reference: reference}}
		tree := baseTree("resources: [a.yaml]", "templates/base/a.yaml", `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: "backend:base"}]}}`)
		objects := renderParams(t, tree, params)
		if !bytes.Contains(objects[len(objects)-1].JSON, []byte(`"image":"`+want+`"`)) {
			t.Errorf("%s: want %s in %s", reference, want, objects[len(objects)-1].JSON)
		}
	}
}

const digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestSourceIsPure(t *testing.T) {
	for _, engine := range engines {
		p := shop(t, engine)
		for _, s := range shopStagings() {
			if diff := cmp.Diff(source(t, p, s), source(t, p, s)); diff != "" {
				t.Errorf("%s, %s: %s", engine, s.Name, diff)
			}
		}
	}
}

func TestSourceRefusesPathsOutside(t *testing.T) {
	for _, base := range []string{"", "/etc", "../other", "a/../../b"} {
		params := smallParams()
		params.Kustomize.Base = base
		_, err := render.Source(kustomizeProject(), params)
		expectInvalid(t, err, []string{"spec.kustomize.base", "is outside the env repo"})
	}
	p := jsonnetProject()
	p.Spec.Jsonnet.File = "../x.libsonnet"
	_, err := render.Source(p, smallParams())
	expectInvalid(t, err, []string{"spec.jsonnet.file"})
	p.Spec.Engine = project.Engine("helm")
	_, err = render.Source(p, smallParams())
	expectInvalid(t, err, []string{"helm"})
}

// A template never meets a null where it expects an object or an array.
func TestParamsHaveNoNull(t *testing.T) {
	files, err := render.Source(jsonnetProject(), smallParams())
	if err != nil {
		t.Fatal(err)
	}
	if text := string(files[1].Data); files[1].Path != "envs/x/params.json" || strings.Contains(text, "null") {
		t.Errorf("%s: %s", files[1].Path, text)
	}
}
