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

// editTemplate replaces a text in the template, and appends another.
func (s *shop) editTemplate(old, new, more string) {
	s.t.Helper()
	s.byHand(func(work string) {
		files, err := filepath.Glob(filepath.Join(work, "templates/*/all.yaml"))
		if deeper, _ := filepath.Glob(filepath.Join(work, "templates/*/*/all.yaml")); err == nil {
			files = append(files, deeper...)
		}
		if err != nil || len(files) != 1 {
			s.t.Fatalf("the template is in %v, %v", files, err)
		}
		text, err := os.ReadFile(files[0])
		if err != nil || !strings.Contains(string(text), old) {
			s.t.Fatalf("%s does not hold %q: %v\n%s", files[0], old, err, text)
		}
		if err := os.WriteFile(files[0], []byte(strings.Replace(string(text), old, new, 1)+more), 0o644); err != nil {
			s.t.Fatal(err)
		}
	})
}

// A hook that never ends holds up the next commit, until somebody ends the sync, who has
// the right: then Argo CD applies the newest commit.
func TestE2EHangingHook(t *testing.T) {
	t.Parallel()
	s := newHookShop(t, "hook")
	s.deploy("login", "v1")
	s.runs("login", "v1")
	const fine, nowhere = "kubernetes.io/os: linux", "kubernetes.io/os: none"
	s.editTemplate(fine, nowhere, "")
	s.deploy("login", "v2")
	testenv.Eventually(t, "the hook hangs", func() (string, bool) {
		app, _ := s.application("login")
		status := s.status("login")
		return say(status), app.Status.OperationState.Phase == "Running" && status.Reason.String() == "Applying the change"
	})
	s.editTemplate(nowhere, fine, "")
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
	s.editTemplate("containers: [{name: backend", "volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]\n      containers: [{name: backend", claim)
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
	status := s.hasReason("login", "objects left: Service/backend waits for its finalizer example.com/hold")
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
