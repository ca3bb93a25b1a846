//go:build cluster

package e2e_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"octopod/examples/cluster"
)

// world is the shared state of all cases: one cluster, and the program.
var world struct {
	*cluster.Cluster
	octopod string
}

// projects are the projects of Octopod's account: all projects of these tests.
const projects = "e2e-*"

func TestMain(m *testing.M) {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	code, err := run(ctx, m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

// version returns the version of Argo CD: `make e2e ARGOCD=v3` sets it.
func version() cluster.Version { return cluster.Version(os.Getenv("OCTOPOD_ARGOCD")) }

func run(ctx context.Context, m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "octopod-e2e-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	world.octopod = filepath.Join(dir, "octopod")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", world.octopod, "octopod/cmd/octopod")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("building octopod: %w\n%s", err, out)
	}
	stop, err := openCluster(ctx)
	if err != nil {
		return 1, err
	}
	code = m.Run()
	return code, stop()
}

// openCluster returns the cluster of OCTOPOD_CLUSTER, or starts one; stop stops
// the started one. It first stops a cluster that an interrupted run has left.
func openCluster(ctx context.Context) (stop func() error, err error) {
	if dir := os.Getenv("OCTOPOD_CLUSTER"); dir != "" {
		world.Cluster, err = cluster.Open(dir)
		return func() error { return nil }, err
	}
	dir := filepath.Join(os.TempDir(), "octopod-e2e")
	if left, err := cluster.Open(dir); err == nil {
		if err := left.Stop(ctx); err != nil {
			return nil, err
		}
	}
	if err := cluster.Build(ctx, cluster.BuildOptions{ArgoCD: version(), Forge: true, Log: os.Stderr}); err != nil {
		return nil, err
	}
	world.Cluster, err = cluster.Start(ctx, dir, cluster.Options{Projects: []string{projects}, ArgoCD: version(), Forge: true, Log: os.Stderr})
	return func() error { return world.Stop(context.WithoutCancel(ctx)) }, err
}

// startAnother starts a cluster beside the one of all cases, and stops it after the test.
// It first stops a cluster that an interrupted run has left.
func startAnother(t *testing.T, name string, o cluster.Options) *cluster.Cluster {
	t.Helper()
	dir := filepath.Join(os.TempDir(), "octopod-e2e-"+name)
	if left, err := cluster.Open(dir); err == nil {
		if err := left.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := cluster.Build(t.Context(), cluster.BuildOptions{ArgoCD: o.ArgoCD, Node: o.Node, Log: os.Stderr}); err != nil {
		t.Fatal(err)
	}
	o.Projects, o.Log = []string{projects}, os.Stderr
	c, err := cluster.Start(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := os.Stat(dir); err == nil {
			if err := c.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		}
	})
	return c
}
