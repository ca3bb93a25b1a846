package generator_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/argocd"
	"octopod/generator/doctor"
	"octopod/generator/gitstore"
	"octopod/generator/project"
	"octopod/generator/setup"
	"octopod/generator/staging"
)

// shopRequest is the request of init for the sample project.
func shopRequest() setup.InitRequest {
	return setup.InitRequest{
		Name: "shop", Engine: project.EngineKustomize, Output: project.OutputSource, BaseDomain: "staging.example.com",
		RepoURL: "https://git.example.com/acme/shop-stagings.git", By: ada,
	}
}

// A directory that somebody else wrote must not become an Application of Octopod: Argo CD
// would prune it, and delete it with the ApplicationSet.
func TestInitExcludesDirectoriesThatOctopodDidNotWrite(t *testing.T) {
	w := empty(t)
	w.write(
		staging.File{Path: "envs/prod/kustomization.yaml", Data: []byte("resources: []\n")},
		staging.File{Path: "envs/qa[1]/staging.yaml", Data: []byte("kind: Rollout\n")},
	)
	r, err := w.Init(t.Context(), shopRequest())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"prod", "qa[1]"}, r.Project.Spec.ArgoCD.Exclude); diff != "" {
		t.Errorf("spec.argocd.exclude (-want +got):\n%s", diff)
	}
	if !slices.ContainsFunc(r.Notes, func(note string) bool { return strings.Contains(note, "envs/prod") }) {
		t.Errorf("no note names envs/prod: %q", r.Notes)
	}
	set := string(w.read(argocd.ApplicationSetPath))
	for _, want := range []string{"- exclude: true\n        path: envs/prod\n", `path: envs/qa\[1]` + "\n"} {
		if !strings.Contains(set, want) {
			t.Errorf("the ApplicationSet has no %q:\n%s", want, set)
		}
	}
	if problems, err := w.Lint(t.Context(), nil); err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
	w.do(staging.Action{Verb: staging.Deploy, Branch: "prod"})
	if names, _ := w.tip().Names(); len(names) != 3 || !strings.HasPrefix(names[1], "prod-") || len(w.files("prod")) != 1 {
		t.Errorf("branch prod has another name than envs/prod: %v, %v", names, w.files("prod"))
	}
	w.refused(staging.Action{Verb: staging.Create, Branch: "other", Name: "prod"})
}

// init takes no name of an Application that exists, in a file or in Argo CD, and does not
// start where kubectl apply would replace an AppProject or ApplicationSet of somebody else.
func TestInitTakesNoNameOfOthers(t *testing.T) {
	manifest := func(kind, name string) staging.File {
		return staging.File{Path: "deploy/" + name + ".yml", Data: []byte("apiVersion: argoproj.io/v1alpha1\nkind: " + kind + "\nmetadata: {name: " + name + "}\n")}
	}
	w := empty(t)
	w.write(manifest("Application", "shop-prod"), manifest("Application", "billing"))
	r := shopRequest()
	r.Foreign = func(context.Context, *project.Project) ([]argocd.Foreign, error) {
		return []argocd.Foreign{{Object: "Application shop-uat", Staging: "uat"}}, nil
	}
	result, err := w.Init(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"prod", "uat"}, result.Project.Spec.ArgoCD.Exclude); diff != "" {
		t.Errorf("spec.argocd.exclude (-want +got):\n%s", diff)
	}
	for _, want := range []string{"Application shop-prod is in deploy/shop-prod.yml", "Application shop-uat exists"} {
		if !slices.ContainsFunc(result.Notes, func(note string) bool { return strings.Contains(note, want) }) {
			t.Errorf("no note has %q: %q", want, result.Notes)
		}
	}
	if problems, err := w.Lint(t.Context(), nil); err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}

	for _, kind := range []string{"AppProject", "ApplicationSet"} {
		w := empty(t)
		w.write(manifest(kind, "shop"))
		before := w.tip().Revision()
		if _, err := w.Init(t.Context(), shopRequest()); staging.CodeOf(err) != staging.CodeExists || !strings.Contains(err.Error(), kind+" shop") || w.tip().Revision() != before {
			t.Errorf("%s of somebody else: %v", kind, err)
		}
	}
}

