//go:build cluster

package e2e_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/testenv"
)

// An env repo that holds somebody else's production, Argo CD objects and templates: no
// verb of Octopod changes a byte or an object of theirs, and nothing of Octopod is left
// after the commands of "Take Octopod away".
func TestE2EBesideAProduction(t *testing.T) {
	t.Parallel()
	s := newProduction(t, "beside")
	theirs := s.theirs()

	s.connect()
	theirs.unchanged("init and kubectl apply")
	s.deploy("login", "v1")
	s.deploy("search", "v1")
	s.deploy("old", "v1")
	s.allRun("login", "search", "old")
	theirs.unchanged("three deploys")

	s.edit("octopod.yaml", "      repository: github.com/acme/shop-backend\n", "")
	s.edit("octopod.yaml", "      repository: github.com/acme/shop-frontend\n", "")
	expires := regexp.MustCompile(`expires: .*`)
	s.edit("envs/old/staging.yaml", string(expires.Find(s.file("envs/old/staging.yaml"))), `expires: "2001-01-01T00:00:00Z"`)
	s.octopod("sweep", "--max-share", "100")
	s.waits("old", "archived")
	theirs.unchanged("a sweep")
	s.octopod("delete", "search", "--yes")
	s.waits("search", "deleted")
	theirs.unchanged("a delete")
	s.edit("templates/"+s.project+"/backend.yaml", "containerPort: 8080", "containerPort: 8081")
	s.octopod("regenerate", "--all")
	s.allRun("login")
	theirs.unchanged("regenerate --all")
	if r := s.try("delete", "prod", "--yes"); r.code == 0 {
		t.Errorf("delete prod: %s", r)
	}
	theirs.unchanged("delete prod")

	s.takeAway()
	theirs.unchanged("taking Octopod away")
	if left := s.left("login") + s.left("old"); left != "" {
		t.Errorf("left in the cluster: %s", left)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(theirs.files)), slices.Sorted(maps.Keys(s.files()))); diff != "" {
		t.Errorf("files of the env repo (-theirs +now):\n%s", diff)
	}
}

// A directory that somebody adds to envs later: it does not take over the Application of
// its name, doctor names the Application that Argo CD made for it, and the documented
// commands release its objects. None of them is lost.
func TestE2EADirectoryByHand(t *testing.T) {
	t.Parallel()
	s := newProduction(t, "hand")
	theirs := s.theirs()
	s.connect()
	qa := s.namespace("qa")
	s.byHand(func(work string) {
		testenv.WriteFile(t, work, "envs/qa/web.yaml", theirWorkload)
		testenv.WriteFile(t, work, "envs/uat/web.yaml", strings.Replace(theirWorkload, "replicas: 2", "replicas: 1", 1))
	})
	if r := s.try("lint"); r.code == 0 || !strings.Contains(r.stdout+r.stderr, "envs/qa") || strings.Contains(r.stdout+r.stderr, "envs/uat") {
		t.Errorf("lint: %s", r)
	}
	s.kubectl("", "create", "namespace", qa)
	t.Cleanup(func() { s.kubectl("", "delete", "namespace", qa, "--wait=false") })
	s.kubectl(s.clone(), "apply", "-n", qa, "-f", "envs/qa/web.yaml")
	s.deploy("login", "v1")
	s.allRun("login")
	s.isHealthy(qa)
	theirs.unchanged("a deploy beside directories by hand")
	objects := s.uids(qa)

	if r := s.try("doctor"); !strings.Contains(r.stdout, "Argo CD made Application "+qa+" for envs/qa") || strings.Contains(r.stdout, "envs/uat") {
		t.Errorf("doctor: %s", r)
	}
	clone := s.clone()
	s.exclude(clone, "qa")
	s.runDocs("Release a directory", clone)
	s.kubectl("", "delete", "-n", "argocd", "application", qa)
	if r := s.try("doctor"); strings.Contains(r.stdout, "envs/qa") {
		t.Errorf("doctor after the release: %s", r)
	}
	s.takeAway()
	theirs.unchanged("taking Octopod away")
	if diff := cmp.Diff(objects, s.uids(qa)); diff != "" {
		t.Errorf("objects of envs/qa (-before +now):\n%s", diff)
	}
}

