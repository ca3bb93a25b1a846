package render_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/staging"
)

// stockTool finds a stock command: by OCTOPOD_KUSTOMIZE or OCTOPOD_JSONNET, or
// on PATH. `make bench` installs both.
func stockTool(t testing.TB, name string) (string, bool) {
	t.Helper()
	if file := os.Getenv("OCTOPOD_" + strings.ToUpper(name)); file != "" {
		return file, true
	}
	file, err := exec.LookPath(name)
	return file, err == nil
}

// stockCommand is what a person would type to render a staging of the shop.
func stockCommand(tool string, engine project.Engine, dir, name string) *exec.Cmd {
	cmd := exec.Command(tool, "build", render.Dir(name))
	if engine == project.EngineJsonnet {
		cmd = exec.Command(tool, "-J", "jsonnet", render.Dir(name)+"/main.jsonnet")
	}
	cmd.Dir = dir
	return cmd
}

func stockToolOf(engine project.Engine) string { return string(engine) }

// writeTree puts an env repo with generated stagings on disk.
func writeTree(t testing.TB, tree fstest.MapFS, p *project.Project, stagings []staging.Staging) string {
	t.Helper()
	dir := t.TempDir()
	files := []staging.File{}
	for name, f := range tree {
		files = append(files, staging.File{Path: name, Data: f.Data})
	}
	for _, s := range stagings {
		files = append(files, source(t, p, s)...)
	}
	for _, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// The stock commands give the objects that Render gives.
func TestSameAsStockCommands(t *testing.T) {
	r := newRenderer(t, render.Options{})
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			tool, ok := stockTool(t, stockToolOf(engine))
			if !ok {
				t.Skipf("no %s command here", engine)
			}
			p, tree := shop(t, engine), shopTree(t)
			dir := writeTree(t, tree, p, shopStagings())
			for _, s := range shopStagings() {
				out, err := stockCommand(tool, engine, dir, s.Name).Output()
				if err != nil {
					t.Fatal(err)
				}
				want := documents(t, engine, out)
				got := documents(t, project.EngineKustomize, render.Manifests(renderShop(t, r, tree, p, s)))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s:\n%s", s.Name, diff)
				}
			}
		})
	}
}

// documents gives the text of each object by name: YAML as it is, JSON parsed.
func documents(t *testing.T, engine project.Engine, out []byte) map[string]string {
	t.Helper()
	if engine == project.EngineJsonnet {
		var objects []json.RawMessage
		if err := json.Unmarshal(out, &objects); err != nil {
			t.Fatal(err)
		}
		var parsed []staging.Object
		for i, o := range objects {
			one, err := render.Parse(fmt.Sprint(i), o)
			if err != nil {
				t.Fatal(err)
			}
			parsed = append(parsed, one...)
		}
		out = render.Manifests(parsed)
	}
	texts := map[string]string{}
	_, out, _ = bytes.Cut(append([]byte("\n"), out...), []byte("\napiVersion: "))
	for text := range strings.SplitSeq("apiVersion: "+string(out), "---\n") {
		objects, err := render.Parse("stock", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			texts[o.String()] = strings.TrimSpace(text)
		}
	}
	return texts
}
