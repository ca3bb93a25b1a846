package argocd_test

import (
	"fmt"
	"testing"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"octopod/generator/argocd"
	"octopod/generator/project"
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
		return v1alpha1.AppProject{ObjectMeta: metav1.ObjectMeta{Name: name},
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
