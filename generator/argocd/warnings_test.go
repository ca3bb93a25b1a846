package argocd_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	accountpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/account"
	applicationpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"google.golang.org/grpc"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"octopod/generator/argocd"
	"octopod/generator/staging"
)

// withREST serves gRPC and REST at one address, as argocd-server does. events are by the
// UID of their object.
func (f *fakeArgo) withREST(events map[string][]corev1.Event) (address string) {
	server := grpc.NewServer()
	applicationpkg.RegisterApplicationServiceServer(server, f)
	accountpkg.RegisterAccountServiceServer(server, f)
	both := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
			server.ServeHTTP(w, r)
			return
		}
		if r.Header.Get("Authorization") != "Bearer "+goodToken {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"error":"no session","code":16,"message":"no session"}`))
			return
		}
		q := r.URL.Query()
		if r.URL.Path != "/api/v1/applications/shop-login/events" || q.Get("appNamespace") != "argocd" || q.Get("resourceName") == "" || q.Get("resourceNamespace") != "shop-login" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_ = json.NewEncoder(w).Encode(corev1.EventList{Items: events[q.Get("resourceUID")]})
	}))
	both.Config.Protocols = new(http.Protocols)
	both.Config.Protocols.SetHTTP1(true)
	both.Config.Protocols.SetUnencryptedHTTP2(true)
	both.Start()
	f.t.Cleanup(both.Close)
	return strings.TrimPrefix(both.URL, "http://")
}

// Events are read from the REST API: their gRPC type differs between Argo CD 2.14 and 3.5.
func TestWarnings(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	event := func(minute int, kind, reason, message string) corev1.Event {
		return corev1.Event{Type: kind, Reason: reason, Message: message, LastTimestamp: metav1.NewTime(at.Add(time.Duration(minute) * time.Minute))}
	}
	rev := func(n string) v1alpha1.InfoItem { return v1alpha1.InfoItem{Name: "Revision", Value: "Rev:" + n} }
	is := func(health string, n v1alpha1.ResourceNode) v1alpha1.ResourceNode {
		n.Health = &v1alpha1.HealthStatus{}
		if err := json.Unmarshal([]byte(`{"status":"`+health+`"}`), n.Health); err != nil {
			t.Fatal(err)
		}
		return n
	}
	f := newFake(t)
	f.with(func(f *fakeArgo) {
		f.tree = v1alpha1.ApplicationTree{Nodes: []v1alpha1.ResourceNode{
			is("Progressing", node("Deployment", "web", "d", "", rev("2"))),
			is("Progressing", node("ReplicaSet", "web-old", "r1", "d", rev("1"))),
			is("Progressing", node("Pod", "web-old-1", "p0", "r1")),
			is("Degraded", node("ReplicaSet", "web-new", "r2", "d", rev("2"))),
			is("Progressing", node("Pod", "web-new-1", "p1", "r2")),
			is("Progressing", node("Pod", "web-new-2", "p2", "r2")),
			is("Healthy", node("Pod", "fine", "p3", "")),
			is("Progressing", node("PersistentVolumeClaim", "data", "c", "")),
		}}
	})
	address := f.withREST(map[string][]corev1.Event{
		"p0": {event(9, "Warning", "Unhealthy", "of the earlier version")},
		"p1": {
			event(1, "Warning", "Failed", "Failed to pull image: unauthorized"), event(2, "Warning", "BackOff", "Back-off pulling image"),
			event(3, "Warning", "Failed", "Error: ImagePullBackOff"), event(4, "Normal", "Pulling", "Pulling image"),
		},
		"p2": {event(1, "Warning", "Unhealthy", "of a pod that fails like its sibling")},
		"p3": {event(1, "Warning", "Unhealthy", "over")},
		"r2": {event(1, "Warning", "FailedCreate", "an earlier one"), event(2, "Warning", "FailedCreate", "exceeded quota")},
		"c":  {event(1, "Normal", "Waiting", "waiting for a pod")},
	})
	client := func(token string) *argocd.Client {
		return f.client(t, func(o *argocd.Options) { o.Server = address; o.Token = token })
	}
	got, err := client(goodToken).Warnings(t.Context(), "shop-login")
	want := []staging.Warning{
		{Object: "Pod/web-new-1", Workload: "Deployment/web", Reason: "Failed", Message: "Failed to pull image: unauthorized", Last: at.Add(time.Minute)},
		{Object: "ReplicaSet/web-new", Workload: "Deployment/web", Reason: "FailedCreate", Message: "exceeded quota", Last: at.Add(2 * time.Minute)},
	}
	for i := range got {
		got[i].Last = got[i].Last.UTC()
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	if _, err := client("expired").Warnings(t.Context(), "shop-login"); staging.CodeOf(err) != staging.CodeUnauthorized {
		t.Errorf("an expired token: %v", err)
	}
}
