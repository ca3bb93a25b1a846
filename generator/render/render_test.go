package render_test

import (
	"bytes"
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/staging"
)

// The two templates of the sample are one: the objects are equal but for the
// hash in the name of the app's ConfigMap.
func TestEnginesAgree(t *testing.T) {
	r := newRenderer(t, render.Options{})
	hash := regexp.MustCompile(`app-config-[a-z0-9]{10}`)
	for _, s := range shopStagings() {
		var texts []string
		for _, engine := range engines {
			text := manifests(t, renderShop(t, r, shopTree(t), shop(t, engine), s))
			texts = append(texts, hash.ReplaceAllString(string(text), "app-config-hash"))
		}
		if diff := cmp.Diff(texts[0], texts[1]); diff != "" {
			t.Errorf("%s: kustomize and jsonnet differ:\n%s", s.Name, diff)
		}
	}
}

func TestArchivedStagingSleeps(t *testing.T) {
	r := newRenderer(t, render.Options{})
	for _, engine := range engines {
		replicas, claims := 0, 0
		for _, o := range renderShop(t, r, shopTree(t), shop(t, engine), shopStagings()[1]) {
			var object struct {
				Spec struct {
					Replicas             *int
					VolumeClaimTemplates []any
				}
			}
			if err := json.Unmarshal(o.JSON, &object); err != nil {
				t.Fatal(err)
			}
			claims += len(object.Spec.VolumeClaimTemplates)
			if object.Spec.Replicas != nil {
				replicas += 1 + 100*(*object.Spec.Replicas)
			}
		}
		if replicas != 3 || claims != 1 {
			t.Errorf("%s: want 3 workloads asleep and the volume kept, got %d, %d", engine, replicas, claims)
		}
	}
}

// Autoscalers go while a staging is archived; CronJobs are suspended.
func TestArchiveOfOtherKinds(t *testing.T) {
	more := `
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec: {schedule: "0 3 * * *", jobTemplate: {spec: {template: {spec: {containers: [], restartPolicy: Never}}}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: backend}
spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: backend}}
`
	tree := shopTree(t)
	base := tree["templates/shop/kustomization.yaml"]
	base.Data = bytes.Replace(base.Data, []byte("- ingress.yaml"), []byte("- ingress.yaml\n- more.yaml"), 1)
	tree["templates/shop/more.yaml"] = file(more)
	r, p := newRenderer(t, render.Options{}), shop(t, project.EngineKustomize)
	count := func(s staging.Staging) string {
		var found []string
		for _, o := range renderShop(t, r, tree, p, s) {
			if o.Kind == "CronJob" || o.Kind == "HorizontalPodAutoscaler" {
				found = append(found, o.Kind)
			}
			if strings.Contains(string(o.JSON), `"suspend":true`) {
				found = append(found, "suspended")
			}
		}
		return strings.Join(found, " ")
	}
	if got := count(shopStagings()[0]); got != "CronJob HorizontalPodAutoscaler" {
		t.Errorf("active: %s", got)
	}
	if got := count(shopStagings()[1]); got != "CronJob suspended" {
		t.Errorf("archived: %s", got)
	}
}

// Equal input gives equal bytes, also when many stagings are rendered side by
// side, with and without results kept.
func TestParallelRendersAreEqual(t *testing.T) {
	for _, engine := range engines {
		p, tree := shop(t, engine), hashedTree{shopTree(t)}
		want := map[string][]byte{}
		for _, s := range shopStagings() {
			want[s.Name] = manifests(t, renderShop(t, newRenderer(t, render.Options{}), tree.MapFS, p, s))
		}
		for _, cache := range []int64{0, -1} {
			r := newRenderer(t, render.Options{Workers: 4, CacheSize: cache})
			var group sync.WaitGroup
			for range 3 {
				for _, s := range shopStagings() {
					group.Go(func() {
						if got := manifests(t, renderShop(t, r, tree, p, s)); !bytes.Equal(got, want[s.Name]) {
							t.Errorf("%s: %s differs side by side", engine, s.Name)
						}
					})
				}
			}
			group.Wait()
		}
	}
}

