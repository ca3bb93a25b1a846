//go:build cluster

package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"octopod/generator/staging"
	"octopod/generator/testenv"
)

const withHook = `apiVersion: apps/v1
kind: Deployment
metadata: {name: backend}
spec:
  selector: {matchLabels: {app: backend}}
  template:
    metadata: {labels: {app: backend}}
    spec:
      containers: [{name: backend, image: "registry.example.com/shop/backend:v0"}]
---
apiVersion: batch/v1
kind: Job
metadata: {name: prepare, annotations: {argocd.argoproj.io/hook: PreSync, argocd.argoproj.io/hook-delete-policy: BeforeHookCreation}}
spec:
  template:
    spec:
      restartPolicy: Never
      nodeSelector: {kubernetes.io/os: linux}
      containers: [{name: prepare, image: "registry.example.com/shop/backend:v0"}]
`

// hasReason polls until the status of a staging has a reason.
func (s *shop) hasReason(name, words string) staging.Status {
	s.t.Helper()
	var status staging.Status
	testenv.Eventually(s.t, name+" says "+words, func() (string, bool) {
		status = s.status(name)
		return say(status), strings.Contains(status.Reason.String(), words)
	})
	return status
}

// newHookShop returns a shop whose template has a hook before each sync.
func newHookShop(t *testing.T, name string) *shop {
	t.Helper()
	base := t.TempDir()
	if err := os.WriteFile(filepath.Join(base, "all.yaml"), []byte(withHook), 0o644); err != nil {
		t.Fatal(err)
	}
	return newShop(t, name, "--template", base)
}

// A hook that never ends holds up the next commit, until somebody ends the sync, who has
// the right: then Argo CD applies the newest commit.
func TestE2EHangingHook(t *testing.T) {
	t.Parallel()
	s := newHookShop(t, "hook")
	s.deploy("login", "v1")
	s.runs("login", "v1")
	const file, fine, nowhere = "templates/all.yaml", "kubernetes.io/os: linux", "kubernetes.io/os: none"
	s.edit(file, fine, nowhere)
	s.deploy("login", "v2")
	testenv.Eventually(t, "the hook hangs", func() (string, bool) {
		app, _ := s.application("login")
		status := s.status("login")
		return say(status), app.Status.OperationState.Phase == "Running" && status.Reason.String() == "Applying the change"
	})
	s.edit(file, nowhere, fine)
	s.deploy("login", "v3")
	if status := s.hasReason("login", "an earlier change"); status.Phase != staging.PhaseUpdating {
		t.Error(say(status))
	}
	if r := s.try("terminate", "login"); r.code == 0 || !strings.Contains(r.stderr, "permission") {
		t.Errorf("without the right: %s", r)
	}
	s.with("ARGOCD_AUTH_TOKEN="+world.AdminToken).octopod("terminate", "login")
	s.runs("login", "v3")
	if r := s.with("ARGOCD_AUTH_TOKEN="+world.AdminToken).try("terminate", "login"); r.code != 4 {
		t.Errorf("no sync runs: %s", r)
	}
}

// Causes that only events have are in the status, and that the earlier version answers.
func TestE2ECausesInEvents(t *testing.T) {
	t.Parallel()
	s := newHookShop(t, "causes")
	s.deploy("login", "v1")
	s.runs("login", "v1")
	s.deploy("login", "unready-2")
	s.hasReason("login", "Readiness probe failed: HTTP probe failed with statuscode: 503")
	s.edit("templates/all.yaml", "containers: [{name: backend", "volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]\n      containers: [{name: backend")
	s.byHand(func(work string) {
		file := filepath.Join(work, "templates/all.yaml")
		text := string(s.file("templates/all.yaml")) + claim
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	})
	s.deploy("login", "v3")
	s.hasReason("login", `storageclass.storage.k8s.io "none" not found`)
	s.deploy("other", "crash-1")
	s.reaches("other", staging.PhaseFailed)
}

const claim = `---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], storageClassName: none, resources: {requests: {storage: 1Gi}}}
`

// An object with a finalizer holds up a deletion: get and wait name it until it is gone.
func TestE2EFinalizerHoldsADeletion(t *testing.T) {
	t.Parallel()
	s := newShop(t, "finalizer")
	s.deploy("login", "v1")
	s.runs("login", "v1")
	s.holdService("login", "finalizers: [example.com/hold]")
	s.octopod("delete", "login", "--yes")
	status := s.hasReason("login", "1 object left: Service/backend waits for its finalizer example.com/hold")
	if status.Phase != staging.PhaseDeleting {
		t.Error(say(status))
	}
	if r := s.try("wait", "login", "--for", "deleted", "--timeout", "2s"); r.code != 5 || !strings.Contains(r.stderr, "example.com/hold") {
		t.Errorf("wait: %s", r)
	}
	s.holdService("login", "")
	s.waits("login", "deleted")
	if r := s.try("get", "login"); r.code == 0 {
		t.Errorf("get after the deletion: %s", r)
	}
}

// holdService sets the finalizers of the Service of a staging by hand.
func (s *shop) holdService(name, finalizers string) {
	s.t.Helper()
	s.apply("/api/v1/namespaces/"+s.namespace(name)+"/services/backend",
		[]byte("apiVersion: v1\nkind: Service\nmetadata:\n  name: backend\n  "+finalizers+"\n"))
}
