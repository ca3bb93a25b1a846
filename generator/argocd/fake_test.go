package argocd_test

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	accountpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/account"
	applicationpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	applicationsetpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/applicationset"
	projectpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/project"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"octopod/generator/argocd"
	"octopod/generator/project"
	"octopod/generator/testenv"
)

// fakeArgo speaks Argo CD's protocol over a real socket. It behaves as the real
// one does where that is inconvenient: events before the subscription are lost.
type fakeArgo struct {
	applicationpkg.UnimplementedApplicationServiceServer
	accountpkg.UnimplementedAccountServiceServer

	t       testing.TB
	address string
	door    *door

	mu          sync.Mutex
	server      *grpc.Server
	version     int
	apps        map[string]v1alpha1.Application
	stale       *v1alpha1.ApplicationList // answered instead, when set
	subscribers map[chan v1alpha1.ApplicationWatchEvent]bool
	streams     int // watches ever opened
	mute        bool
	fault       error
	may         string // the answer of CanI
	hang        chan struct{}
	tree        v1alpha1.ApplicationTree
	treeFault   error
	manifests   map[string]string // by Kind/name
	lost        error             // the answer for every object, when set
	silent      chan struct{}     // told of each request for an object, which then gets no answer, when set
	projects    []v1alpha1.AppProject
	set         *v1alpha1.ApplicationSet // the one that Argo CD has
	upserts     []*applicationsetpkg.ApplicationSetCreateRequest
	upsertFault error // of every upsert, when set
}

const goodToken = "good"

func newFake(t testing.TB) *fakeArgo {
	t.Helper()
	f := &fakeArgo{t: t, apps: map[string]v1alpha1.Application{}, subscribers: map[chan v1alpha1.ApplicationWatchEvent]bool{}, may: "yes", version: 100}
	f.door = newDoor(t)
	f.address = f.door.Addr().String()
	f.serve()
	t.Cleanup(f.stop)
	return f
}

func (f *fakeArgo) serve() {
	server := grpc.NewServer()
	applicationpkg.RegisterApplicationServiceServer(server, f)
	applicationsetpkg.RegisterApplicationSetServiceServer(server, &fakeSets{fake: f})
	accountpkg.RegisterAccountServiceServer(server, f)
	projectpkg.RegisterProjectServiceServer(server, &fakeProjects{fake: f})
	f.mu.Lock()
	f.server = server
	f.mu.Unlock()
	room := f.door.enter()
	go func() { _ = server.Serve(room) }()
}

func (f *fakeArgo) stop() {
	f.mu.Lock()
	server := f.server
	f.mu.Unlock()
	server.Stop()
}

// restart comes back at the same address.
func (f *fakeArgo) restart() { f.serve() }

// put stores an Application and notifies the watchers, unless the fake is mute.
func (f *fakeArgo) put(name string, change func(*v1alpha1.Application)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	kind := watch.Modified
	app, there := f.apps[name]
	if !there {
		kind = watch.Added
		app.Name, app.UID = name, "uid"
		app.Labels = map[string]string{project.LabelProject: "shop", project.LabelStaging: name}
		app.Spec.Project = "shop"
	}
	f.version++
	app.ResourceVersion = strconv.Itoa(f.version)
	change(&app)
	f.apps[name] = app
	f.tell(kind, app)
}

func (f *fakeArgo) remove(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	app := f.apps[name]
	delete(f.apps, name)
	f.version++
	app.ResourceVersion = strconv.Itoa(f.version)
	f.tell(watch.Deleted, app)
}

func (f *fakeArgo) tell(kind watch.EventType, app v1alpha1.Application) {
	if f.mute {
		return
	}
	for subscriber := range f.subscribers {
		subscriber <- v1alpha1.ApplicationWatchEvent{Type: kind, Application: app}
	}
}

func (f *fakeArgo) with(change func(*fakeArgo)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fakeArgo) awaitSubscriber() {
	testenv.Eventually(f.t, "somebody watches", func() (there int, ok bool) {
		f.with(func(f *fakeArgo) { there = len(f.subscribers) })
		return there, there > 0
	})
}

func (f *fakeArgo) refuse(ctx context.Context) error {
	md, _ := metadata.FromIncomingContext(ctx)
	if !slices.Contains(md.Get("token"), goodToken) {
		return status.Error(codes.Unauthenticated, "invalid session: token expired")
	}
	f.mu.Lock()
	fault, hang := f.fault, f.hang
	f.mu.Unlock()
	if hang != nil {
		select {
		case <-hang:
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		}
	}
	return fault
}

