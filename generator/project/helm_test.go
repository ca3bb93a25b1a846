package project_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/project"
	"octopod/generator/staging"
)

const helmProject = `
apiVersion: octopod.dev/v1alpha1
kind: Project
metadata: {name: shop}
spec:
  engine: kustomize
  hosts: {baseDomain: staging.example.com}
  helm:
    kubeVersion: "1.31"
    charts:
    - path: charts/shop
      valueFiles: [charts/values/staging.yaml]
      values:
        url: "{url.web}/api"
        ratio: 0.5
        removed: null
        hosts: [{name: "{host.web}", ports: [80, 443]}]
      set: {"ingress.hosts[0].host": "{host.web}"}
      images: {web: image}
    - {path: charts/jobs, release: "jobs-{name}"}
  services: {web: {host: "{name}", image: registry.example.com/shop/web:1}}
  parameters:
    workers: {scope: deployment, type: integer, to: {value: worker.replicas}}
    nightly: {scope: deployment, type: boolean, default: true, to: {value: nightly, chart: charts/jobs}}
`

func TestChartsOfAStaging(t *testing.T) {
	p, err := project.Parse([]byte(helmProject))
	if err != nil {
		t.Fatal(err)
	}
	s := staging.Staging{Name: "login", Spec: staging.Spec{
		Branch: "feature/login", State: staging.Active,
		Services:  map[string]staging.Service{"web": {Image: "registry.example.com/shop/web:2", From: staging.FromBranch}},
		Overrides: staging.Overrides{Deployment: staging.Values{"workers": 3}},
	}}
	params, err := p.Params(s)
	if err != nil {
		t.Fatal(err)
	}
	want := []staging.Chart{
		{
			Path: "charts/shop", Field: "spec.helm.charts[0]", Release: "shop", Namespace: "shop-login", KubeVersion: "1.31",
			ValueFiles: []string{"charts/values/staging.yaml"},
			Values: map[string]any{
				"url": "https://login.staging.example.com/api", "ratio": 0.5, "removed": nil,
				"hosts": []any{map[string]any{"name": "login.staging.example.com", "ports": []any{80, 443}}},
			},
			Set: []staging.ChartValue{
				{Path: "ingress.hosts[0].host", Value: "login.staging.example.com"}, {Path: "worker.replicas", Value: 3},
			},
			Images: []staging.ChartImage{{Service: "web", Path: "image", Reference: "registry.example.com/shop/web:2"}},
		},
		{
			Path: "charts/jobs", Field: "spec.helm.charts[1]", Release: "jobs-login", Namespace: "shop-login", KubeVersion: "1.31",
			Values: map[string]any{}, Set: []staging.ChartValue{{Path: "nightly", Value: true}},
		},
	}
	if diff := cmp.Diff(want, params.Kustomize.Charts); diff != "" {
		t.Errorf("charts (-want +got):\n%s", diff)
	}
	if params.Kustomize.Base != "" {
		t.Errorf("the base is %s", params.Kustomize.Base)
	}
}

func TestFaultsOfCharts(t *testing.T) {
	for name, tt := range map[string]struct{ old, new, want string }{
		"no version":           {`kubeVersion: "1.31"`, `apiVersions: [a/v1]`, `spec.helm.kubeVersion: "" is not a version of Kubernetes`},
		"no charts":            {"    charts:\n", "    charts: []\n    charts2:\n", "charts2"},
		"a path outside":       {"path: charts/shop", "path: ../shop", "spec.helm.charts[0].path"},
		"a long release":       {"jobs-{name}", "jobs-jobs-jobs-jobs-jobs-jobs-jobs-jobs-jobs-jobs-jobs-{name}", "spec.helm.charts[1].release"},
		"one release twice":    {`release: "jobs-{name}"`, "release: \"{project}-{name}\"}\n    - {path: charts/x, release: \"{project}-{name}\"", "is already the release of charts[1]"},
		"a path in values":     {"ingress.hosts[0].host", "ingress.hosts[0.host", "spec.helm.charts[0].set"},
		"an unknown service":   {"images: {web: image}", "images: {api: image}", "there is no service api"},
		"an unknown chart":     {"chart: charts/jobs", "chart: charts/none", `spec.parameters.nightly.to.chart: "charts/none" is not the path of a chart`},
		"two targets":          {"{value: worker.replicas}", "{value: worker.replicas, replicas: worker}", "has several targets"},
		"an alias in values":   {"ratio: 0.5", "ratio: &a 0.5", "has an anchor"},
		"values are no map":    {"values:\n", "values: [1]\n      values2:\n", "must be a map"},
		"a target and no path": {"{value: worker.replicas}", "{chart: charts/shop}", "requires value"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(helmProject, tt.old, tt.new, 1)
			if text == helmProject {
				t.Fatalf("the project has no %q", tt.old)
			}
			if _, err := project.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}
