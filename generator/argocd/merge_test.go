package argocd_test

import (
	"testing"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"octopod/generator/argocd"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// installed returns the ApplicationSet of a project as kubectl applies it.
func installed(t *testing.T, p *project.Project) *v1alpha1.ApplicationSet {
	t.Helper()
	files, err := argocd.Manifests(p)
	if err != nil {
		t.Fatal(err)
	}
	set := &v1alpha1.ApplicationSet{}
	if err := yaml.Unmarshal(files[0].Data, set); err != nil {
		t.Fatal(err)
	}
	return set
}

// An upsert keeps the additions of a platform team to the ApplicationSet, and doctor
// reports no difference. The fields of Octopod follow octopod.yaml.
func TestUpsertKeepsWhatOthersAdded(t *testing.T) {
	f := newFake(t)
	client := f.client(t, func(*argocd.Options) {})
	live := installed(t, shop(t, func(p *project.Project) { p.Spec.Output = project.OutputRendered }))
	live.Annotations = map[string]string{"notifications.argoproj.io/subscribe.slack": "stagings"}
	live.Spec.SyncPolicy = &v1alpha1.ApplicationSetSyncPolicy{PreserveResourcesOnDeletion: true}
	template := &live.Spec.Template
	template.Annotations["notifications.argoproj.io/subscribe.on-degraded.slack"] = "stagings"
	template.Annotations["link.argocd.argoproj.io/removed"] = "https://removed.example.com"
	template.Labels["team"] = "platform"
	template.Finalizers = append(template.Finalizers, "example.com/bill")
	template.Spec.IgnoreDifferences = v1alpha1.IgnoreDifferences{{Kind: "Deployment", Group: "apps", JSONPointers: []string{"/spec/replicas"}}}
	template.Spec.SyncPolicy.SyncOptions = append(template.Spec.SyncPolicy.SyncOptions, "ServerSideApply=true", "FailOnSharedResource=false")
	f.with(func(f *fakeArgo) { f.set = live })

	p := shop(t, func(*project.Project) {})
	if _, err := client.UpsertApplicationSet(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	want := installed(t, p)
	want.Spec.SyncPolicy = live.Spec.SyncPolicy
	want.Spec.Template.Annotations["notifications.argoproj.io/subscribe.on-degraded.slack"] = "stagings"
	want.Spec.Template.Labels["team"] = "platform"
	want.Spec.Template.Finalizers = template.Finalizers
	want.Spec.Template.Spec.IgnoreDifferences = template.Spec.IgnoreDifferences
	options := &want.Spec.Template.Spec.SyncPolicy.SyncOptions
	*options = append(*options, "ServerSideApply=true")
	got := f.upserts[0].Applicationset
	text := func(spec any) string {
		data, err := yaml.Marshal(spec)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	if diff := cmp.Diff(text(want.Spec), text(got.Spec)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	f.with(func(f *fakeArgo) { f.set = got })
	found, err := client.Installed(t.Context(), p)
	if err != nil || found[1].Err != nil || !found[1].Equal {
		t.Errorf("doctor: %+v, %v", found, err)
	}
}

// An ApplicationSet of somebody else that has the name of the project is not replaced.
func TestUpsertLeavesTheApplicationSetOfOthers(t *testing.T) {
	f := newFake(t)
	client := f.client(t, func(*argocd.Options) {})
	p := shop(t, func(*project.Project) {})
	foreign := installed(t, p)
	foreign.Labels = nil
	f.with(func(f *fakeArgo) { f.set = foreign })
	if _, err := client.UpsertApplicationSet(t.Context(), p); staging.CodeOf(err) != staging.CodeExists || len(f.upserts) > 0 {
		t.Errorf("%v, and %d upserts", err, len(f.upserts))
	}
}
