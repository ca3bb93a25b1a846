// Package argoserver serves the API of Argo CD with the constant content of a file, to
// test whole programs. Only _test files import it.
package argoserver

import (
	"context"
	"net"
	"slices"
	"testing"

	accountpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/account"
	applicationpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	applicationsetpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/applicationset"
	projectpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/project"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"sigs.k8s.io/yaml"
)

// content is the file of a server.
type content struct {
	Applications []v1alpha1.Application `json:"applications"`
	// Trees holds the resource trees by the name of their Application. An Application
	// without a tree has no pods.
	Trees map[string]v1alpha1.ApplicationTree `json:"trees"`
}

// Serve starts an Argo CD with the content of a YAML file and returns its
// address, which has no TLS. The server ends with the test.
func Serve(t testing.TB, file []byte) (address string) {
	t.Helper()
	var known content
	if err := yaml.UnmarshalStrict(file, &known); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	applicationpkg.RegisterApplicationServiceServer(server, &applications{content: known})
	applicationsetpkg.RegisterApplicationSetServiceServer(server, &applicationSets{})
	projectpkg.RegisterProjectServiceServer(server, &projects{})
	accountpkg.RegisterAccountServiceServer(server, &accounts{})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

// applications is Argo CD's service of this name. Methods that Octopod does not call
// return Unimplemented.
type applications struct {
	applicationpkg.UnimplementedApplicationServiceServer
	content
}

func (a *applications) List(_ context.Context, q *applicationpkg.ApplicationQuery) (*v1alpha1.ApplicationList, error) {
	list := &v1alpha1.ApplicationList{}
	list.ResourceVersion = "1"
	for _, app := range a.Applications {
		if slices.Contains(q.Projects, app.Spec.Project) {
			list.Items = append(list.Items, app)
		}
	}
	return list, nil
}

// Watch sends nothing, because nothing changes.
func (a *applications) Watch(_ *applicationpkg.ApplicationQuery, stream applicationpkg.ApplicationService_WatchServer) error {
	<-stream.Context().Done()
	return nil
}

func (a *applications) Get(_ context.Context, q *applicationpkg.ApplicationQuery) (*v1alpha1.Application, error) {
	for _, app := range a.Applications {
		if app.Name == q.GetName() {
			return &app, nil
		}
	}
	return nil, status.Error(codes.NotFound, "not found")
}

func (a *applications) ResourceTree(_ context.Context, q *applicationpkg.ResourcesQuery) (*v1alpha1.ApplicationTree, error) {
	tree := a.Trees[q.GetApplicationName()]
	return &tree, nil
}

// applicationSets accepts every ApplicationSet and has none.
type applicationSets struct {
	applicationsetpkg.UnimplementedApplicationSetServiceServer
}

func (*applicationSets) Create(_ context.Context, q *applicationsetpkg.ApplicationSetCreateRequest) (*v1alpha1.ApplicationSet, error) {
	return q.Applicationset, nil
}

func (*applicationSets) Get(context.Context, *applicationsetpkg.ApplicationSetGetQuery) (*v1alpha1.ApplicationSet, error) {
	return nil, status.Error(codes.NotFound, "not found")
}

// projects denies access to every AppProject.
type projects struct {
	projectpkg.UnimplementedProjectServiceServer
}

func (*projects) Get(context.Context, *projectpkg.ProjectQuery) (*v1alpha1.AppProject, error) {
	return nil, status.Error(codes.PermissionDenied, "permission denied")
}

// accounts allows everything.
type accounts struct {
	accountpkg.UnimplementedAccountServiceServer
}

func (*accounts) CanI(context.Context, *accountpkg.CanIRequest) (*accountpkg.CanIResponse, error) {
	return &accountpkg.CanIResponse{Value: "yes"}, nil
}
