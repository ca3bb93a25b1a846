//go:build cluster

package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"octopod/examples/cluster"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// configure changes spec.argocd of octopod.yaml, and applies what follows from it.
func (s *shop) configure(argocd string) {
	s.t.Helper()
	s.edit("octopod.yaml", "  argocd:\n", "  argocd:\n    "+argocd+"\n")
	s.octopod("lint", "--fix") // it commits too
	s.apply(argocdAPI+"appprojects/"+s.project, s.file("argocd/appproject.yaml"))
	s.apply(s.ownAPI()+"applicationsets/"+s.project, s.file("argocd/applicationset.yaml"))
}

// A destination is the name of a cluster. When Argo CD cannot reach that cluster any more,
// the staging is Unknown and not Running; doctor names the fault; it recovers.
func TestE2ELostCluster(t *testing.T) {
	t.Parallel()
	gate := farCluster(t, "e2e-far")
	s := newShop(t, "lost")
	s.configure("destination: e2e-far")
	s.deploy("login", "v1")
	s.runs("login", "v1")
	url := s.serve() + "/api/v1/projects/" + s.project + "/stagings/login"
	s.says(url, staging.PhaseRunning, "")
	const lost = "Argo CD cannot reach the cluster"
	gate.set("is down")
	cut := time.Now()
	status := s.says(url, staging.PhaseUnknown, lost)
	t.Logf("Unknown %.0f s after the cluster was lost: %s (%s)", time.Since(cut).Seconds(), status.Reason, status.Detail)
	if status.LastKnown == nil || status.LastKnown.Phase != staging.PhaseRunning {
		t.Errorf("last known: %+v", status.LastKnown)
	}
	if r := s.try("doctor"); !strings.Contains(r.stdout, lost) {
		t.Errorf("doctor: %s", r)
	}
	s.deploy("login", "v2")
	s.says(url, staging.PhaseUnknown, lost)
	gate.set("")
	s.says(url, staging.PhaseRunning, "")
	s.runs("login", "v2")
	s.octopod("delete", "login", "--yes")
	s.waits("login", "deleted")
	if left := s.left("login"); left != "" {
		t.Errorf("left: %s", left)
	}
}

// says polls the API of a server until a staging has a phase and a reason.
func (s *shop) says(url string, phase staging.Phase, words string) (status staging.Status) {
	s.t.Helper()
	asked := time.NewTicker(250 * time.Millisecond) // the log of the server stays short
	defer asked.Stop()
	testenv.Eventually(s.t, "the server says "+string(phase)+" "+words, func() (string, bool) {
		<-asked.C
		status, _ = s.statusAt(url)
		return say(status), status.Phase == phase && strings.Contains(status.Reason.String(), words)
	})
	return status
}

// Somebody deletes the namespace of a staging, which takes a while. Octopod says so, and a
// restart creates everything again.
func TestE2ENamespaceDeletedByHand(t *testing.T) {
	t.Parallel()
	s := newShop(t, "gone")
	s.deploy("login", "v1")
	s.runs("login", "v1")
	namespace := "/api/v1/namespaces/" + s.namespace("login")
	var before, after corev1.Namespace
	s.get(namespace, &before)
	s.holdService("login", "finalizers: [example.com/hold]") // so that the retries of Argo CD end first
	s.delete(namespace)
	status := s.hasReason("login", "namespace was deleted outside of Octopod")
	if status.Phase != staging.PhaseFailed {
		t.Error(say(status))
	}
	if r := s.try("wait", "login", "--timeout", "10s"); r.code != 6 || !strings.Contains(r.stderr, "octopod restart") {
		t.Errorf("wait: %s", r)
	}
	if _, err := s.api(http.MethodPatch, namespace+"/services/backend?fieldManager=e2e&force=true", []byte("apiVersion: v1\nkind: Service\nmetadata:\n  name: backend\n  finalizers: []\n")); err != nil {
		t.Fatal(err)
	}
	testenv.Eventually(t, "the namespace is gone, or another one", func() (string, bool) {
		found := s.get(namespace, &after)
		return string(after.UID), !found || after.UID != before.UID
	})
	s.octopod("restart", "login", "--wait", "--timeout", patience.String())
	s.runs("login", "v1")
	if s.get(namespace, &after); after.UID == before.UID || after.UID == "" {
		t.Errorf("namespace %q, before %q", after.UID, before.UID)
	}
}

// The ApplicationSet and the Applications of a project are in a namespace of its team, the
// AppProject is in Argo CD's.
func TestE2EApplicationsInAnotherNamespace(t *testing.T) {
	t.Parallel()
	const team = "team-e2e"
	const namespace = "/api/v1/namespaces/" + team
	admin := &shop{t: t}
	admin.apply(namespace, []byte("apiVersion: v1\nkind: Namespace\nmetadata: {name: "+team+"}\n"))
	t.Cleanup(func() { admin.delete(namespace) }) // after the project
	s := newShop(t, "teams")
	s.delete(s.ownAPI() + "applicationsets/" + s.project)
	s.applicationsIn = team
	s.configure("applicationNamespace: " + team)
	s.deploy("login", "v1")
	s.forgeCalls("login", true)
	s.runs("login", "v1")
	if found := s.applications(); len(found) != 1 {
		t.Errorf("Applications in %s: %v", team, found)
	}
	if r := s.try("doctor"); r.code != 0 {
		t.Errorf("doctor: %s", r)
	}
	s.octopod("set", "login", "LOG_LEVEL=debug", "--wait", "--timeout", patience.String())
	s.deploy("login", "crash-1")
	s.hasReason("login", "keeps crashing")
	s.octopod("archive", "login", "--wait", "--timeout", patience.String())
	s.octopod("delete", "login", "--yes")
	s.forgeCalls("login", false)
	s.waits("login", "deleted")
	if left := s.left("login"); left != "" {
		t.Errorf("left: %s", left)
	}
}

// forgeCalls calls the webhook of Argo CD's ApplicationSet controller as a forge does after a
// push, until the Application of a staging is there, or is being deleted. Argo CD 3 does
// without: Octopod refreshes the ApplicationSet.
func (s *shop) forgeCalls(name string, there bool) {
	s.t.Helper()
	push := fmt.Sprintf(`{"ref": "refs/heads/main", "repository": {"html_url": %q, "default_branch": "main"}}`, strings.TrimSuffix(s.address, ".git"))
	var called time.Time
	testenv.Eventually(s.t, "Argo CD has seen the push", func() (bool, bool) {
		if version() != cluster.V3 && time.Since(called) > 5*time.Second {
			called = time.Now()
			s.callForge(push)
		}
		app, found := s.application(name)
		return found, there == (found && app.Metadata.DeletionTimestamp == "")
	})
}

func (s *shop) callForge(push string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, world.ApplicationSetHook(), strings.NewReader(push))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("X-GitHub-Event", "push")
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		s.t.Errorf("the webhook of Argo CD: %s", answer.Status)
	}
}
