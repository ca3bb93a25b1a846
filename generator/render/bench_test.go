package render_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/staging"
)

// BenchmarkGoalD renders the sample's stagings with kustomize, none twice, as
// many at once as there are cores, and compares with `kustomize build`.
// Goal: at most 0.10 of the command. "strategic" is the sample with one
// strategic merge patch, as most bases have some: the command parses the schema
// of Kubernetes for it every time.
func BenchmarkGoalD(b *testing.B) {
	strategic := shopTree(b)
	component := strategic["templates/components/payments-production/kustomization.yaml"]
	component.Data = append(component.Data, strategicPatch...)
	for name, tree := range map[string]fstest.MapFS{"sample": shopTree(b), "strategic": strategic} {
		b.Run(name, func(b *testing.B) { benchmarkRenders(b, project.EngineKustomize, tree) })
	}
}

const strategicPatch = `
patches:
- patch: |-
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: backend}
    spec: {template: {metadata: {annotations: {example.com/payments: real}}}}
`

// BenchmarkGoalE does the same with jsonnet in the sandbox. Goal: at most 0.35
// of the jsonnet command, and 10 ms for a staging.
func BenchmarkGoalE(b *testing.B) { benchmarkRenders(b, project.EngineJsonnet, shopTree(b)) }

func benchmarkRenders(b *testing.B, engine project.Engine, tree fstest.MapFS) {
	stock := stockTime(b, engine, tree)
	for name, options := range map[string]render.Options{
		"process": {},
		"sandbox": {Sandbox: sandbox, SandboxKustomize: true},
	} {
		b.Run(name, func(b *testing.B) {
			options.CacheSize = -1
			perStaging := renderMany(b, engine, tree, options)
			b.ReportMetric(ms(perStaging), "ms/staging")
			if stock > 0 {
				b.ReportMetric(ms(stock), "stock-ms/staging")
				b.ReportMetric(float64(perStaging)/float64(stock), "ratio")
			}
		})
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// renderMany returns the time per staging when many are rendered concurrently.
func renderMany(b *testing.B, engine project.Engine, files fstest.MapFS, options render.Options) time.Duration {
	r, p, tree := newRenderer(b, options), shop(b, engine), fixedHashes{files}
	sources := make([][]staging.File, 64)
	for i := range sources {
		sources[i] = source(b, p, benchStaging(i))
	}
	b.SetParallelism(1)
	b.ReportAllocs()
	var next atomic.Int64
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := int(next.Add(1)) % len(sources)
			if _, err := r.Render(context.Background(), tree, p, benchStaging(i).Name, sources[i]); err != nil {
				b.Error(err)
				return
			}
		}
	})
	return b.Elapsed() / time.Duration(b.N)
}

// benchStaging has real payments, an override and a removed default.
func benchStaging(i int) staging.Staging {
	return record(fmt.Sprintf("s%d", i), func(s *staging.Spec) {
		s.Presets = []string{"payments-production"}
		s.Overrides.App = staging.Values{"LEGACY_FLAG": nil}
		s.Overrides.Deployment = staging.Values{"backend.replicas": 2}
	})
}

// stockTime returns the median time of the stock command; 0 if it is not installed.
func stockTime(b *testing.B, engine project.Engine, tree fstest.MapFS) time.Duration {
	tool, ok := stockTool(b, stockToolOf(engine))
	if !ok {
		b.Logf("no %s command here: the ratio is left out", engine)
		return 0
	}
	s := benchStaging(0)
	dir := writeTree(b, tree, shop(b, engine), []staging.Staging{s})
	var times []time.Duration
	for range 11 {
		start := time.Now()
		if out, err := stockCommand(tool, engine, dir, s.Name).CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	return times[len(times)/2]
}

// BenchmarkUnchanged renders a staging whose inputs are the same as before.
func BenchmarkUnchanged(b *testing.B) {
	for _, engine := range engines {
		b.Run(string(engine), func(b *testing.B) {
			r, p := newRenderer(b, render.Options{}), shop(b, engine)
			tree, s := fixedHashes{shopTree(b)}, benchStaging(0)
			files := source(b, p, s)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Render(context.Background(), tree, p, s.Name, files); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

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
	cmd := exec.Command(tool, "build", staging.Dir(name))
	if engine == project.EngineJsonnet {
		cmd = exec.Command(tool, "-J", "jsonnet", staging.Dir(name)+"/main.jsonnet")
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
