//go:build cluster

package e2e_test

import (
	"strings"
	"testing"

	"octopod/examples/cluster"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// While Argo CD is down, commits land and the status is Unknown; when Argo CD
// is up again, the status recovers.
func TestE2EArgoCDStopped(t *testing.T) {
	s := newShop(t, "stopped")
	s.deploy("login", "v1")
	s.runs("login", "v1")
	parts := []cluster.Part{cluster.Server, cluster.AppSetController, cluster.AppController, cluster.RepoServer}
	s.down(parts...)

	s.deploy("login", "v2")
	s.deploy("search", "v1")
	for _, name := range []string{"login", "search"} {
		if status := s.status(name); status.Phase != staging.PhaseUnknown || !strings.Contains(status.Reason.String(), "since") {
			t.Errorf("%s: %s", name, say(status))
		}
	}
	if !strings.Contains(string(s.file("envs/login/staging.yaml")), image("v2")) {
		t.Error("the commit did not land")
	}
	if r := s.try("wait", "login", "--for", "running", "--timeout", "3s"); r.code != 8 {
		t.Errorf("wait without Argo CD: %s", r)
	}

	s.up(cluster.RepoServer, cluster.AppController, cluster.Server, cluster.AppSetController)
	s.runs("login", "v2")
	s.runs("search", "v1")
}

// Argo CD answers but cannot read the env repo: the staging is not Running, and
// not Failed.
func TestE2ERepoServerDown(t *testing.T) {
	s := newShop(t, "repo")
	s.deploy("login", "v1")
	s.runs("login", "v1")
	s.down(cluster.RepoServer)
	s.deploy("login", "v2")
	s.reaches("login", staging.PhaseUnknown, staging.PhaseRunning, staging.PhaseFailed, staging.PhaseDegraded)
	s.up(cluster.RepoServer)
	s.runs("login", "v2")
}

// Without permissions in Argo CD, Octopod reports the error with a fix; commits
// still land.
func TestE2ETokens(t *testing.T) {
	t.Parallel()
	s := newShop(t, "tokens")
	s.deploy("login", "v1")
	s.runs("login", "v1")
	brief, err := world.NewToken(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for what, tt := range map[string]struct{ token, says string }{
		"wrong": {"nonsense", "does not accept the token"}, "expired": {brief, "does not accept the token"}, "missing": {"", "no token"},
	} {
		other := s.with("ARGOCD_AUTH_TOKEN=" + tt.token)
		testenv.Eventually(other.t, "a token that is "+what+" is refused", func() (string, bool) {
			status := other.status("login")
			return say(status), status.Phase == staging.PhaseUnknown && strings.Contains(status.Detail, tt.says)
		})
		if r := other.try("wait", "login", "--timeout", "1m"); r.code != 7 || !strings.Contains(r.stderr, tt.says) {
			t.Errorf("wait with a token that is %s: %s", what, r)
		}
	}
	s.with("ARGOCD_AUTH_TOKEN=nonsense").deploy("login", "v2")
	s.reaches("login", staging.PhaseUpdating)
}
