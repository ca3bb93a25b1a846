//go:build cluster

package e2e_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"octopod/examples/cluster"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// Before Argo CD has seen a commit, it reports the older commit as Healthy.
// Octopod must not report that as Running, and must not end a wait with it. The
// commit changes a setting and no image, so only the commit itself identifies
// the version.
func TestE2EStaleHealthIsNotRunning(t *testing.T) {
	s := newShop(t, "stale")
	s.deploy("login", "v1")
	s.runs("login", "v1")
	pods := names(s.pods("login"))
	s.freeze(cluster.AppController)
	s.octopod("set", "login", "LOG_LEVEL=debug")
	if app, _ := s.application("login"); app.Status.Health.Status != "Healthy" {
		t.Fatalf("Argo CD says %s: this test shows nothing", app.Status.Health.Status)
	}
	ended := make(chan result, 1)
	go func() {
		r, _ := s.command(context.Background(), "wait", "login", "--for", "running", "--timeout", "6s").run()
		ended <- r
	}()
	for waiting := true; waiting; {
		if status := s.status("login"); status.Phase != staging.PhaseUpdating {
			t.Errorf("Argo CD has not seen the commit, and it is %s", say(status))
		}
		select {
		case r := <-ended:
			waiting = false
			if r.code != 5 {
				t.Errorf("wait: %s", r)
			}
		case <-time.After(200 * time.Millisecond):
		}
	}
	s.thaw(cluster.AppController)
	s.runs("login", "v1")
	if now := names(s.pods("login")); now == pods {
		t.Errorf("it is called Running with the pods of before: %s", now)
	}
}

// Commits for other stagings move the branch, but do not end a wait too early
// or too late.
func TestE2EOthersCommitDuringAWait(t *testing.T) {
	t.Parallel()
	s := newShop(t, "others")
	s.deploy("login", "v1")
	s.runs("login", "v1")
	waiting := s.command(t.Context(), append(deployment("login", "v2"), "--wait", "--timeout", patience.String())...)
	ended := make(chan result, 1)
	go func() {
		r, _ := waiting.run()
		ended <- r
	}()
	for i := 0; ; i++ {
		select {
		case r := <-ended:
			if r.code != 0 || i == 0 {
				t.Errorf("after %d commits of others: %s", i, r)
			}
			s.hasImage("login", "v2")
			if status := s.status("login"); status.Phase != staging.PhaseRunning {
				t.Error(say(status))
			}
			return
		default:
			s.deploy(fmt.Sprint("other-", i%3), fmt.Sprint("v", i))
		}
	}
}

// A failing staging reports the reason within seconds, and recovers after a
// fix.
func TestE2EFailuresSayWhy(t *testing.T) {
	t.Parallel()
	s := newShop(t, "failures")
	for _, tt := range []struct{ tag, reason string }{
		{"crash-1", "backend keeps crashing"},
		{"missing-1", "does not exist"},
	} {
		began := time.Now()
		r := s.try(append(deployment("login", tt.tag), "--wait", "--timeout", patience.String())...)
		if r.code != 6 || !strings.Contains(r.stderr, tt.reason) {
			t.Errorf("deploy --wait of %s: %s", tt.tag, r)
		}
		t.Logf("%s was called Failed after %.1f s", tt.tag, time.Since(began).Seconds())
		if status := s.status("login"); status.Phase != staging.PhaseFailed || !strings.Contains(status.Reason.String(), tt.reason) {
			t.Error(say(status))
		}
		s.deploy("login", "fixed-"+tt.tag[:1], "--wait", "--timeout", patience.String())
		s.hasImage("login", "fixed-"+tt.tag[:1])
	}
}

// A StatefulSet with the update strategy OnDelete is Synced and Healthy with
// the previous image.
func TestE2EWantedImageIsNotLive(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	if err := os.WriteFile(filepath.Join(base, "backend.yaml"), []byte(onDelete), 0o644); err != nil {
		t.Fatal(err)
	}
	s := newShop(t, "wanted", "--template", base)
	s.deploy("login", "v1")
	s.runs("login", "v1")
	s.deploy("login", "v2")
	testenv.Eventually(s.t, "Argo CD is content with v2", func() (string, bool) {
		app, _ := s.application("login")
		status := s.status("login")
		if status.Phase == staging.PhaseRunning {
			t.Errorf("its pods have v1: %s", say(status))
		}
		return fmt.Sprint(app.Status, " ", say(status)), app.Status.Sync.Status == "Synced" && app.Status.Health.Status == "Healthy" &&
			status.ObservedRevision == status.Revision
	})
	if status := s.status("login"); status.Phase == staging.PhaseRunning || len(s.pods("login")) != 1 {
		t.Error(say(status))
	}
	if r := s.try("wait", "login", "--for", "running", "--timeout", "2s"); r.code != 5 {
		t.Errorf("wait: %s", r)
	}
	for _, pod := range s.pods("login") {
		s.delete("/api/v1/namespaces/" + s.namespace("login") + "/pods/" + pod.Name)
	}
	s.runs("login", "v2")
}

const onDelete = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: backend}
spec:
  serviceName: backend
  updateStrategy: {type: OnDelete}
  selector: {matchLabels: {app: backend}}
  template:
    metadata: {labels: {app: backend}}
    spec:
      containers:
      - name: backend
        image: registry.example.com/shop/backend:main
        resources: {requests: {cpu: 50m, memory: 64Mi}, limits: {memory: 64Mi}}
        securityContext: {allowPrivilegeEscalation: false, runAsNonRoot: true}
`

// The AppProject rejects a commit without Octopod's checks that uses another
// namespace, and Octopod reports the reason.
func TestE2EForeignNamespaceIsRefused(t *testing.T) {
	t.Parallel()
	s := newShop(t, "foreign", "--output-mode", "rendered")
	s.deploy("login", "v1")
	s.runs("login", "v1")
	s.byHand(func(work string) {
		file := filepath.Join(work, "envs/login/manifests.yaml")
		text := append(s.file("envs/login/manifests.yaml"), intruder...)
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	})
	r := s.try("wait", "login", "--timeout", patience.String())
	if r.code != 6 || !strings.Contains(r.stderr, "namespace default is not permitted") {
		t.Errorf("wait: %s", r)
	}
	if status := s.status("login"); status.Phase != staging.PhaseFailed {
		t.Error(say(status))
	}
	if s.get("/api/v1/namespaces/default/configmaps/intruder", &struct{}{}) {
		t.Error("the object is in the cluster")
	}
	s.octopod("regenerate", "login")
	s.runs("login", "v1")
}

const intruder = `---
apiVersion: v1
kind: ConfigMap
metadata: {name: intruder, namespace: default}
`