// exclude adds a directory to spec.argocd.exclude in a clone.
func (s *shop) exclude(clone, name string) {
	s.t.Helper()
	file := filepath.Join(clone, "octopod.yaml")
	data, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	list := regexp.MustCompile(`(?m)^( *)exclude:\n`)
	if !list.Match(data) {
		s.t.Fatalf("no spec.argocd.exclude:\n%s", data)
	}
	if err := os.WriteFile(file, list.ReplaceAll(data, []byte("${0}${1}  - "+name+"\n")), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// A platform team adds to Octopod's ApplicationSet by hand; new and removed stagings keep
// the additions, and new Applications have them.
func TestE2EAdditionsToTheApplicationSetStay(t *testing.T) {
	t.Parallel()
	s := newShop(t, "additions")
	s.kubectl("", "patch", "-n", "argocd", "applicationset", s.project, "--type", "merge", "-p", additions)
	s.deploy("login", "v1")
	s.deploy("search", "v1")
	s.allRun("login", "search")
	s.octopod("delete", "search", "--yes")
	s.waits("search", "deleted")
	for _, path := range []string{"applicationsets/" + s.project, "applications/" + s.namespace("login")} {
		data, err := s.api(http.MethodGet, argocdAPI+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"/spec/paused", "subscribe.on-degraded.slack"} {
			if !strings.Contains(string(data), want) {
				t.Errorf("%s has no %s:\n%s", path, want, data)
			}
		}
	}
}

const additions = `{"spec": {"template": {
  "metadata": {"annotations": {"notifications.argoproj.io/subscribe.on-degraded.slack": "stagings"}},
  "spec": {"ignoreDifferences": [{"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/paused"]}]}
}}}`

// newProduction creates an env repo without Octopod, as a team has it: production in
// envs/prod, its Application and AppProject, and an ApplicationSet for its teams. All of
// it runs. Octopod's account sees none of the Applications.
func newProduction(t testing.TB, name string) *shop {
	t.Helper()
	dir := t.TempDir()
	server := testenv.ServeHTTP(t, dir)
	s := &shop{t: t, project: "e2e-" + name, remote: testenv.EmptyBare(t, filepath.Join(dir, "envs.git")), meter: &meter{}}
	server.Intercept(s.watchPushes)
	testenv.Git(t, s.remote, "config", "http.receivepack", "true")
	s.address = server.URL + "/envs.git"
	s.env = append(append(testenv.Env(), world.Env()...), "OCTOPOD_ENV_REPO="+s.address)
	s.byHand(func(work string) {
		for file, text := range map[string]string{
			"README.md":               "# How we deploy\n",
			"argocd/project.yaml":     theirAppProject,
			"argocd/production.yaml":  theirApplication,
			"argocd/uat.yaml":         strings.NewReplacer("PROJECT-prod", "PROJECT-uat", "envs/prod", "uat").Replace(theirApplication),
			"argocd/teams.yaml":       theirApplicationSet,
			"uat/web.yaml":            theirWorkload,
			"envs/prod/web.yaml":      theirWorkload,
			"teams/a/web.yaml":        theirWorkload,
			"templates/web/base.yaml": theirWorkload,
		} {
			testenv.WriteFile(t, work, file, s.fill(text))
		}
	})
	s.kubectl(s.clone(), "apply", "-f", "argocd/project.yaml", "-f", "argocd/production.yaml", "-f", "argocd/uat.yaml", "-f", "argocd/teams.yaml")
	t.Cleanup(func() {
		s.kubectl("", "delete", "-n", "argocd", "applicationset", s.project+"-teams", s.project, "--ignore-not-found")
		s.kubectl("", "delete", "-n", "argocd", "application", s.project+"-prod", s.project+"-uat", s.project+"-team-a", "--ignore-not-found")
		for _, app := range s.applications() {
			s.kubectl("", "delete", "-n", "argocd", "application", app.Metadata.Name, "--ignore-not-found")
		}
		s.kubectl("", "delete", "-n", "argocd", "appproject", name+"-production", s.project, "--ignore-not-found")
		s.kubectl("", "delete", "namespace", s.project+"-prod", s.project+"-uat", name+"-team-a", "--ignore-not-found", "--wait=false")
	})
	for _, app := range []string{s.project + "-prod", s.project + "-uat", s.project + "-team-a"} {
		s.isHealthy(app)
	}
	return s
}

// fill replaces the placeholders in a file of theirs.
func (s *shop) fill(text string) string {
	return strings.NewReplacer("PROJECT", s.project, "SHORT", strings.TrimPrefix(s.project, "e2e-"), "REPO", s.address).Replace(text)
}

func (s *shop) isHealthy(app string) {
	s.t.Helper()
	testenv.Eventually(s.t, app+" is healthy", func() (string, bool) {
		var a application
		found := s.get(argocdAPI+"applications/"+app, &a)
		return fmt.Sprintf("%t: %+v", found, a.Status), a.Status.Sync.Status == "Synced" && a.Status.Health.Status == "Healthy"
	})
}

// connect runs the steps of the README.
func (s *shop) connect() {
	s.t.Helper()
	s.octopod("init", "--project", s.project, "--base-domain", s.domain(), "--repo-url", s.address)
	s.kubectl(s.clone(), "apply", "-n", "argocd", "-f", "argocd/appproject.yaml", "-f", "argocd/applicationset.yaml")
}

// clone returns a new clone of the env repo.
func (s *shop) clone() (work string) {
	s.t.Helper()
	work = s.t.TempDir()
	testenv.Git(s.t, work, "clone", "-q", s.remote, ".")
	return work
}

// kubectl runs kubectl as the administrator of the cluster.
func (s *shop) kubectl(dir string, args ...string) string {
	s.t.Helper()
	cmd := exec.Command("kubectl", args...)
	cmd.Dir, cmd.Env = dir, append(testenv.Env(), world.Env()...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("kubectl %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out)
}

const theirAppProject = `apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: SHORT-production, namespace: argocd}
spec:
  sourceRepos: ["*"]
  destinations: [{server: "*", namespace: "*"}]
  clusterResourceWhitelist: [{group: "*", kind: "*"}]
`

const theirApplication = `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: PROJECT-prod
  namespace: argocd
  finalizers: [resources-finalizer.argocd.argoproj.io]
spec:
  project: SHORT-production
  source: {repoURL: REPO, targetRevision: main, path: envs/prod}
  destination: {server: https://kubernetes.default.svc, namespace: PROJECT-prod}
  syncPolicy:
    automated: {prune: true, selfHeal: true}
    syncOptions: [CreateNamespace=true]
`

const theirApplicationSet = `apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: PROJECT-teams, namespace: argocd}
spec:
  goTemplate: true
  generators:
    - git: {repoURL: REPO, revision: main, directories: [{path: teams/*}]}
  template:
    metadata:
      name: PROJECT-team-{{.path.basename}}
      finalizers: [resources-finalizer.argocd.argoproj.io]
    spec:
      project: SHORT-production
      source: {repoURL: REPO, targetRevision: main, path: "{{.path.path}}"}
      destination: {server: https://kubernetes.default.svc, namespace: "SHORT-team-{{.path.basename}}"}
      syncPolicy:
        automated: {prune: true, selfHeal: true}
        syncOptions: [CreateNamespace=true]
`

const theirWorkload = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "registry.example.com/web:1"}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: orders}
data: {all: of them}
`
