//go:build cluster

package e2e_test

import (
	"maps"
	"os"
	"os/exec"
	"regexp"
	"strings"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/testenv"
)

// theirs is everything in the env repo and in the cluster that is not Octopod's.
type theirs struct {
	s       *shop
	files   map[string]string // mode and hash, by path
	objects map[string]object // by API path
}

// theirs records the state of an env repo and a cluster without Octopod.
func (s *shop) theirs() theirs {
	s.t.Helper()
	return theirs{s, s.files(), s.theirObjects()}
}

// unchanged checks that each of their files and objects is as it was.
func (t theirs) unchanged(after string) {
	t.s.t.Helper()
	files := t.s.files()
	maps.DeleteFunc(files, func(path string, _ string) bool { return t.files[path] == "" })
	if diff := cmp.Diff(t.files, files); diff != "" {
		t.s.t.Errorf("their files after %s (-before +now):\n%s", after, diff)
	}
	if diff := cmp.Diff(t.objects, t.s.theirObjects()); diff != "" {
		t.s.t.Errorf("their objects after %s (-before +now):\n%s", after, diff)
	}
}

// files returns mode and hash of each file in the env repo.
func (s *shop) files() map[string]string {
	s.t.Helper()
	files := map[string]string{}
	for line := range strings.Lines(testenv.Git(s.t, s.remote, "ls-tree", "-r", "main")) {
		state, path, _ := strings.Cut(strings.TrimSpace(line), "\t")
		files[path] = state
	}
	return files
}

// theirObjects returns their objects, without the fields that Kubernetes and Argo CD
// write all the time.
func (s *shop) theirObjects() map[string]object {
	s.t.Helper()
	short := strings.TrimPrefix(s.project, "e2e-")
	objects := map[string]object{}
	for _, path := range []string{
		"appprojects/" + short + "-production", "applicationsets/" + s.project + "-teams",
		"applications/" + s.project + "-prod", "applications/" + s.project + "-uat", "applications/" + s.project + "-team-a",
	} {
		s.addObject(objects, argocdAPI+path)
	}
	for _, namespace := range []string{s.project + "-prod", s.project + "-uat", short + "-team-a"} {
		s.addObject(objects, "/api/v1/namespaces/"+namespace)
		for _, path := range s.objectsIn(namespace) {
			s.addObject(objects, path)
		}
	}
	return objects
}

// objectsIn lists the API paths of the objects in a namespace.
func (s *shop) objectsIn(namespace string) (paths []string) {
	s.t.Helper()
	for _, kind := range []string{"/api/v1/*/pods", "/api/v1/*/services", "/api/v1/*/configmaps", "/api/v1/*/serviceaccounts",
		"/apis/apps/v1/*/deployments", "/apis/apps/v1/*/replicasets"} {
		list := strings.Replace(kind, "*", "namespaces/"+namespace, 1)
		var found struct {
			Items []struct{ Metadata struct{ Name string } }
		}
		s.list(list, &found)
		for _, o := range found.Items {
			paths = append(paths, list+"/"+o.Metadata.Name)
		}
	}
	return paths
}

// uids returns the identity of each object in a namespace.
func (s *shop) uids(namespace string) map[string]string {
	s.t.Helper()
	uids := map[string]string{}
	for _, path := range s.objectsIn(namespace) {
		var o struct{ Metadata struct{ UID string } }
		s.list(path, &o)
		uids[path] = o.Metadata.UID
	}
	return uids
}

func (s *shop) addObject(objects map[string]object, path string) {
	s.t.Helper()
	var o object
	if !s.get(path, &o) {
		return
	}
	delete(o, "status")
	delete(o, "operation")
	metadata := o["metadata"].(object)
	for _, field := range []string{"managedFields", "resourceVersion", "generation"} {
		delete(metadata, field)
	}
	if annotations, ok := metadata["annotations"].(object); ok {
		delete(annotations, "argocd.argoproj.io/refresh")
	}
	objects[path] = o
}

// takeAway runs the commands of "Take Octopod away" in the documentation.
func (s *shop) takeAway() {
	s.t.Helper()
	s.runDocs("Take Octopod away", s.clone())
	for _, path := range []string{"applicationsets/", "appprojects/"} {
		if s.get(argocdAPI+path+s.project, &object{}) {
			s.t.Errorf("%s%s is left", path, s.project)
		}
	}
}

// runDocs runs the commands below a heading of docs/migrate.md in a clone of the env
// repo, for this project instead of shop.
func (s *shop) runDocs(heading, clone string) {
	s.t.Helper()
	text, err := os.ReadFile("../../../docs/migrate.md")
	if err != nil {
		s.t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)\n##+ " + heading + "\n.*?```sh\n(.*?)```").FindSubmatch(text)
	if block == nil {
		s.t.Fatalf("docs/migrate.md has no commands below %q", heading)
	}
	script := "octopod() { " + world.octopod + " \"$@\" --allow-plain-http; }\n" + strings.ReplaceAll(string(block[1]), "shop", s.project)
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", script)
	cmd.Dir, cmd.Env = clone, s.env
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%v\n%s\n%s", err, script, out)
	}
}
