package argocd_test

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"octopod/generator/argocd"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// manifests returns the manifests of a project by their path.
func manifests(t *testing.T, p *project.Project) map[string]string {
	t.Helper()
	files, err := argocd.Manifests(p)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, f := range files {
		texts[f.Path] = string(f.Data)
	}
	return texts
}

// Argo CD finds a cluster by its address or by its name, each in its own field.
func TestDestinationByName(t *testing.T) {
	p := shop(t, func(p *project.Project) { p.Spec.ArgoCD.Destination = "staging-cluster" })
	for path, text := range manifests(t, p) {
		if !strings.Contains(text, "name: staging-cluster") || strings.Contains(text, "server:") {
			t.Errorf("%s:\n%s", path, text)
		}
	}
	const app = `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: theirs}
spec: {destination: {namespace: shop-login, name: %s}}
`
	for name, meets := range map[string]bool{"staging-cluster": true, "another": false} {
		file := staging.File{Path: "a.yaml", Data: []byte(strings.Replace(app, "%s", name, 1))}
		if found := argocd.ForeignIn(p, []staging.File{file}); len(found) > 0 != meets {
			t.Errorf("an Application in cluster %s: %v", name, found)
		}
	}
}

// Argo CD reads the AppProject in its own namespace, wherever the Applications are.
func TestApplicationsInAnotherNamespace(t *testing.T) {
	p := shop(t, func(p *project.Project) {
		p.Spec.ArgoCD.Namespace, p.Spec.ArgoCD.ApplicationNamespace = "argocd", "team-a"
	})
	texts := manifests(t, p)
	if text := texts[argocd.AppProjectPath]; !strings.Contains(text, "\n  namespace: argocd\n") || !strings.Contains(text, "sourceNamespaces:\n  - team-a\n") {
		t.Errorf("AppProject:\n%s", text)
	}
	if text := texts[argocd.ApplicationSetPath]; !strings.Contains(text, "\n  namespace: team-a\n") || !strings.Contains(text, "kubectl apply -f") {
		t.Errorf("ApplicationSet:\n%s", text)
	}
	if text := manifests(t, shop(t, func(*project.Project) {}))[argocd.AppProjectPath]; strings.Contains(text, "sourceNamespaces") {
		t.Errorf("in one namespace:\n%s", text)
	}
}

// Argo CD 2 looks for an existing ApplicationSet in its own namespace alone, so its error
// says nothing that helps.
func TestRefreshOfAForeignApplicationSet(t *testing.T) {
	f := newFake(t)
	f.with(func(f *fakeArgo) {
		f.upsertFault = status.Error(codes.Internal, `unable to check existing ApplicationSet details: applicationsets.argoproj.io "shop" not found`)
	})
	p := shop(t, func(p *project.Project) { p.Spec.ArgoCD.ApplicationNamespace = "team-a" })
	_, err := f.client(t, func(o *argocd.Options) { o.Namespace = "team-a" }).UpsertApplicationSet(t.Context(), p)
	if err == nil || !strings.Contains(err.Error(), "before version 3, only in its own namespace") || !strings.Contains(staging.HintOf(err), "webhook") {
		t.Errorf("%v (%s)", err, staging.HintOf(err))
	}
}
