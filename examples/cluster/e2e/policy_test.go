//go:build cluster

package e2e_test

import (
	"strings"
	"testing"

	"octopod/generator/argocd"
	"octopod/generator/staging"
)

// Octopod's account in the cluster has exactly the documented policy. All other
// cases use the account, which shows that the policy is sufficient; this case
// shows that it grants nothing more.
func TestE2ELeastPolicy(t *testing.T) {
	t.Parallel()
	s := newShop(t, "policy")
	s.deploy("login", "v1")
	s.runs("login", "v1")
	client := s.client(s.project)
	if missing, err := client.MissingPermissions(t.Context()); err != nil || len(missing) > 0 {
		t.Errorf("missing: %v, %v", missing, err)
	}
	if err := client.Terminate(t.Context(), s.namespace("login")); staging.CodeOf(err) != staging.CodeForbidden {
		t.Errorf("ending a sync: %v", err)
	}
	_, err := s.client("default").Applications(t.Context())
	if staging.CodeOf(err) != staging.CodeForbidden || !strings.Contains(staging.HintOf(err), "default/*") {
		t.Errorf("another project: %v", err)
	}
}

// client connects like Octopod.
func (s *shop) client(project string) *argocd.Client {
	s.t.Helper()
	client, err := argocd.Connect(argocd.Options{Server: world.ArgoCD(), Token: world.Token, PlainText: true, Project: project})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = client.Close() })
	return client
}
