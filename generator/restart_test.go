package generator_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// podLabels returns the restart labels of a staging's pod templates, and every object
// without them.
func podLabels(t *testing.T, w *fixture, name string) (labels, rest map[string]string) {
	t.Helper()
	objects, err := w.Manifests(t.Context(), name, "")
	if err != nil {
		t.Fatal(err)
	}
	labels, rest = map[string]string{}, map[string]string{}
	for _, o := range objects {
		var parsed struct {
			Spec struct {
				Template struct {
					Metadata struct{ Labels map[string]string }
				}
			}
		}
		if err := json.Unmarshal(o.JSON, &parsed); err != nil {
			t.Fatal(err)
		}
		if value, there := parsed.Spec.Template.Metadata.Labels[project.LabelRestarts]; there {
			labels[o.Kind+"/"+o.Name] = value
		}
		text := string(o.JSON)
		for _, count := range []string{"1", "2"} {
			text = strings.ReplaceAll(text, `"octopod.dev/restarts":"`+count+`",`, "")
		}
		rest[o.String()] = text
	}
	return labels, rest
}

// A restart replaces every pod and changes nothing else.
func TestARestartIsOneLabelOfEveryPod(t *testing.T) {
	restart := staging.Action{Verb: staging.Restart, Name: "login"}
	eachEngine(t, func(t *testing.T, w *fixture) {
		w.do(login("1f2e3d4"))
		none, before := podLabels(t, w, "login")
		if len(none) > 0 {
			t.Fatalf("labels before any restart: %v", none)
		}
		for _, count := range []string{"1", "2"} {
			if r := w.do(restart); !r.Changed {
				t.Fatal("a restart changes nothing")
			}
			labels, after := podLabels(t, w, "login")
			want := map[string]string{"Deployment/backend": count, "Deployment/frontend": count, "StatefulSet/postgres": count}
			if !maps.Equal(labels, want) {
				t.Errorf("labels %v, want %v", labels, want)
			}
			if !maps.Equal(before, after) {
				for _, name := range slices.Sorted(maps.Keys(after)) {
					if before[name] != after[name] {
						t.Errorf("%s changed:\n%s\n%s", name, before[name], after[name])
					}
				}
			}
		}
		w.do(login("2a3b4c5"))
		if labels, _ := podLabels(t, w, "login"); labels["Deployment/backend"] != "2" {
			t.Errorf("a deploy restarts what it does not change: %v", labels)
		}
	})
}

func TestWhatDoesNotRunIsNotRestarted(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("1f2e3d4"))
	w.do(staging.Action{Verb: staging.Archive, Name: "login"})
	if err := w.refused(staging.Action{Verb: staging.Restart, Name: "login"}); staging.CodeOf(err) != staging.CodeConflict ||
		!strings.Contains(staging.HintOf(err), "octopod restore login") {
		t.Errorf("%v (%s)", err, staging.HintOf(err))
	}
	if err := w.refused(staging.Action{Verb: staging.Restart, Name: "nobody"}); staging.CodeOf(err) != staging.CodeNotFound {
		t.Error(err)
	}
}

// With a jsonnet library older than this verb, a restart would be a commit without effect.
func TestARestartWithoutEffectIsRefused(t *testing.T) {
	w := shop(t, project.EngineJsonnet, project.OutputSource)
	w.do(login("1f2e3d4"))
	const library = "jsonnet/octopod.libsonnet"
	old := strings.ReplaceAll(string(w.read(library)), "labelled + restarted", "labelled")
	w.write(staging.File{Path: library, Data: []byte(old)})
	err := w.refused(staging.Action{Verb: staging.Restart, Name: "login"})
	if staging.CodeOf(err) != staging.CodeInvalid || !strings.Contains(err.Error(), "nothing of staging \"login\" would restart") ||
		!strings.Contains(staging.HintOf(err), "octopod.libsonnet") {
		t.Errorf("%v (%s)", err, staging.HintOf(err))
	}
}
