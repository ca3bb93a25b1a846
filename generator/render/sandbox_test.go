package render_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

const workerEnv = "OCTOPOD_TEST_JSONNET_WORKER=1"

// TestMain makes the test binary its own sandbox process.
func TestMain(m *testing.M) {
	for _, v := range os.Environ() {
		if v == workerEnv {
			if err := render.ServeWorker(os.Stdin, os.Stdout); err != nil {
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	var err error
	if workDir, err = os.MkdirTemp("", "render"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(workDir)
	return m.Run()
}

func sandbox(ctx context.Context) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = []string{workerEnv}
	return cmd
}

// plainSandbox is a sandbox without the race detector, which takes memory that
// no limit knows of. It is built once.
func plainSandbox(t *testing.T) func(context.Context) *exec.Cmd {
	t.Helper()
	file, err := buildWorker()
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context) *exec.Cmd { return exec.CommandContext(ctx, file) }
}

var buildWorker = sync.OnceValues(func() (string, error) {
	file := filepath.Join(workDir, "worker")
	out, err := exec.Command("go", "build", "-o", file, "./testdata/worker").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("build the worker: %w: %s", err, out)
	}
	return file, err
})

// workDir is there for the whole run of the tests.
var workDir string

// jsonnetTree is an env repo with one staging x and the main file given.
func jsonnetTree(main string, more ...string) fstest.MapFS {
	tree := fstest.MapFS{"envs/x/main.jsonnet": {Data: []byte(main)}}
	for i := 0; i+1 < len(more); i += 2 {
		tree[more[i]] = &fstest.MapFile{Data: []byte(more[i+1])}
	}
	return tree
}

func jsonnetProject() *project.Project {
	return &project.Project{Spec: project.Spec{
		Engine:  project.EngineJsonnet,
		Output:  project.OutputRendered,
		Jsonnet: project.Jsonnet{File: "jsonnet/x.libsonnet", Libraries: []string{"jsonnet"}},
	}}
}

const oneConfigMap = `{apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'a'}, data: {}}`

// The memory limit stops a growing template long before the timeout; the Renderer
// continues.
func TestSandboxStopsTemplates(t *testing.T) {
	swell := `local grow(s, n) = if n == 0 then s else grow(s + s, n - 1) tailstrict; `
	tests := []struct{ name, main, want string }{
		{"endless recursion", `local f(n) = 1 + f(n); f(1)`, "max stack frames exceeded"},
		{"endless recursion of an object", `local a = {b: a + {c: self.b}}; a`, ""},
		{"1 GB string", `std.length(std.repeat('x', 1000000000))`, "needs more than 256 MiB"},
		{"string that doubles", swell + `{apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: grow('x', 30)}}`, "needs more than 256 MiB"},
		{"array without end", `std.length([std.repeat('x', 1000) + i for i in std.range(1, 100000000)])`, "needs more than 256 MiB"},
		{"1 GB of objects", `[` + oneConfigMap + ` + {data: {a: std.repeat('x', 1000) + i}} for i in std.range(1, 1000000)]`, "needs more than 256 MiB"},
	}
	r := newRenderer(t, render.Options{Sandbox: plainSandbox(t), Timeout: testenv.Timeout, MaxMemory: 256 << 20, Workers: 2})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := r.Render(context.Background(), jsonnetTree(tt.main), jsonnetProject(), "x", nil)
			t.Logf("%.300v", err)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %.300v, want %q", err, tt.want)
			}
			if code := staging.CodeOf(err); code != staging.CodeInvalid {
				t.Errorf("code %s, want invalid", code)
			}
		})
	}
	objects, err := r.Render(context.Background(), jsonnetTree(oneConfigMap), jsonnetProject(), "x", nil)
	if err != nil || len(objects) != 1 {
		t.Errorf("the next render gives %v, %v", objects, err)
	}
}

// Evaluation in the sandbox and in the process give the same, also side by side
// and when a worker serves many stagings.
func TestSandboxEqualsLocal(t *testing.T) {
	local := newRenderer(t, render.Options{})
	sandboxed := newRenderer(t, render.Options{Sandbox: sandbox, Workers: 3})
	tree, p := hashedTree{shopTree(t)}, shop(t, project.EngineJsonnet)
	want := map[string]string{}
	for _, s := range shopStagings() {
		want[s.Name] = string(manifests(t, renderShop(t, local, tree, p, s)))
	}
	var group sync.WaitGroup
	for range 5 {
		for _, s := range shopStagings() {
			group.Go(func() {
				if got := string(manifests(t, renderShop(t, sandboxed, tree, p, s))); got != want[s.Name] {
					t.Errorf("%s differs in the sandbox", s.Name)
				}
			})
		}
	}
	group.Wait()
}

func TestSandboxThatDoesNotStart(t *testing.T) {
	for name, cmd := range map[string]string{"no such program": "/no/such/program", "another program": "/bin/true"} {
		t.Run(name, func(t *testing.T) {
			r := newRenderer(t, render.Options{Sandbox: func(ctx context.Context) *exec.Cmd { return exec.CommandContext(ctx, cmd) }})
			_, err := r.Render(context.Background(), jsonnetTree(oneConfigMap), jsonnetProject(), "x", nil)
			if staging.CodeOf(err) != staging.CodeInternal || err == nil || !strings.Contains(err.Error(), "render worker") {
				t.Errorf("got %v", err)
			}
		})
	}
}

const endlessLoop = `local f(n) = if n > 0 then f(1) tailstrict else 0; f(1)`

func TestSandboxStopsLoops(t *testing.T) {
	r := newRenderer(t, render.Options{Sandbox: sandbox, Timeout: time.Second})
	_, err := r.Render(context.Background(), jsonnetTree(endlessLoop), jsonnetProject(), "x", nil)
	// Each turn of the loop leaves something behind, so a fast machine may meet the other limit first.
	if staging.CodeOf(err) != staging.CodeInvalid ||
		!strings.Contains(err.Error(), "the template of envs/x did not finish within 1s") && !strings.Contains(err.Error(), "needs more than 512 MiB") {
		t.Errorf("got %v", err)
	}
}

func TestRenderEndsWithItsContext(t *testing.T) {
	r := newRenderer(t, render.Options{Sandbox: sandbox})
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	_, err := r.Render(ctx, jsonnetTree(endlessLoop), jsonnetProject(), "x", nil)
	if err == nil || ctx.Err() == nil || staging.CodeOf(err) != staging.CodeInternal {
		t.Errorf("got %v", err)
	}
}

func TestClosedRenderer(t *testing.T) {
	r := render.New(render.Options{Sandbox: sandbox})
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Render(context.Background(), jsonnetTree(oneConfigMap), jsonnetProject(), "x", nil); err == nil {
		t.Error("a closed renderer renders")
	}
}