func (f *fakeArgo) List(ctx context.Context, _ *applicationpkg.ApplicationQuery) (*v1alpha1.ApplicationList, error) {
	if err := f.refuse(ctx); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stale != nil {
		return f.stale, nil
	}
	return f.snapshot(), nil
}

func (f *fakeArgo) snapshot() *v1alpha1.ApplicationList {
	list := &v1alpha1.ApplicationList{ListMeta: metav1.ListMeta{ResourceVersion: strconv.Itoa(f.version)}}
	for _, app := range f.apps {
		list.Items = append(list.Items, app)
	}
	return list
}

func (f *fakeArgo) Watch(_ *applicationpkg.ApplicationQuery, stream applicationpkg.ApplicationService_WatchServer) error {
	if err := f.refuse(stream.Context()); err != nil {
		return err
	}
	events := make(chan v1alpha1.ApplicationWatchEvent, 1000)
	f.with(func(f *fakeArgo) { f.subscribers[events] = true; f.streams++ })
	defer f.with(func(f *fakeArgo) { delete(f.subscribers, events) })
	for {
		select {
		case event := <-events:
			if err := stream.Send(&event); err != nil {
				return err
			}
		case <-stream.Context().Done():
			return nil
		}
	}
}

func (f *fakeArgo) Get(ctx context.Context, q *applicationpkg.ApplicationQuery) (*v1alpha1.Application, error) {
	if err := f.refuse(ctx); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	app, ok := f.apps[q.GetName()]
	if !ok {
		return nil, status.Error(codes.NotFound, "not found")
	}
	if q.Refresh != nil {
		app.Status.Sync.Revision = "refreshed " + q.GetRefresh()
	}
	return &app, nil
}

// fakeSets is apart, because two of its methods have names of fakeArgo's.
type fakeSets struct {
	applicationsetpkg.UnimplementedApplicationSetServiceServer
	fake *fakeArgo
}

func (s *fakeSets) Create(ctx context.Context, q *applicationsetpkg.ApplicationSetCreateRequest) (*v1alpha1.ApplicationSet, error) {
	if err := s.fake.refuse(ctx); err != nil {
		return nil, err
	}
	var fault error
	s.fake.with(func(f *fakeArgo) { f.upserts, fault = append(f.upserts, q), f.upsertFault })
	if fault != nil {
		return nil, fault
	}
	answer := *q.Applicationset
	answer.Status.Conditions = []v1alpha1.ApplicationSetCondition{
		{Type: v1alpha1.ApplicationSetConditionErrorOccurred, Status: v1alpha1.ApplicationSetConditionStatusTrue, Message: "repository not found"},
	}
	return &answer, nil
}

func (s *fakeSets) Get(ctx context.Context, _ *applicationsetpkg.ApplicationSetGetQuery) (*v1alpha1.ApplicationSet, error) {
	if err := s.fake.refuse(ctx); err != nil {
		return nil, err
	}
	s.fake.mu.Lock()
	defer s.fake.mu.Unlock()
	if s.fake.set == nil {
		return nil, status.Error(codes.NotFound, "not found")
	}
	return s.fake.set, nil
}

type fakeProjects struct {
	projectpkg.UnimplementedProjectServiceServer
	fake *fakeArgo
}

func (s *fakeProjects) List(ctx context.Context, _ *projectpkg.ProjectQuery) (*v1alpha1.AppProjectList, error) {
	if err := s.fake.refuse(ctx); err != nil {
		return nil, err
	}
	list := &v1alpha1.AppProjectList{}
	s.fake.with(func(f *fakeArgo) { list.Items = f.projects })
	return list, nil
}

func (f *fakeArgo) CanI(ctx context.Context, _ *accountpkg.CanIRequest) (*accountpkg.CanIResponse, error) {
	if err := f.refuse(ctx); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return &accountpkg.CanIResponse{Value: f.may}, nil
}

func (f *fakeArgo) client(t testing.TB, change func(*argocd.Options)) *argocd.Client {
	t.Helper()
	o := argocd.Options{Server: f.address, Token: goodToken, PlainText: true, Project: "shop"}
	change(&o)
	c, err := argocd.Connect(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	c.Hasten(20*time.Millisecond, 50*time.Millisecond, testenv.Timeout)
	return c
}
