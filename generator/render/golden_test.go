package render_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/staging"
)

var update = flag.Bool("update", false, "write testdata anew")

var engines = []project.Engine{project.EngineKustomize, project.EngineJsonnet}

// The files of every kind of staging, and the objects they give, are those in testdata.
func TestGolden(t *testing.T) {
	r := newRenderer(t, render.Options{})
	got := map[string]string{}
	for _, engine := range engines {
		dir := filepath.Join("testdata", string(engine))
		add := func(s staging.Staging, files []staging.File, objects []staging.Object) {
			for _, f := range files {
				got[filepath.Join(dir, f.Path)] = string(f.Data)
			}
			got[filepath.Join(dir, staging.ManifestsPath(s.Name))] = string(manifests(t, objects))
		}
		p := shop(t, engine)
		for _, s := range shopStagings() {
			add(s, source(t, p, s), renderShop(t, r, shopTree(t), p, s))
		}
		p = withDatabase(t, engine)
		for _, s := range databaseStagings() {
			files, objects := arrangedShop(t, r, p, s)
			add(s, files, objects)
		}
	}
	if *update {
		writeGolden(t, got)
	}
	if diff := cmp.Diff(readGolden(t), got); diff != "" {
		t.Errorf("testdata differs (go test ./generator/render -update writes it anew):\n%s", diff)
	}
}

func writeGolden(t *testing.T, files map[string]string) {
	t.Helper()
	for _, engine := range engines {
		if err := os.RemoveAll(filepath.Join("testdata", string(engine))); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func readGolden(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, engine := range engines {
		err := filepath.WalkDir(filepath.Join("testdata", string(engine)), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			files[name] = string(readFile(t, name))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}
