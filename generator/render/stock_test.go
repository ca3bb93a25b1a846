package render_test

import (
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/staging"
)

// The YAML of each object is byte for byte what kustomize prints. (That the
// stock commands give the same objects is tested beside the use cases.)
func TestManifestsAreFormattedAsKustomizeDoes(t *testing.T) {
	r := newRenderer(t, render.Options{})
	p, tree := shop(t, project.EngineKustomize), shopTree(t)
	for _, s := range shopStagings() {
		disk := filesys.MakeFsInMemory()
		for name, file := range tree {
			write(t, disk, name, file.Data)
		}
		for _, file := range source(t, p, s) {
			write(t, disk, file.Path, file.Data)
		}
		resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(disk, "/"+staging.Dir(s.Name))
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		for _, resource := range resources.Resources() {
			want[resource.GetKind()+"/"+resource.GetName()] = resource.MustYaml()
		}
		if diff := cmp.Diff(want, documents(t, manifests(t, renderShop(t, r, tree, p, s)))); diff != "" {
			t.Errorf("%s (-kustomize +octopod):\n%s", s.Name, diff)
		}
	}
}

func write(t *testing.T, disk filesys.FileSystem, name string, data []byte) {
	t.Helper()
	if err := disk.MkdirAll("/" + path.Dir(name)); err != nil {
		t.Fatal(err)
	}
	if err := disk.WriteFile("/"+name, data); err != nil {
		t.Fatal(err)
	}
}

// documents returns the text of each object by name.
func documents(t *testing.T, text []byte) map[string]string {
	t.Helper()
	_, all, _ := strings.Cut(string(text), "\n") // the note above
	texts := map[string]string{}
	for document := range strings.SplitSeq(all, "---\n") {
		objects, err := render.Parse("manifests", []byte(document))
		if err != nil || len(objects) != 1 {
			t.Fatalf("%v in\n%s", err, document)
		}
		texts[objects[0].String()] = document
	}
	return texts
}
