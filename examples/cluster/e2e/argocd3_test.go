//go:build cluster

package e2e_test

import (
	"testing"

	"octopod/examples/cluster"
)

// The life of a staging on Argo CD 3: created, changed, broken with a cause that only events
// have, repaired, archived, deleted. `make e2e ARGOCD=v3` runs every case on it.
func TestE2EArgoCD3(t *testing.T) {
	if version() == cluster.V3 {
		t.Skip("every case runs on it")
	}
	s := newShopOn(t, startAnother(t, "argocd3", cluster.Options{ArgoCD: cluster.V3}), "three")
	s.deploy("login", "v1", "--wait", "--timeout", patience.String())
	s.runs("login", "v1")
	s.deploy("login", "v2")
	s.runs("login", "v2")
	s.deploy("login", "unready-3")
	s.hasReason("login", "Readiness probe failed: HTTP probe failed with statuscode: 503")
	s.deploy("login", "v4", "--wait", "--timeout", patience.String())
	s.hasImage("login", "v4")
	if r := s.try("doctor"); r.code != 0 {
		t.Errorf("doctor: %s", r)
	}
	s.octopod("archive", "login", "--wait", "--timeout", patience.String())
	s.octopod("delete", "login", "--yes")
	s.waits("login", "deleted")
	if left := s.left("login"); left != "" {
		t.Errorf("left: %s", left)
	}
}
