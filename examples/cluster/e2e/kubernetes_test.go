//go:build cluster

package e2e_test

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"

	"octopod/examples/cluster"
)

// api calls Kubernetes as its administrator. It also works in clean-ups, after
// the end of the test's context.
func (s *shop) api(method, path string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return s.cluster().API(ctx, method, path, body)
}

// get reads an object or a list; found is false if it does not exist.
func (s *shop) get(path string, into any) (found bool) {
	s.t.Helper()
	data, err := s.api(http.MethodGet, path, nil)
	if err != nil && strings.Contains(err.Error(), "404 Not Found") {
		return false
	}
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return true
}

func (s *shop) list(path string, into any) {
	s.t.Helper()
	if !s.get(path, into) {
		s.t.Fatalf("Kubernetes does not know %s", path)
	}
}

const (
	argocdAPI = "/apis/argoproj.io/v1alpha1/namespaces/argocd/"
	appsAPI   = "/apis/apps/v1/namespaces/"
)

// ownAPI returns the path of the namespace that has the Applications of the shop.
func (s *shop) ownAPI() string {
	return strings.Replace(argocdAPI, "argocd/", cmp.Or(s.applicationsIn, "argocd")+"/", 1)
}

// application holds the fields of Argo CD's object that the tests use.
type application struct {
	Metadata struct {
		Name              string
		DeletionTimestamp string
		Labels            map[string]string
	}
	Status struct {
		Sync           struct{ Status, Revision string }
		Health         struct{ Status string }
		OperationState struct{ Phase string }
	}
}

// application returns the Application of a staging.
func (s *shop) application(name string) (app application, found bool) {
	s.t.Helper()
	found = s.get(s.ownAPI()+"applications/"+s.namespace(name), &app)
	return app, found
}

// namespace returns the namespace of a staging; its Application has the same
// name.
func (s *shop) namespace(name string) string { return s.project + "-" + name }

func names(pods []corev1.Pod) string {
	var all []string
	for _, p := range pods {
		all = append(all, p.Name)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// pods lists the pods of a staging, without terminating ones.
func (s *shop) pods(name string) (pods []corev1.Pod) {
	s.t.Helper()
	var list corev1.PodList
	s.list("/api/v1/namespaces/"+s.namespace(name)+"/pods", &list)
	return slices.DeleteFunc(list.Items, func(p corev1.Pod) bool { return p.DeletionTimestamp != nil })
}

// images returns the images of the pods of a staging.
func (s *shop) images(name string) []string {
	s.t.Helper()
	images := map[string]bool{}
	for _, pod := range s.pods(name) {
		for _, c := range pod.Spec.Containers {
			images[c.Image] = true
		}
	}
	return slices.Sorted(maps.Keys(images))
}

// replicas returns the desired replica count of every workload of a staging.
func (s *shop) replicas(name string) map[string]int {
	s.t.Helper()
	counts := map[string]int{}
	for _, kind := range []string{"deployments", "statefulsets"} {
		var list struct {
			Items []struct {
				Metadata struct{ Name string }
				Spec     struct{ Replicas int }
			}
		}
		s.list(appsAPI+s.namespace(name)+"/"+kind, &list)
		for _, w := range list.Items {
			counts[w.Metadata.Name] = w.Spec.Replicas
		}
	}
	return counts
}

// volumes lists the volumes of the claims of a staging.
func (s *shop) volumes(name string) (volumes []corev1.PersistentVolume) {
	s.t.Helper()
	var list corev1.PersistentVolumeList
	s.list("/api/v1/persistentvolumes", &list)
	for _, v := range list.Items {
		if v.Spec.ClaimRef != nil && v.Spec.ClaimRef.Namespace == s.namespace(name) {
			volumes = append(volumes, v)
		}
	}
	return volumes
}

// left describes the objects of a staging that are left in the cluster; "" if
// none.
func (s *shop) left(name string) string {
	s.t.Helper()
	var left []string
	if _, there := s.application(name); there {
		left = append(left, "its Application")
	}
	if s.get("/api/v1/namespaces/"+s.namespace(name), &corev1.Namespace{}) {
		left = append(left, "its Namespace")
	}
	if len(s.volumes(name)) > 0 {
		left = append(left, "a volume of it")
	}
	return strings.Join(left, ", ")
}

// apply writes an object like `kubectl apply --server-side`.
func (s *shop) apply(path string, yaml []byte) {
	s.t.Helper()
	if _, err := s.api(http.MethodPatch, path+"?fieldManager=e2e&force=true", yaml); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) delete(path string) {
	s.t.Helper()
	if _, err := s.api(http.MethodDelete, path, nil); err != nil {
		s.t.Error(err)
	}
}

// applications lists all Applications of the project.
func (s *shop) applications() []application {
	s.t.Helper()
	var list struct{ Items []application }
	s.list(s.ownAPI()+"applications?labelSelector="+url.QueryEscape("octopod.dev/project="+s.project), &list)
	return list.Items
}

// down stops parts of the cluster, and starts them again when the test ends.
func (s *shop) down(parts ...cluster.Part) {
	s.t.Helper()
	for _, part := range parts {
		if err := world.StopPart(s.t.Context(), part); err != nil {
			s.t.Fatal(err)
		}
		s.atEnd(func() error { return world.StartPart(context.Background(), part) })
	}
}

func (s *shop) up(parts ...cluster.Part) {
	s.t.Helper()
	for _, part := range parts {
		if err := world.StartPart(s.t.Context(), part); err != nil {
			s.t.Fatal(err)
		}
	}
}

// freeze freezes a part until thaw or the end of the test.
func (s *shop) freeze(part cluster.Part) {
	s.t.Helper()
	if err := world.Signal(part, syscall.SIGSTOP); err != nil {
		s.t.Fatal(err)
	}
	s.atEnd(func() error { return world.Signal(part, syscall.SIGCONT) })
}

func (s *shop) thaw(part cluster.Part) {
	s.t.Helper()
	if err := world.Signal(part, syscall.SIGCONT); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) atEnd(undo func() error) {
	s.t.Cleanup(func() {
		if err := undo(); err != nil {
			s.t.Error(err)
		}
	})
}
