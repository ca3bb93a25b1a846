package argocd_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"sigs.k8s.io/yaml"

	"octopod/generator/argocd"
	"octopod/generator/project"
	"octopod/generator/staging"
)

var update = flag.Bool("update", false, "write the golden files anew")

func shop(t *testing.T, change func(*project.Project)) *project.Project {
	t.Helper()
	data, err := os.ReadFile("testdata/octopod.yaml")
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.Replace(data, []byte("engine: kustomize"), []byte("engine: "+engineOf(change)), 1)
	p, err := project.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	change(p)
	return p
}

// engineOf returns the engine that a change sets. It is needed before parsing, because
// the defaults of a project depend on it.
func engineOf(change func(*project.Project)) string {
	p := project.Project{}
	p.Spec.Engine = project.EngineKustomize
	change(&p)
	return string(p.Spec.Engine)
}

func TestManifestsGolden(t *testing.T) {
	for _, engine := range []project.Engine{project.EngineKustomize, project.EngineJsonnet} {
		for _, output := range []project.Output{project.OutputSource, project.OutputRendered} {
			name := string(engine) + "-" + string(output)
			t.Run(name, func(t *testing.T) {
				p := shop(t, func(p *project.Project) { p.Spec.Engine, p.Spec.Output = engine, output })
				files, err := argocd.Manifests(p)
				if err != nil {
					t.Fatal(err)
				}
				for _, file := range files {
					compareGolden(t, filepath.Join("testdata", name+"-"+filepath.Base(file.Path)), file.Data)
				}
			})
		}
	}
}

func compareGolden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (write it anew with -update):\n%s", path, got)
	}
}

// Argo CD's own types know every field: a misspelt one would be dropped in silence.
func TestManifestsAreArgoCDs(t *testing.T) {
	files, err := argocd.Manifests(shop(t, func(*project.Project) {}))
	if err != nil {
		t.Fatal(err)
	}
	for i, into := range []any{&v1alpha1.ApplicationSet{}, &v1alpha1.AppProject{}} {
		if err := yaml.UnmarshalStrict(files[i].Data, into); err != nil {
			t.Errorf("%s: %v", files[i].Path, err)
		}
	}
}

// A retry that applies the changed objects only skips a failed Job.
func TestApplyAllRetriesFailedJobs(t *testing.T) {
	for all, want := range map[bool]bool{false: true, true: false} {
		files, err := argocd.Manifests(shop(t, func(p *project.Project) { p.Spec.ArgoCD.ApplyAll = all }))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(files[0].Data), "ApplyOutOfSyncOnly"); got != want {
			t.Errorf("applyAll %v: ApplyOutOfSyncOnly %v", all, got)
		}
	}
}

func TestManifestsNeedARepoURL(t *testing.T) {
	_, err := argocd.Manifests(shop(t, func(p *project.Project) { p.Spec.ArgoCD.RepoURL = "" }))
	if staging.CodeOf(err) != staging.CodeInvalid || !strings.Contains(staging.HintOf(err), "spec.argocd.repoURL") {
		t.Errorf("got %v", err)
	}
}

func TestProjectWithoutPrefixKeepsOutOfTheCluster(t *testing.T) {
	files, err := argocd.Manifests(shop(t, func(p *project.Project) { p.Spec.Naming.Namespace = "{name}" }))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"namespace: '*'", "namespace: '!argocd'", "namespace: '!kube-*'", "namespace: '!default'"} {
		if !strings.Contains(string(files[1].Data), want) {
			t.Errorf("no %s in\n%s", want, files[1].Data)
		}
	}
}
