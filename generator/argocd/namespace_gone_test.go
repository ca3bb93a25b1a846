package argocd_test

import (
	"testing"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"

	"octopod/generator/argocd"
)

// A namespace that somebody deleted is no fault of the commit.
func TestASyncIntoADeletedNamespace(t *testing.T) {
	f := newFake(t)
	for message, want := range map[string]bool{
		`services "web" is forbidden: unable to create new content in namespace shop-login because it is being terminated`: true,
		`namespaces "shop-login" not found`: true,
		`configmaps "x" not found`:          false,
	} {
		f.put("login", func(app *v1alpha1.Application) {
			app.Status.OperationState = &v1alpha1.OperationState{Phase: "Failed", SyncResult: &v1alpha1.SyncOperationResult{
				Resources: v1alpha1.ResourceResults{{Kind: "Service", Name: "web", Status: "SyncFailed", Message: message}},
			}}
		})
		app, err := f.client(t, func(*argocd.Options) {}).Application(t.Context(), "login")
		if err != nil || app.Operation.NamespaceGone != want {
			t.Errorf("%s: %+v, %v", message, app.Operation, err)
		}
	}
}