// What krusty gives on its own, with the options of the kustomize command, is
// what Render gives, object by object and byte by byte.
func TestSameAsKustomizeItself(t *testing.T) {
	r, p := newRenderer(t, render.Options{}), shop(t, project.EngineKustomize)
	for _, s := range shopStagings() {
		fsys := filesys.MakeFsInMemory()
		for name, f := range shopTree(t) {
			if err := fsys.WriteFile("/repo/"+name, f.Data); err != nil {
				t.Fatal(err)
			}
		}
		for _, f := range source(t, p, s) {
			if err := fsys.WriteFile("/repo/"+f.Path, f.Data); err != nil {
				t.Fatal(err)
			}
		}
		options := krusty.MakeDefaultOptions()
		options.Reorder = krusty.ReorderOptionUnspecified
		resources, err := krusty.MakeKustomizer(options).Run(fsys, "/repo/envs/"+s.Name)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		for _, resource := range resources.Resources() {
			text, err := resource.AsYAML()
			if err != nil {
				t.Fatal(err)
			}
			want[resource.GetKind()+"/"+resource.GetName()] = string(text)
		}
		got := map[string]string{}
		for _, o := range renderShop(t, r, shopTree(t), p, s) {
			text, err := yaml.JSONToYAML(o.JSON)
			if err != nil {
				t.Fatal(err)
			}
			got[o.String()] = string(text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", s.Name, diff)
		}
	}
}

// countingTree counts the files that are read.
type countingTree struct {
	hashedTree
	reads int
}

func (c *countingTree) ReadFile(name string) ([]byte, error) {
	c.reads++
	return c.MapFS.ReadFile(name)
}

// A render is repeated when what it read has changed, and only then.
func TestUnchangedInputsCostNothing(t *testing.T) {
	edits := []struct {
		name, file string
		engine     project.Engine
		anew       bool
	}{
		{"nothing", "", project.EngineKustomize, false},
		{"another staging", "envs/other/kustomization.yaml", project.EngineKustomize, false},
		{"the record", "envs/active/staging.yaml", project.EngineKustomize, false},
		{"octopod.yaml", "octopod.yaml", project.EngineKustomize, false},
		{"jsonnet", "jsonnet/shop.libsonnet", project.EngineKustomize, false},
		{"the base", "templates/shop/backend.yaml", project.EngineKustomize, true},
		{"a component", "templates/components/hosts/kustomization.yaml", project.EngineKustomize, true},
		{"nothing", "", project.EngineJsonnet, false},
		{"octopod.yaml", "octopod.yaml", project.EngineJsonnet, false},
		{"kustomize", "templates/shop/backend.yaml", project.EngineJsonnet, false},
		{"the library", "jsonnet/octopod.libsonnet", project.EngineJsonnet, true},
	}
	for _, edit := range edits {
		for _, options := range []render.Options{{}, {Sandbox: sandbox, Workers: 1}} {
			if options.Sandbox != nil && edit.engine == project.EngineKustomize {
				continue
			}
			t.Run(string(edit.engine)+" "+edit.name, func(t *testing.T) {
				r, p, s := newRenderer(t, options), shop(t, edit.engine), shopStagings()[0]
				// Another staging first: its imports must not hide this one's.
				renderShop(t, r, hashedTree{shopTree(t)}, p, shopStagings()[2])
				first := renderShop(t, r, hashedTree{shopTree(t)}, p, s)

				tree := shopTree(t)
				if edit.file != "" {
					tree[edit.file] = file(string(appendNewline(tree, edit.file)))
				}
				counting := &countingTree{hashedTree: hashedTree{tree}}
				second := renderShop(t, r, counting, p, s)
				if anew := counting.reads > 0; anew != edit.anew {
					t.Errorf("rendered anew: %v, want %v", anew, edit.anew)
				}
				if diff := cmp.Diff(first, second); diff != "" {
					t.Errorf("an empty line changes objects:\n%s", diff)
				}
			})
		}
	}
}

func appendNewline(tree map[string]*mapFile, name string) []byte {
	if f := tree[name]; f != nil {
		return append(bytes.Clone(f.Data), '\n')
	}
	return nil
}

// A tree without hashes is rendered every time.
func TestNoHashesNoCache(t *testing.T) {
	r, p, tree := newRenderer(t, render.Options{}), jsonnetProject(), jsonnetTree(oneConfigMap)
	for _, want := range []string{"a", "b"} {
		tree["envs/x/main.jsonnet"] = file(strings.ReplaceAll(oneConfigMap, "'a'", "'"+want+"'"))
		objects, err := r.Render(context.Background(), tree, p, "x", nil)
		if err != nil || len(objects) != 1 || objects[0].Name != want {
			t.Errorf("got %v, %v, want %s", objects, err, want)
		}
	}
}

// A jsonnet worker that keeps its library sees each staging's own files afresh.
func TestJsonnetSeesNewParams(t *testing.T) {
	r, p, tree := newRenderer(t, render.Options{Sandbox: sandbox, Workers: 1}), shop(t, project.EngineJsonnet), hashedTree{shopTree(t)}
	for _, level := range []string{"debug", "warn", "debug"} {
		s := record("x", func(s *staging.Spec) { s.Overrides.App = staging.Values{"LOG_LEVEL": level} })
		if text := manifests(t, renderShop(t, r, tree, p, s)); !strings.Contains(string(text), "LOG_LEVEL: "+level) {
			t.Errorf("the objects do not have LOG_LEVEL %s", level)
		}
	}
}

func TestManifestsAndParse(t *testing.T) {
	objects := renderShop(t, newRenderer(t, render.Options{}), shopTree(t), shop(t, project.EngineJsonnet), shopStagings()[0])
	back, err := render.Parse("manifests.yaml", manifests(t, objects))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(objects, back); diff != "" {
		t.Errorf("read back:\n%s", diff)
	}
}
