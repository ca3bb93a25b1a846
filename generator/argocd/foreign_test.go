package argocd_test

import (
	"fmt"
	"testing"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"octopod/generator/argocd"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// Octopod's ApplicationSet takes over an Application that has the name of a staging, and
// an AppProject with overlapping namespaces may deploy into those of a staging.
func TestForeignNamesWhatIsThereAlready(t *testing.T) {
	f := newFake(t)
	application := func(name string, change func(*v1alpha1.Application)) {
		f.put(name, func(a *v1alpha1.Application) {
			a.Namespace, a.Labels, a.Spec.Project = "argocd", nil, "default"
			change(a)
		})
	}
	application("shop-prod", func(*v1alpha1.Application) {})
	application("web", func(a *v1alpha1.Application) { a.Spec.Destination.Namespace = "shop-qa" })
	application("billing", func(a *v1alpha1.Application) { a.Spec.Destination.Namespace = "billing" })
	application("elsewhere", func(a *v1alpha1.Application) {
		a.Spec.Destination.Namespace, a.Spec.Destination.Server = "shop-qa", "https://other.example.com"
	})
	application("shop-reserved", func(*v1alpha1.Application) {})
	f.put("shop-login", func(*v1alpha1.Application) {}) // a staging of the project
	appProject := func(name, namespace string) v1alpha1.AppProject {
		return v1alpha1.AppProject{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{project.LabelProject: name}},
			Spec: v1alpha1.AppProjectSpec{Destinations: []v1alpha1.ApplicationDestination{{Namespace: namespace}}}}
	}
	f.with(func(f *fakeArgo) {
		f.projects = []v1alpha1.AppProject{appProject("default", "*"), appProject("shop", "shop-*"), appProject("shop-api", "shop-api-*"), appProject("acme", "acme-*")}
	})
	p := shop(t, func(p *project.Project) { p.Spec.Naming.Reserved = []string{"reserved"} })
	found, err := f.client(t, func(*argocd.Options) {}).Foreign(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, one := range found {
		got = append(got, fmt.Sprintf("%s: %s (%s)", one.Object, one.Conflict, one.Staging))
	}
	want := []string{
		"AppProject shop-api: its namespaces shop-api-* overlap with shop-* of this project ()",
		"Application shop-prod: a staging prod would take it over (prod)",
		"Application web: it deploys to namespace shop-qa, which staging qa would share (qa)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Applying the project's manifests would replace an AppProject or ApplicationSet of
// somebody else with the name of the project, in Argo CD and in the files of the env repo.
func TestForeignNamesWhatWouldBeReplaced(t *testing.T) {
	f := newFake(t)
	p := shop(t, func(*project.Project) {})
	f.with(func(f *fakeArgo) {
		f.projects = []v1alpha1.AppProject{{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}}
		f.set = &v1alpha1.ApplicationSet{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}
	})
	found, err := f.client(t, func(*argocd.Options) {}).Foreign(t.Context(), p)
	if err != nil || len(found) != 2 || !found[0].Replaced || !found[1].Replaced {
		t.Errorf("in Argo CD: %+v, %v", found, err)
	}
	own, err := argocd.Manifests(p)
	if err != nil {
		t.Fatal(err)
	}
	files := append(own, staging.File{Path: "argocd/theirs.yaml", Data: []byte(theirManifests)})
	var got []string
	for _, one := range argocd.ForeignIn(p, files) {
		got = append(got, fmt.Sprintf("%s: %s (%s) %t", one, one.Conflict, one.Staging, one.Replaced))
	}
	want := []string{
		"AppProject shop is in argocd/theirs.yaml: Octopod's AppProject would replace it () true",
		"Application shop-prod is in argocd/theirs.yaml: a staging prod would take it over (prod) false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("in files (-want +got):\n%s", diff)
	}
}

const theirManifests = `# ours
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: shop}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop-prod, namespace: argocd}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop-qa, namespace: another-argocd}
---
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: shop}
---
{{ not: YAML
`
