package argocd_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"octopod/generator/argocd"
	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

func TestOptionsFromARGOCD_OPTS(t *testing.T) {
	o, err := argocd.Options{Server: "mine"}.WithFlags("--plaintext --server other --auth-token=t --loglevel debug --grpc-web=false -H a:b --grpc-web-root-path /argo --http-retry-max 3")
	want := argocd.Options{Server: "mine", Token: "t", PlainText: true, RootPath: "/argo", Headers: []string{"a:b"}}
	if err != nil || !reflect.DeepEqual(o, want) {
		t.Errorf("got %+v, %v\nwant %+v", o, err, want)
	}
	if _, err := (argocd.Options{}).WithFlags("--server"); staging.CodeOf(err) != staging.CodeInvalid {
		t.Errorf("a flag without value: %v", err)
	}
}

func TestConnectRefusesWhatCannotWork(t *testing.T) {
	for _, tt := range []struct {
		name string
		o    argocd.Options
		code staging.Code
	}{
		{"no server", argocd.Options{Token: "t", Project: "shop"}, staging.CodeInvalid},
		{"no token", argocd.Options{Server: "s", Project: "shop"}, staging.CodeUnauthorized},
		{"no project", argocd.Options{Server: "s", Token: "t"}, staging.CodeInvalid},
		{"no such certificate", argocd.Options{Server: "s", Token: "t", Project: "shop", CAFile: "/nowhere"}, staging.CodeInvalid},
		{"no such client certificate", argocd.Options{Server: "s", Token: "t", Project: "shop", CertFile: "/nowhere"}, staging.CodeInvalid},
		{"no address", argocd.Options{Server: "https://", Token: "t", Project: "shop"}, staging.CodeInvalid},
	} {
		if _, err := argocd.Connect(tt.o); staging.CodeOf(err) != tt.code {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	f := newFake(t)
	ctx := context.Background()
	check := func(name string, err error, code staging.Code, hint string) {
		t.Helper()
		if staging.CodeOf(err) != code || !strings.Contains(staging.HintOf(err), hint) {
			t.Errorf("%s: %v\nhint: %s", name, err, staging.HintOf(err))
		}
	}
	_, err := f.client(t, func(o *argocd.Options) { o.Token = "expired" }).Applications(ctx)
	check("wrong token", err, staging.CodeUnauthorized, "generate-token")

	c := f.client(t, func(*argocd.Options) {})
	f.with(func(f *fakeArgo) { f.may = "no" })
	_, err = c.Applications(ctx)
	check("an empty list that may not be read", err, staging.CodeForbidden, "p, octopod, applications, get, shop/*, allow")
	f.with(func(f *fakeArgo) { f.fault = status.Error(codes.PermissionDenied, "denied") })
	_, err = c.UpsertApplicationSet(ctx, shop(t, func(*project.Project) {}))
	check("denied", err, staging.CodeForbidden, "applicationsets, update")
	f.with(func(f *fakeArgo) { f.fault = status.Error(codes.Unknown, "boom") })
	_, err = c.Application(ctx, "login")
	check("a fault of its own", err, staging.CodeInternal, "")

	f.with(func(f *fakeArgo) { f.fault, f.hang = nil, make(chan struct{}) })
	hurry, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	_, err = c.Applications(hurry)
	check("no answer", err, staging.CodeTimeout, "")
	f.with(func(f *fakeArgo) { f.hang = nil })

	f.stop()
	_, err = c.Applications(ctx)
	check("away", err, staging.CodeUnavailable, "--argocd-plaintext")
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	if _, err = c.Applications(stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestTokenFileIsReadAnew(t *testing.T) {
	f := newFake(t)
	file := filepath.Join(t.TempDir(), "token")
	write := func(token string) {
		if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("old")
	c := f.client(t, func(o *argocd.Options) { o.Token, o.TokenFile = "", file })
	if _, err := c.Applications(context.Background()); staging.CodeOf(err) != staging.CodeUnauthorized {
		t.Errorf("an old token: %v", err)
	}
	write(goodToken)
	if _, err := c.Applications(context.Background()); err != nil {
		t.Errorf("a renewed token: %v", err)
	}
}

func TestRefreshAndUpsert(t *testing.T) {
	f := newFake(t)
	f.put("login", func(*v1alpha1.Application) {})
	asked := map[string]int{}
	c := f.client(t, func(o *argocd.Options) {
		o.OnCall = func(method, code string, _ time.Duration) { asked[method+" "+code]++ }
	})
	for hard, want := range map[bool]string{false: "refreshed normal", true: "refreshed hard"} {
		if app, err := c.Refresh(context.Background(), "login", hard); err != nil || app.Revision != want {
			t.Errorf("got %q, %v; want %q", app.Revision, err, want)
		}
	}
	requests := map[string]bool{}
	for range 2 {
		if fault, err := c.UpsertApplicationSet(context.Background(), shop(t, func(*project.Project) {})); err != nil || fault != "repository not found" {
			t.Fatal(fault, err)
		}
		q := f.upserts[len(f.upserts)-1]
		if !q.Upsert || q.Applicationset.Name != "shop" {
			t.Errorf("upsert: %+v", q)
		}
		requests[q.Applicationset.Annotations["argocd.argoproj.io/application-set-refresh"]] = true
	}
	if asked["ApplicationService/Get OK"] != 2 || asked["ApplicationSetService/Create OK"] != 2 {
		t.Errorf("told of the calls %v", asked)
	}
	if len(requests) != 2 || requests[""] {
		t.Errorf("a second request is no change to the first: %v", requests)
	}
}

func TestMissingPermissions(t *testing.T) {
	f := newFake(t)
	f.with(func(f *fakeArgo) { f.may = "no" })
	missing, err := f.client(t, func(*argocd.Options) {}).MissingPermissions(context.Background())
	if err != nil || len(missing) != len(argocd.Permissions()) {
		t.Errorf("got %v, %v", missing, err)
	}
}

func TestPodsOfTheNewestVersion(t *testing.T) {
	rev := func(n string) v1alpha1.InfoItem { return v1alpha1.InfoItem{Name: "Revision", Value: "Rev:" + n} }
	reason := func(r string) v1alpha1.InfoItem { return v1alpha1.InfoItem{Name: "Status Reason", Value: r} }
	serving := node("Pod", "serving", "p0", "r9", reason("Running"))
	serving.Health = &v1alpha1.HealthStatus{Status: "Healthy"}
	pods := argocd.PodsOf(&v1alpha1.ApplicationTree{Nodes: []v1alpha1.ResourceNode{
		node("Deployment", "backend", "d", "", rev("10")),
		node("ReplicaSet", "backend-1", "r9", "d", rev("9")),
		node("ReplicaSet", "backend-2", "r10", "d", rev("10")),
		node("Pod", "old", "p1", "r9", reason("CrashLoopBackOff")),
		serving,
		node("Pod", "new", "p2", "r10", reason("Running")),
		node("Pod", "going", "p3", "r10", reason("Terminating")),
		node("Pod", "loop", "p4", "p4", reason("Running")),
		node("StatefulSet", "postgres", "s", ""),
		node("Pod", "postgres-0", "p5", "s", reason("Running")),
		node("Pod", "bare", "p6", "", reason("Running")),
	}})
	var got []string
	for _, p := range pods {
		got = append(got, p.Name+" of "+p.Workload+" "+p.Status+strings.Repeat(" beside an earlier one", p.Earlier))
	}
	want := "bare of Pod/bare Running, loop of Pod/loop Running, new of Deployment/backend Running beside an earlier one, postgres-0 of StatefulSet/postgres Running"
	if strings.Join(got, ", ") != want {
		t.Errorf("got %s", strings.Join(got, ", "))
	}
}

// A server that hangs accepts calls and never answers. No call waits for longer than its
// limit, whatever deadline the caller has.
func TestEveryCallHasALimit(t *testing.T) {
	f := newFake(t)
	c := f.client(t, func(*argocd.Options) {})
	c.Hasten(time.Hour, time.Hour, 100*time.Millisecond)
	hang := make(chan struct{})
	defer close(hang)
	f.with(func(f *fakeArgo) { f.hang = hang })
	p := shop(t, func(*project.Project) {})
	for name, call := range map[string]func(context.Context) error{
		"list":    func(ctx context.Context) error { _, err := c.Applications(ctx); return err },
		"get":     func(ctx context.Context) error { _, err := c.Application(ctx, "shop-login"); return err },
		"refresh": func(ctx context.Context) error { _, err := c.Refresh(ctx, "shop-login", false); return err },
		"upsert":  func(ctx context.Context) error { _, err := c.UpsertApplicationSet(ctx, p); return err },
		"rights":  func(ctx context.Context) error { _, err := c.MissingPermissions(ctx); return err },
		"foreign": func(ctx context.Context) error { _, err := c.Foreign(ctx, p); return err },
	} {
		began := time.Now()
		err := call(t.Context())
		if staging.CodeOf(err) != staging.CodeTimeout || time.Since(began) > testenv.Timeout/4 {
			t.Errorf("%s: %v after %s", name, err, time.Since(began))
		}
	}
}