// The search for manifests of others reads no directory of a staging.
func TestForeignManifestsAreOutsideStagings(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("v1"))
	argo := []byte("apiVersion: argoproj.io/v1alpha1\n")
	for _, name := range []string{"envs/login/extra.yaml", "envs/prod/app.yaml", "deploy/a/app.yml", "deploy/README.md", "app.yaml"} {
		w.write(staging.File{Path: name, Data: argo})
	}
	w.write(staging.File{Path: "web.yaml", Data: []byte("kind: Deployment\n")})
	files, err := w.tip().ForeignManifests(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		names = append(names, file.Path)
	}
	want := []string{"app.yaml", argocd.AppProjectPath, argocd.ApplicationSetPath, "deploy/a/app.yml", "envs/prod/app.yaml"}
	slices.Sort(names)
	slices.Sort(want)
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestInitChangesNoFileThatExists(t *testing.T) {
	w := empty(t)
	w.write(
		staging.File{Path: argocd.ApplicationSetPath, Data: []byte("mine\n")},
		staging.File{Path: "templates/shop/backend.yaml", Data: []byte("mine\n")},
		staging.File{Path: "templates/components", Data: []byte("a file\n")},
		staging.File{Path: "README.md", Data: []byte("mine\n")},
	)
	before := w.tip().Revision()
	_, err := w.Init(t.Context(), shopRequest())
	if staging.CodeOf(err) != staging.CodeExists {
		t.Fatalf("got %v", err)
	}
	for _, name := range []string{argocd.ApplicationSetPath, "templates/shop/backend.yaml", "templates/components"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
	if strings.Contains(err.Error(), "README.md") || w.tip().Revision() != before {
		t.Errorf("%v, at %s after %s", err, w.tip().Revision(), before)
	}

	again := shop(t, project.EngineKustomize, project.OutputSource)
	files, err := again.tip().FilesUnder("templates")
	if err != nil {
		t.Fatal(err)
	}
	same := empty(t)
	for _, name := range files {
		same.write(staging.File{Path: name, Data: again.read(name)})
	}
	if _, err := same.Init(t.Context(), shopRequest()); err != nil {
		t.Errorf("files with the same content: %v", err)
	}
}

// A directory that appears later is reported; excluding it is the team's decision, because
// Argo CD then deletes the Application.
func TestLintReportsDirectoriesWithoutARecord(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("v1"))
	w.write(staging.File{Path: "envs/prod/kustomization.yaml", Data: []byte("resources: []\n")})
	set := w.read(argocd.ApplicationSetPath)
	if _, err := w.Fix(t.Context(), ada, false); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(set), string(w.read(argocd.ApplicationSetPath))); diff != "" {
		t.Errorf("lint --fix excluded a directory, and so deletes its Application:\n%s", diff)
	}
	found := func(file, text string) bool {
		problems, err := w.Lint(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(problems, func(p staging.Problem) bool { return p.File == file && strings.Contains(p.String(), text) })
	}
	if !found("envs/prod", "Application shop-prod") {
		t.Error("lint does not report envs/prod")
	}
	w.write(staging.File{Path: "argocd/qa.yaml", Data: []byte("apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop-qa}\n")})
	if !found("argocd/qa.yaml", "a staging qa would take it over: add qa to spec.argocd.exclude") {
		t.Error("lint does not report Application shop-qa")
	}
	w.write(staging.File{Path: project.File, Data: withLine(w, "  argocd:", "    exclude: [prod, login]")})
	if _, err := w.Fix(t.Context(), ada, false); err != nil {
		t.Fatal(err)
	}
	if found("envs/prod", "") || !found(project.File, "login is a staging") {
		t.Error("lint reports envs/prod, or not the excluded staging login")
	}
	if views, err := w.Find(t.Context(), staging.Query{All: true}); err != nil || len(views) != 0 {
		t.Errorf("excluded directories are stagings: %v, %v", views, err)
	}
}

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, image: "registry.example.com/api:1"}]}
`

// Argo CD must sync the branch that Octopod writes.
func TestArgoCDSyncsTheBranchThatOctopodWrites(t *testing.T) {
	for _, template := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "env.git")
		if err := gitstore.InitBare(t.Context(), path, "trunk"); err != nil {
			t.Fatal(err)
		}
		w := joinBranch(t, path, "trunk", newRenderer(t))
		r := shopRequest()
		if template {
			r.Template = fstest.MapFS{"all.yaml": {Data: []byte(deployment)}}
			r.TemplatePath = "base"
		}
		if _, err := w.Init(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if set := string(w.read(argocd.ApplicationSetPath)); strings.Count(set, "refs/heads/trunk") != 2 {
			t.Errorf("the ApplicationSet does not sync trunk:\n%s", set)
		}
		if found := find(t, w.Stagings, "branch of the env repo"); len(found) != 0 {
			t.Errorf("doctor: %+v", found)
		}
		w.write(staging.File{Path: project.File, Data: replaceOnce(t, w.read(project.File), "branch: trunk", "branch: main")})
		if found := find(t, w.Stagings, "branch of the env repo"); len(found) != 1 || found[0].Health != doctor.Fault || !strings.Contains(found[0].Fix, "--ref main") {
			t.Errorf("doctor: %+v", found)
		}
		problems, err := w.Lint(t.Context(), nil)
		if err != nil || !slices.ContainsFunc(problems, func(p staging.Problem) bool { return p.Field == "spec.argocd.branch" }) {
			t.Errorf("lint: %v, %v", problems, err)
		}
	}
}
