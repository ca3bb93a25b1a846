package render_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// chartTree is an env repo with a chart of one template.
func chartTree(template string) fstest.MapFS {
	return fstest.MapFS{
		"charts/web/Chart.yaml":            {Data: []byte("apiVersion: v2\nname: web\nversion: 1.0.0\n")},
		"charts/web/values.yaml":           {Data: []byte("image: registry.example.com/web:1\n")},
		"charts/web/templates/object.yaml": {Data: []byte(template)},
	}
}

func webChart() staging.Chart {
	return staging.Chart{Path: "charts/web", Field: "spec.helm.charts[0]", Release: "web", Namespace: "web-x", KubeVersion: "1.31"}
}

const chartConfig = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}\n"

// The limits of a template stop a chart; the Renderer continues.
func TestSandboxStopsCharts(t *testing.T) {
	tests := []struct{ name, template, want string }{
		{"list without end", `{{ range until 1000000000 }}{{ end }}`, "needs more than 256 MiB: charts/web"},
		{"text that doubles", `{{ $x := "x" }}{{ range until 40 }}{{ $x = print $x $x }}{{ end }}{{ $x }}`, "needs more than 256 MiB: charts/web"},
		{"loop without end", `{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}`, "did not finish within"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			options := render.Options{Sandbox: plainSandbox(t), Timeout: testenv.Timeout, MaxMemory: 256 << 20, Workers: 1}
			if tt.name == "loop without end" {
				options.Timeout = 2 * time.Second
			}
			r := newRenderer(t, options)
			_, err := r.RenderChart(context.Background(), chartTree(tt.template), webChart())
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if tt.name == "loop without end" {
				return // its timeout is too short for a busy machine
			}
			if _, err := r.RenderChart(context.Background(), chartTree(chartConfig), webChart()); err != nil {
				t.Errorf("the next chart: %v", err)
			}
		})
	}
}

// A sandbox reports the problems of a chart like the Renderer's own process.
func TestChartProblemsLeaveTheSandbox(t *testing.T) {
	for name, options := range map[string]render.Options{"process": {}, "sandbox": {Sandbox: sandbox, Timeout: testenv.Timeout}} {
		t.Run(name, func(t *testing.T) {
			r := newRenderer(t, options)
			_, err := r.RenderChart(context.Background(), chartTree("{{ randAlphaNum 5 }}"), webChart())
			var e *staging.Error
			if !errors.As(err, &e) || len(e.Problems) != 1 || e.Problems[0].File != "charts/web/templates/object.yaml" || e.Problems[0].Line != 1 {
				t.Errorf("got %v", err)
			}
			chart := webChart()
			chart.ValueFiles = []string{"values/none.yaml"}
			_, err = r.RenderChart(context.Background(), chartTree(chartConfig), chart)
			if err == nil || !strings.Contains(err.Error(), "octopod.yaml: spec.helm.charts[0].valueFiles: there is no values/none.yaml") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A link in a chart cannot leave the env repo, or lead in a circle.
func TestLinksInCharts(t *testing.T) {
	r := newRenderer(t, render.Options{Sandbox: sandbox, Timeout: testenv.Timeout})
	for target, want := range map[string]string{
		"../../../../etc/passwd": "outside the env repo", "/etc/passwd": "outside the env repo",
		"../templates": "directories in each other", "../../../envs/y/staging.yaml": "belongs to another staging",
	} {
		tree := chartTree(chartConfig)
		tree["charts/web/templates/link"] = &fstest.MapFile{Data: []byte(target), Mode: fs.ModeSymlink}
		tree["envs/y/staging.yaml"] = &fstest.MapFile{Data: []byte("x: y")}
		_, err := r.RenderChart(context.Background(), tree, webChart())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("link to %s: got %v, want %s", target, err, want)
		}
	}
}

// The objects of a chart are a file beside the overlay, which kustomize alone can build.
func TestChartsBesideTheOverlay(t *testing.T) {
	tree := chartTree(chartConfig + "data: {image: {{ .Values.image }}, host: {{ .Values.host }}}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: web-x}\n")
	p, err := project.Parse([]byte(`
apiVersion: octopod.dev/v1alpha1
kind: Project
metadata: {name: web}
spec:
  engine: kustomize
  hosts: {baseDomain: staging.example.com}
  helm:
    kubeVersion: "1.31"
    charts:
    - {path: charts/web, release: "{project}-{name}", values: {host: "{host.web}"}, images: {web: image}}
  services: {web: {host: "{name}"}}
`))
	if err != nil {
		t.Fatal(err)
	}
	s := staging.Staging{Name: "x", Spec: staging.Spec{Branch: "x", State: staging.Active, Services: map[string]staging.Service{
		"web": {Image: "registry.example.com/web:2", From: staging.FromBranch},
	}}}
	params, err := p.Params(s)
	if err != nil {
		t.Fatal(err)
	}
	r := newRenderer(t, render.Options{})
	files, err := r.Source(t.Context(), tree, p, params)
	if err != nil {
		t.Fatal(err)
	}
	if files, err = r.Arrange(t.Context(), tree, p, params, files); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, f := range files {
		found[f.Path] = string(f.Data)
	}
	const want = "# Generated by Octopod from staging.yaml; do not edit\napiVersion: v1\ndata:\n  host: x.staging.example.com\n  image: registry.example.com/web:2\nkind: ConfigMap\nmetadata:\n  name: web-x\n"
	if found["envs/x/chart.yaml"] != want {
		t.Errorf("chart.yaml is\n%s\nwant\n%s", found["envs/x/chart.yaml"], want)
	}
	if !strings.Contains(found["envs/x/kustomization.yaml"], "resources:\n  - staging-objects.yaml\n  - chart.yaml\n") {
		t.Errorf("the overlay is\n%s", found["envs/x/kustomization.yaml"])
	}
	objects, err := r.Render(t.Context(), tree, p, "x", files)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(manifests(t, objects)); !strings.Contains(text, "name: web-x\n  namespace: web-x\n") {
		t.Errorf("objects:\n%s", text)
	}
}
