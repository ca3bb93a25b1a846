package project_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/staging"
)

// One value goes to the settings of the application under two names, to a field, and to the
// replicas of two workloads.
func TestAValueGoesToSeveralTargets(t *testing.T) {
	p := parse(t, withParameters(`
    REGION: {default: eu, also: [{env: AWS_REGION}, {patch: {kind: Deployment, name: backend, pointer: /metadata/labels/region}}]}
    copies: {scope: deployment, type: integer, default: 2, to: {replicas: web}, also: [{replicas: worker}]}
`))
	s := deployed(t, p, func(a *staging.Action) { a.Set = map[string]string{"REGION": "us"} })
	params, err := p.Params(s)
	if err != nil {
		t.Fatal(err)
	}
	if params.App["REGION"] != "us" || params.App["AWS_REGION"] != "us" {
		t.Errorf("settings: %v", params.App)
	}
	if diff := cmp.Diff([]staging.Replicas{{Workload: "web", Count: 2}, {Workload: "worker", Count: 2}}, params.Kustomize.Replicas); diff != "" {
		t.Errorf("replicas (-want +got):\n%s", diff)
	}
	want := []staging.Patch{{Kind: "Deployment", Name: "backend", Op: "add", Pointer: "/metadata/labels/region", Value: "us"}}
	if diff := cmp.Diff(want, params.Kustomize.Patches); diff != "" {
		t.Errorf("patches (-want +got):\n%s", diff)
	}
	if _, err := p.Apply(&s, staging.Action{Verb: staging.Set, Name: "login", Absent: []string{"REGION"}}, noon); err == nil {
		t.Error("a value that a field needs was removed")
	}
}

func TestWrongTargets(t *testing.T) {
	got := problemsIn(withParameters(`
    A: {also: [{}]}
    B: {also: [{env: X, replicas: web}]}
    C: {scope: deployment, to: {replicas: web}, type: integer, also: [{env: X}]}
    D: {also: [{replicas: web}]}
`))
	want := []string{
		"spec.parameters.A.also[0]: is empty: set one of env, image, replicas, component, patch, value",
		"spec.parameters.B.also[0]: has several targets: set one of env, image, replicas, component, patch, value, and write the others under also",
		"spec.parameters.C.also[0].env: requires scope app: the application does not read deployment settings",
		"spec.parameters.D.also[0].replicas: requires type integer",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}
