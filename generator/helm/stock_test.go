package helm_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"octopod/generator/helm"
	"octopod/generator/staging"
)

// onDisk writes files, and returns their directory.
func onDisk(t testing.TB, files mapFiles) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// stock returns what `helm template` is for a chart, or skips the test: `make tools` builds
// the command.
func stock(t testing.TB, dir string, c staging.Chart) func() []byte {
	t.Helper()
	tool, err := exec.LookPath("helm")
	if err != nil {
		t.Skip("no helm command here")
	}
	args := []string{"template", c.Release, filepath.Join(dir, c.Path), "--namespace", c.Namespace, "--kube-version", c.KubeVersion}
	for _, f := range c.ValueFiles {
		args = append(args, "--values", filepath.Join(dir, f))
	}
	return func() []byte {
		out, err := exec.Command(tool, args...).Output()
		if err != nil {
			t.Fatalf("helm template: %v", err)
		}
		return out
	}
}

// byName removes what Octopod changes on purpose, and returns the objects by name.
func byName(t *testing.T, c staging.Chart, objects []map[string]any) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, o := range objects {
		meta := o["metadata"].(map[string]any)
		if meta["namespace"] == c.Namespace {
			delete(meta, "namespace")
		}
		annotations, _ := meta["annotations"].(map[string]any)
		if fmt.Sprint(annotations["helm.sh/hook"]) == "test" {
			continue
		}
		for key := range annotations {
			if strings.HasPrefix(key, "helm.sh/hook") || key == "argocd.argoproj.io/sync-wave" {
				delete(annotations, key)
			}
		}
		if len(annotations) == 0 {
			delete(meta, "annotations")
		}
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		found[fmt.Sprint(o["kind"], "/", meta["name"])] = string(text)
	}
	return found
}

// The objects are those of the helm command, apart from hooks, tests and namespaces.
func TestObjectsEqualThoseOfHelm(t *testing.T) {
	files, c := shop(t)
	files["values.yaml"] = "replicas: 3\ncache: {enabled: true}\ndata: {size: 5Gi}\nglobal: {team: ops}\nenv: {LOG_LEVEL: null, MODE: fast}\n"
	c.ValueFiles = []string{"values.yaml"}
	var want []map[string]any
	decoder := yaml.NewDecoder(bytes.NewReader(stock(t, onDisk(t, files), c)()))
	for {
		var o map[string]any
		if decoder.Decode(&o) != nil {
			break
		}
		if o != nil {
			want = append(want, o)
		}
	}
	rendered, err := helm.Render(c, files)
	if err != nil {
		t.Fatal(err)
	}
	if len(want) < 7 {
		t.Fatalf("helm template has %d objects", len(want))
	}
	if diff := cmp.Diff(byName(t, c, want), byName(t, c, rendered.Objects)); diff != "" {
		t.Errorf("objects (-helm +octopod):\n%s", diff)
	}
}

// BenchmarkGoalHelm renders a chart with a subchart, hooks and a schema, and compares with
// `helm template`. Goal: at most 0.10 of the command.
func BenchmarkGoalHelm(b *testing.B) {
	files, c := shop(b)
	command := stock(b, onDisk(b, files), c)
	var times []time.Duration
	for range 11 {
		start := time.Now()
		command()
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	for b.Loop() {
		if _, err := helm.Render(c, files); err != nil {
			b.Fatal(err)
		}
	}
	median, each := times[len(times)/2], b.Elapsed()/time.Duration(b.N)
	b.ReportMetric(float64(each)/float64(time.Millisecond), "ms/chart")
	b.ReportMetric(float64(median)/float64(time.Millisecond), "stock-ms/chart")
	b.ReportMetric(float64(each)/float64(median), "ratio")
}
