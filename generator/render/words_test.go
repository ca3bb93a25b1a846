package render_test

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"

	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/staging"
)

// Kustomize prints some errors as Go values; readableMessage replaces them by names.
func TestKustomizesOwnTypesAreNeverShown(t *testing.T) {
	tests := map[string]struct{ base, overlay, says string }{
		"settings of a ConfigMap that is not there": {
			"resources: [web.yaml]\n",
			"configMapGenerator: [{name: app-config, behavior: merge, literals: [A=b]}]\n",
			"merging settings: ConfigMap/app-config does not exist; cannot merge or replace",
		},
		"the same object twice": {
			"resources: [web.yaml, again.yaml]\n", "",
			"may not add resource with an already registered id: Deployment/web",
		},
		"replicas of nothing": {
			"resources: [web.yaml]\n", "replicas: [{name: nope, count: 2}]\n",
			"replicas: there is no workload nope in the template",
		},
	}
	const web = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: []}}}\n"
	p := &project.Project{Metadata: project.Metadata{Name: "p"}, Spec: project.Spec{Engine: project.EngineKustomize}}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tree := fstest.MapFS{
				"templates/p/kustomization.yaml": {Data: []byte(tt.base)},
				"templates/p/web.yaml":           {Data: []byte(web)},
				"templates/p/again.yaml":         {Data: []byte(web)},
			}
			r := render.New(render.Options{})
			t.Cleanup(func() { _ = r.Close() })
			_, err := r.Render(context.Background(), tree, p, "x", []staging.File{{
				Path: "envs/x/kustomization.yaml", Data: []byte("resources: [../../templates/p]\n" + tt.overlay),
			}})
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("got %v; want it to say %q", err, tt.says)
			}
			for _, dump := range []string{"resid.", "0x", "noGrp", "noNs", "Gvk"} {
				if strings.Contains(err.Error(), dump) {
					t.Errorf("%q shows in: %v", dump, err)
				}
			}
		})
	}
}
