package generator_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/staging"
)

// The stock tools in the versions that the Makefile pins: from PATH if `make tools`
// installed them, otherwise built by the go command.
var stock = map[string]string{
	"kustomize": "sigs.k8s.io/kustomize/kustomize/v5@v5.8.1",
	"jsonnet":   "github.com/google/go-jsonnet/cmd/jsonnet@v0.22.0",
}

func runStock(t testing.TB, dir, tool string, args ...string) []byte {
	t.Helper()
	command := exec.CommandContext(t.Context(), tool, args...)
	if _, err := exec.LookPath(tool); err != nil {
		command = exec.CommandContext(t.Context(), "go", append([]string{"run", stock[tool]}, args...)...)
	}
	var stderr bytes.Buffer
	command.Dir, command.Stderr = dir, &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", tool, err, stderr.Bytes())
	}
	return out
}

// The env repo holds plain kustomize and plain jsonnet: without a plugin, the stock
// tools render the same objects that Octopod checked.
func TestTheStockToolsGiveTheSameObjects(t *testing.T) {
	for _, engine := range []project.Engine{project.EngineKustomize, project.EngineJsonnet} {
		t.Run(string(engine), func(t *testing.T) {
			w := shop(t, engine, project.OutputSource)
			for _, a := range samples() {
				w.do(a)
			}
			dir := checkout(t, w)
			for _, name := range []string{"main", "login", "old-checkout"} {
				var out []byte
				if engine == project.EngineKustomize {
					out = runStock(t, dir, "kustomize", "build", "envs/"+name)
				} else {
					out = runStock(t, dir, "jsonnet", "-J", "jsonnet", "envs/"+name+"/main.jsonnet")
				}
				want, err := render.Parse(name, out)
				if err != nil {
					t.Fatal(err)
				}
				got, err := w.Manifests(t.Context(), name, "")
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(byName(want), byName(got)); diff != "" {
					t.Errorf("%s (-%s +octopod):\n%s", name, engine, diff)
				}
			}
		})
	}
}

func byName(objects []staging.Object) map[string]string {
	m := map[string]string{}
	for _, o := range objects {
		m[o.String()] = string(o.JSON)
	}
	return m
}

// checkout writes the tip into a directory.
func checkout(t testing.TB, w *fixture) string {
	t.Helper()
	files := map[string]string{}
	collect(t, w.tip(), ".", files)
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
