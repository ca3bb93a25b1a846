package argocd_test

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	applicationpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"octopod/generator/argocd"
	"octopod/generator/staging"
)

func (f *fakeArgo) ResourceTree(ctx context.Context, _ *applicationpkg.ResourcesQuery) (*v1alpha1.ApplicationTree, error) {
	if err := f.refuse(ctx); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return &f.tree, f.treeFault
}

func (f *fakeArgo) GetResource(ctx context.Context, q *applicationpkg.ApplicationResourceRequest) (*applicationpkg.ApplicationResourceResponse, error) {
	if err := f.refuse(ctx); err != nil {
		return nil, err
	}
	f.mu.Lock()
	silent := f.silent
	f.mu.Unlock()
	if silent != nil {
		silent <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	manifest, ok := f.manifests[q.GetKind()+"/"+q.GetResourceName()]
	if f.lost != nil {
		return nil, f.lost
	}
	if !ok {
		return nil, status.Error(codes.NotFound, fmt.Sprintf("%s %q not found", q.GetKind(), q.GetResourceName()))
	}
	return &applicationpkg.ApplicationResourceResponse{Manifest: &manifest}, nil
}

// node is one node of a resource tree; owner is the UID of another.
func node(kind, name, uid, owner string, info ...v1alpha1.InfoItem) v1alpha1.ResourceNode {
	n := v1alpha1.ResourceNode{ResourceRef: v1alpha1.ResourceRef{Version: "v1", Kind: kind, Name: name, Namespace: "shop-login", UID: uid}, Info: info}
	if owner != "" {
		n.ParentRefs = []v1alpha1.ResourceRef{{UID: owner}}
	}
	return n
}

// Objects that own nothing hold up a deletion. A committed object that is gone is
// a node without a UID.
func TestRemainsOfADeletion(t *testing.T) {
	f := newFake(t)
	f.with(func(f *fakeArgo) {
		f.tree = v1alpha1.ApplicationTree{Nodes: []v1alpha1.ResourceNode{
			node("Service", "gone", "", ""),
			node("StatefulSet", "db", "s", ""),
			node("Pod", "db-0", "p", "s"),
			node("Namespace", "shop-login", "n", ""),
			node("ConfigMap", "gone-just-now", "c", ""),
		}}
		f.manifests = map[string]string{
			"Pod/db-0": `{"metadata":{"finalizers":["example.com/hold","foregroundDeletion"]},"status":"of any form"}`,
			"Namespace/shop-login": `{"metadata":{},"status":{"conditions":[
				{"type":"NamespaceFinalizersRemaining","status":"True","message":"example.com/hold in 1 resource instances"},
				{"type":"NamespaceDeletionDiscoveryFailure","status":"False","message":"none"}]}}`,
		}
	})
	client := f.client(t, func(*argocd.Options) {})
	for _, want := range []staging.Remains{
		{Count: 4, Objects: []staging.Remainder{{Object: "Pod/db-0", Owner: "StatefulSet/db", Finalizers: []string{"example.com/hold"}}}},
		{Count: 1, Objects: []staging.Remainder{{Object: "Namespace/shop-login", Message: "example.com/hold in 1 resource instances"}}},
	} {
		got, err := client.Remains(t.Context(), "shop-login")
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v\nwant %+v", got, err, want)
		}
		f.with(func(f *fakeArgo) { f.tree.Nodes = []v1alpha1.ResourceNode{node("Namespace", "shop-login", "n", "")} })
	}
}

// Argo CD 3 keeps an object that is gone in its tree, in front of its owner: the owner is
// what holds the deletion up.
func TestRemainsBehindAnObjectThatIsGone(t *testing.T) {
	f := newFake(t)
	f.with(func(f *fakeArgo) {
		f.tree.Nodes = []v1alpha1.ResourceNode{
			node("Namespace", "shop-login", "n", ""), node("Service", "backend", "s", ""), node("Endpoints", "backend", "e", "s"),
		}
		f.manifests = map[string]string{"Service/backend": `{"metadata": {"finalizers": ["example.com/hold"]}}`}
	})
	got, err := f.client(t, func(*argocd.Options) {}).Remains(t.Context(), "shop-login")
	want := staging.Remains{Count: 2, Objects: []staging.Remainder{{Object: "Service/backend", Finalizers: []string{"example.com/hold"}}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

// Only an error of the cluster itself counts: that an object is gone, or must not be read,
// is an answer.
func TestProbeOfTheCluster(t *testing.T) {
	f := newFake(t)
	client := f.client(t, func(*argocd.Options) {})
	app := staging.Application{Name: "shop-login", Resources: []staging.Resource{{Kind: "Namespace", Name: "shop-login"}}}
	for name, tt := range map[string]struct {
		err  error
		lost bool
	}{
		"refused":   {status.Error(codes.Unknown, "dial tcp 10.0.0.1:6443: connect: connection refused"), true},
		"gone":      {status.Error(codes.Unknown, `error getting resource: namespaces "shop-login" not found`), false},
		"forbidden": {status.Error(codes.PermissionDenied, "denied"), false},
	} {
		f.with(func(f *fakeArgo) { f.lost = tt.err })
		if err := client.Probe(t.Context(), app); (err != nil) != tt.lost {
			t.Errorf("%s: %v", name, err)
		}
	}
	f.with(func(f *fakeArgo) {
		f.lost, f.treeFault = status.Error(codes.Unknown, "refused"), status.Error(codes.Unknown, "redis is down")
	})
	if err := client.Probe(t.Context(), app); err != nil {
		t.Errorf("without its redis, Argo CD knows nothing of the cluster: %v", err)
	}
	if err := client.Probe(t.Context(), staging.Application{Name: "shop-login"}); err != nil {
		t.Errorf("without a Namespace: %v", err)
	}
}

// Argo CD itself tries again for seconds when a cluster does not answer: no answer in time
// is the fault of the cluster, but the end of the caller is not.
func TestProbeOfASilentCluster(t *testing.T) {
	f := newFake(t)
	client := f.client(t, func(*argocd.Options) {})
	app := staging.Application{Name: "shop-login", Resources: []staging.Resource{{Kind: "Namespace", Name: "shop-login"}}}
	asked := make(chan struct{}, 1)
	f.with(func(f *fakeArgo) { f.silent = asked })
	limited, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := client.Probe(limited, app); staging.CodeOf(err) != staging.CodeUnavailable || len(asked) == 0 {
		t.Errorf("got %v, asked %d times", err, len(asked))
	}
	ended, end := context.WithCancel(t.Context())
	<-asked
	go func() { <-asked; end() }()
	if err := client.Probe(ended, app); err != nil {
		t.Errorf("the caller has ended: %v", err)
	}
}
