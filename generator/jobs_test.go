package generator_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/setup"
	"octopod/generator/staging"
)

// jobNames returns the names of the committed Jobs of a staging.
func jobNames(t *testing.T, w *fixture, name string) []string {
	t.Helper()
	objects, err := w.Manifests(t.Context(), name, "")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range objects {
		if o.Kind == "Job" {
			names = append(names, o.Name)
		}
	}
	return names
}

// Kubernetes refuses a change of a Job: each version has a Job of its own name. A Job that
// did not change keeps its name, and does not run again. An archived staging has no Job.
func TestAJobOfAnAdoptedBaseDeploysTwice(t *testing.T) {
	for _, output := range []project.Output{project.OutputSource, project.OutputRendered} {
		w, _ := adopted(t, "jobs.txtar", func(r *setup.InitRequest) { r.Output = output })
		deploy := func(tag string) []string {
			w.do(staging.Action{Verb: staging.Deploy, Name: "login", Branch: "login", Images: map[string]staging.Build{"web": {Image: "ghcr.io/acme/web:" + tag}}})
			return jobNames(t, w, "login")
		}
		first, second := deploy("2"), deploy("3")
		if len(first) != 3 || len(second) != 3 || first[2] != "warn" {
			t.Fatalf("%s: Jobs %v, then %v", output, first, second)
		}
		if first[0] == second[0] || !strings.HasPrefix(second[0], "migrate-") {
			t.Errorf("%s: the migration of another version is the same Job: %v", output, second)
		}
		if first[1] != second[1] || !strings.HasPrefix(second[1], "seed-") {
			t.Errorf("%s: the seed did not change, but is another Job: %v, then %v", output, first, second)
		}
		if again := deploy("3"); !slices.Equal(again, second) {
			t.Errorf("%s: the same deploy has other Jobs: %v, then %v", output, second, again)
		}
		w.do(staging.Action{Verb: staging.Archive, Name: "login"})
		if left := jobNames(t, w, "login"); len(left) != 0 {
			t.Errorf("%s: an archived staging has Jobs: %v", output, left)
		}
		w.do(staging.Action{Verb: staging.Restore, Name: "login"})
		if back := jobNames(t, w, "login"); !slices.Equal(back, second) {
			t.Errorf("%s: restored with other Jobs: %v, then %v", output, second, back)
		}
	}
}

// init assigns a Job the settings of its service. Their ConfigMap comes before the Job; a
// hook that runs before every ConfigMap gets none.
func TestSettingsComeBeforeTheJobsOfABase(t *testing.T) {
	w, result := adopted(t, "jobs.txtar", nil)
	if notes := strings.Join(result.Notes, "\n"); !strings.Contains(notes, "warn runs before the sync") || len(result.Findings) > 0 {
		t.Errorf("notes:\n%s\nfindings: %v", notes, result.Findings)
	}
	w.do(staging.Action{Verb: staging.Deploy, Name: "login", Branch: "login", Images: map[string]staging.Build{"web": {Image: "ghcr.io/acme/web:2"}}})
	objects, _ := w.Manifests(t.Context(), "login", "")
	waves := map[string]string{}
	for _, o := range objects {
		var m struct {
			Metadata struct{ Annotations map[string]string }
		}
		if err := json.Unmarshal(o.JSON, &m); err != nil {
			t.Fatal(err)
		}
		waves[o.Kind+"/"+staging.StableName(o.Kind, o.Name)] = m.Metadata.Annotations["argocd.argoproj.io/sync-wave"]
	}
	for _, object := range []string{"Namespace/guestbook-login", "ConfigMap/octopod", "ConfigMap/app-config"} {
		if waves[object] != "-2" {
			t.Errorf("%s is in wave %q", object, waves[object])
		}
	}
	if !strings.Contains(objectJSON(objects, "Job/migrate"), "app-config-") {
		t.Errorf("the migration has no settings: %s", objectJSON(objects, "Job/migrate"))
	}
	if strings.Contains(objectJSON(objects, "Job/warn"), "app-config") {
		t.Errorf("the hook waits for settings: %s", objectJSON(objects, "Job/warn"))
	}
}

// A teardown runs its own Jobs, and those of the template that it changes. The others would
// run without the rest of the staging, and fail, and the teardown with them.
func TestATeardownRunsNoOtherJob(t *testing.T) {
	w, _ := adopted(t, "jobs.txtar", nil)
	w.write(staging.File{Path: "templates/components/teardown/kustomization.yaml",
		Data: []byte("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [job.yaml]\n" +
			"patches: [{target: {kind: Job, name: seed}, patch: '[{\"op\": \"add\", \"path\": \"/spec/backoffLimit\", \"value\": 0}]'}]\n")},
		staging.File{Path: "templates/components/teardown/job.yaml", Data: []byte(teardownJob)},
		staging.File{Path: project.File, Data: []byte(string(w.read(project.File)) + "  lifecycle: {teardown: templates/components/teardown}\n")})
	w.do(staging.Action{Verb: staging.Deploy, Name: "login", Branch: "login", Images: map[string]staging.Build{"web": {Image: "ghcr.io/acme/web:2"}}})
	w.do(staging.Action{Verb: staging.Archive, Name: "login"})
	w.do(staging.Action{Verb: staging.Delete, Name: "login"})
	var left []string
	for _, name := range jobNames(t, w, "login") {
		left = append(left, staging.StableName("Job", name))
	}
	if got := strings.Join(left, " "); got != "drop-bucket seed" {
		t.Errorf("the teardown runs %s", got)
	}
}

// lint and init compare two deploys: they name each field that Kubernetes does not let
// change, and that an image or a parameter changes.
func TestLintComparesTwoDeploys(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.write(staging.File{Path: project.File, Data: replaceOnce(t, w.read(project.File), "  parameters:\n",
		"  parameters:\n    data.size:\n      scope: deployment\n      default: 1Gi\n      pattern: \"[0-9]Gi\"\n      help: Size of the database.\n      group: Size\n"+
			"      to:\n        patch: {kind: StatefulSet, name: postgres, pointer: /spec/volumeClaimTemplates/0/spec/resources/requests/storage}\n")})
	problems, err := w.Lint(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, p := range problems {
		if p.Rule == "immutable" && p.Object == "StatefulSet/postgres" && p.Field == "spec.volumeClaimTemplates" && strings.Contains(p.Message, "(data.size=") {
			found++
		}
	}
	if found != 1 || len(problems) != 1 {
		t.Errorf("want one problem of the volume, got %v", problems)
	}
}

// A jsonnet file that does not use octopod.staging keeps the name of its Job.
func TestInitComparesTwoDeploys(t *testing.T) {
	w := shop(t, project.EngineJsonnet, project.OutputSource)
	w.write(staging.File{Path: "jsonnet/shop.libsonnet", Data: replaceOnce(t, w.read("jsonnet/shop.libsonnet"), "  octopod.staging(params, [",
		"  [{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'migrate', namespace: params.namespace },\n"+
			"     spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: services.backend.image }] } } } }] +\n  octopod.staging(params, [")})
	problems, err := w.CheckTemplate(t.Context(), mustProject(t, w), w.tip())
	if err != nil || len(problems) != 1 || problems[0].Rule != "immutable" || problems[0].Object != "Job/migrate" {
		t.Errorf("want one problem of the Job, got %v, %v", problems, err)
	}
}

func mustProject(t *testing.T, w *fixture) *project.Project {
	t.Helper()
	p, err := w.tip().Project()
	if err != nil {
		t.Fatal(err)
	}
	return p
}
