package generator_test

import (
	"bytes"
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// A staging gets the quota of its size, and the defaults that the quota needs, in both
// engines.
func TestAStagingHasASize(t *testing.T) {
	const sizes = `  sizes:
    - {name: small, quota: {requests.cpu: "1", requests.memory: 2Gi}}
    - {name: large, help: For load tests., quota: {requests.cpu: "4", requests.memory: 8Gi, limits.cpu: "8"}}
`
	for _, engine := range []project.Engine{project.EngineKustomize, project.EngineJsonnet} {
		w := shop(t, engine, project.OutputSource)
		w.write(staging.File{Path: project.File, Data: append(bytes.Clone(w.read(project.File)), sizes...)})
		w.do(staging.Action{Verb: staging.Deploy, Name: "login", Branch: "feature/login"})
		if quota, limits := w.object("ResourceQuota"), w.object("LimitRange"); !strings.Contains(quota, `"requests.cpu":"1"`) || strings.Contains(limits, `"default":`) {
			t.Errorf("%s: a small one has %s %s", engine, quota, limits)
		}
		w.do(staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"size": "large"}})
		if quota, limits := w.object("ResourceQuota"), w.object("LimitRange"); !strings.Contains(quota, `"limits.cpu":"8"`) || !strings.Contains(limits, `"default":{"cpu"`) {
			t.Errorf("%s: a large one has %s %s", engine, quota, limits)
		}
		w.refused(staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"size": "huge"}})
	}
}

// object returns the JSON of the only object of a kind of the staging login; "" for none.
func (w *fixture) object(kind string) string {
	w.t.Helper()
	objects, err := w.Manifests(w.t.Context(), "login", "")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, o := range objects {
		if o.Kind == kind {
			return string(o.JSON)
		}
	}
	return ""
}
