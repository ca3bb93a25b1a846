package generator_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/setup"
	"octopod/generator/staging"
)

// adoptedChart returns a fixture whose project was imported from a Helm chart.
func adoptedChart(t *testing.T, change func(*setup.InitRequest)) (*fixture, setup.InitResult) {
	t.Helper()
	return adopted(t, "chart.txtar", func(r *setup.InitRequest) {
		r.KubeVersion = "1.31"
		if change != nil {
			change(r)
		}
	})
}

func TestAHelmChartOfOnesOwnDeploysAtOnce(t *testing.T) {
	w, result := adoptedChart(t, nil)
	chart := result.Project.Spec.Helm.Charts[0]
	if diff := cmp.Diff(map[string]string{"ingress.hosts[0].host": "{host.guestbook}"}, chart.Set); diff != "" {
		t.Errorf("values that init sets (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"guestbook": "image"}, chart.Images); diff != "" {
		t.Errorf("values of images (-want +got):\n%s", diff)
	}
	if to := result.Project.Spec.Parameters["guestbook.replicas"].To; to.Value != "replicaCount" || to.Replicas != "" {
		t.Errorf("replicas go to %+v", to)
	}
	if chart.Path != "charts/web" || len(result.Findings) > 0 {
		t.Errorf("chart %s, findings %v", chart.Path, result.Findings)
	}
	notes := strings.Join(result.Notes, "\n")
	for _, want := range []string{"Job/migrate is a hook", "switches on ingress.enabled", "go into the values ingress.hosts[0].host"} {
		if !strings.Contains(notes, want) {
			t.Errorf("no note has %q:\n%s", want, notes)
		}
	}
	image := func(tag string) map[string]staging.Build {
		return map[string]staging.Build{"guestbook": {Image: "ghcr.io/acme/guestbook:" + tag}}
	}
	w.do(staging.Action{
		Verb: staging.Deploy, Branch: "feature/x", Images: image("abc1234"),
		Set: map[string]string{"LOG_LEVEL": "debug", "guestbook.replicas": "3"},
	})
	w.shows("feature-x", map[string][]string{
		"Deployment/guestbook": {`"image":"ghcr.io/acme/guestbook:abc1234"`, `"replicas":3`, `"value":"debug"`, `"name":"app-config`, `"namespace":"guestbook-feature-x"`},
		"Ingress/guestbook":    {`"host":"feature-x.staging.acme.io"`, `"path":"/api"`},
		"Job/migrate-":         {`"image":"ghcr.io/acme/guestbook:abc1234"`, `"argocd.argoproj.io/sync-wave":"-1"`, "!helm.sh/hook"},
		"ConfigMap/octopod":    {`"argocd.argoproj.io/sync-wave":"-2"`},
	})
	w.do(staging.Action{Verb: staging.Archive, Name: "feature-x"})
	w.shows("feature-x", map[string][]string{"Deployment/guestbook": {`"replicas":0`}})
	w.do(staging.Action{Verb: staging.Restore, Name: "feature-x"})
	w.shows("feature-x", map[string][]string{"Deployment/guestbook": {`"replicas":3`}, "Job/migrate-": {"guestbook:abc1234"}})
}

// A change of the chart reaches a staging with its next deploy, and not before.
func TestAnEditedChartIsPending(t *testing.T) {
	w, _ := adoptedChart(t, nil)
	deploy := staging.Action{Verb: staging.Deploy, Branch: "x", Images: map[string]staging.Build{"guestbook": {Image: "ghcr.io/acme/guestbook:1"}}}
	w.do(deploy)
	w.edit("charts/web/values.yaml", "value: info", "value: trace")
	w.do(staging.Action{Verb: staging.Archive, Name: "x"})
	w.do(staging.Action{Verb: staging.Restore, Name: "x"})
	w.shows("x", map[string][]string{"Deployment/guestbook": {`"value":"info"`}})
	w.do(deploy)
	w.shows("x", map[string][]string{"Deployment/guestbook": {`"value":"trace"`}})
}

func TestParametersInTheValuesOfAChart(t *testing.T) {
	w, _ := adoptedChart(t, nil)
	w.edit("octopod.yaml", "  parameters:\n", "  parameters:\n"+
		"    migrations: {scope: deployment, type: boolean, to: {value: migrate}}\n"+
		"    pods: {scope: deployment, type: integer, to: {value: replicaCount}}\n")
	w.do(staging.Action{
		Verb: staging.Deploy, Branch: "x", Images: map[string]staging.Build{"guestbook": {Image: "ghcr.io/acme/guestbook:1"}},
		Set: map[string]string{"migrations": "false", "pods": "2"},
	})
	w.shows("x", map[string][]string{"Deployment/guestbook": {`"replicas":2`}, "Job/migrate": {"!migrate"}})
}

func TestAHelmChartNeedsAVersionOfKubernetes(t *testing.T) {
	w := empty(t)
	_, err := w.Init(t.Context(), setup.InitRequest{
		Name: "guestbook", Engine: "kustomize", Output: "source", BaseDomain: "staging.acme.io",
		Template: base(t, "chart.txtar"), TemplatePath: "chart", By: ada,
	})
	if staging.CodeOf(err) != staging.CodeInvalid || !strings.Contains(staging.HintOf(err), "--kube-version 1.31") {
		t.Errorf("got %v", err)
	}
}
