//go:build cluster

package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"

	"octopod/generator/staging"
	"octopod/generator/testenv"
)

const migration = `apiVersion: apps/v1
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
metadata: {name: migrate, annotations: {argocd.argoproj.io/sync-wave: "-1"}}
spec:
  backoffLimit: 0
  activeDeadlineSeconds: 12
  template:
    spec:
      restartPolicy: Never
      containers: [{name: migrate, image: "registry.example.com/shop/backend:v0"}]
`

// jobs returns the Jobs of a staging.
func (s *shop) jobs(name string) (jobs []batchv1.Job) {
	s.t.Helper()
	var list batchv1.JobList
	s.get("/apis/batch/v1/namespaces/"+s.namespace(name)+"/jobs", &list)
	return list.Items
}

// serves returns the image that the Deployment of a staging is to run.
func (s *shop) serves(name string) string {
	s.t.Helper()
	var d appsv1.Deployment
	s.get("/apis/apps/v1/namespaces/"+s.namespace(name)+"/deployments/backend", &d)
	return d.Spec.Template.Spec.Containers[0].Image
}

// A migration runs once for each version, before the version: on a new staging, at the
// second deploy, and after archiving. A version whose migration fails is never rolled out,
// although Argo CD retries, and the next version is.
func TestE2EMigrationJob(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	if err := os.WriteFile(filepath.Join(base, "all.yaml"), []byte(migration), 0o644); err != nil {
		t.Fatal(err)
	}
	s := newShop(t, "jobs", "--template", base)
	seen := map[string]bool{}
	for _, tag := range []string{"v1", "v2"} {
		s.deploy("login", tag, "--wait", "--timeout", patience.String())
		s.runs("login", tag)
		jobs := s.jobs("login")
		if len(jobs) != 1 || seen[jobs[0].Name] || jobs[0].Status.Succeeded != 1 {
			t.Fatalf("%s: want one new Job that succeeded, got %v", tag, jobs)
		}
		seen[jobs[0].Name] = true
	}

	s.deploy("login", "missing-3")
	testenv.Eventually(t, "Argo CD gives up", func() (string, bool) {
		if image := s.serves("login"); !strings.HasSuffix(image, ":v2") {
			t.Fatalf("its migration failed, and %s is rolled out", image)
		}
		status := s.status("login")
		return say(status), status.Phase == staging.PhaseFailed
	})
	if image := s.serves("login"); !strings.HasSuffix(image, ":v2") {
		t.Errorf("its migration failed, and %s is rolled out", image)
	}

	s.deploy("login", "v4", "--wait", "--timeout", patience.String())
	s.runs("login", "v4")
	s.octopod("archive", "login")
	s.waits("login", "archived")
	if jobs := s.jobs("login"); len(jobs) > 0 {
		t.Errorf("it is archived and has %d Jobs", len(jobs))
	}
	s.octopod("restore", "login")
	s.runs("login", "v4")
}
