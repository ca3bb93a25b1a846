//go:build cluster

package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"octopod/examples/cluster"
	"octopod/generator/argocd"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// follower stores the events of a watch.
type follower struct {
	client *argocd.Client
	stop   func() error // ends the watch, and returns its error

	mu    sync.Mutex
	known map[string]uint64 // versions of the Applications
	kinds []argocd.EventKind
	heard func(argocd.Event) // or nil
}

// follow watches the Applications of the shop.
func (s *shop) follow(options func(*argocd.Options)) *follower {
	s.t.Helper()
	o := argocd.Options{Server: world.ArgoCD(), Token: world.Token, PlainText: true, Project: s.project}
	options(&o)
	client, err := argocd.Connect(o)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	f := &follower{client: client, known: map[string]uint64{}}
	f.stop = sync.OnceValue(func() error {
		cancel()
		return errors.Join(<-ended, client.Close())
	})
	go func() { ended <- client.Watch(ctx, f.take) }()
	s.t.Cleanup(func() { _ = f.stop() })
	return f
}

// hear calls a function with every event from now on, one at a time.
func (f *follower) hear(heard func(argocd.Event)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.heard = heard
}

func (f *follower) take(e argocd.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kinds = append(f.kinds, e.Kind)
	switch e.Kind {
	case argocd.Modified:
		f.known[e.Application.Name] = e.Application.Version
	case argocd.Deleted:
		delete(f.known, e.Application.Name)
	}
	if f.heard != nil {
		f.heard(e)
	}
}

// upToDate reports whether the watch has delivered the current version of every
// Application.
func (f *follower) upToDate(ctx context.Context) (string, bool) {
	apps, err := f.client.Applications(ctx)
	if err != nil {
		return err.Error(), false
	}
	now := map[string]uint64{}
	for _, app := range apps {
		now[app.Name] = app.Version
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return fmt.Sprintf("told %v, there is %v", f.known, now), maps.Equal(f.known, now)
}

func (f *follower) told(kind argocd.EventKind) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Contains(f.kinds, kind)
}

// A watch loses no event while Argo CD's server hangs or is down, over gRPC and
// gRPC-web, and leaves no goroutine behind.
func TestE2EWatchLosesNothing(t *testing.T) {
	s := newShop(t, "watch")
	for _, name := range []string{"stays", "changes", "goes"} {
		s.deploy(name, "v1")
	}
	s.allRun("stays", "changes", "goes")
	before := stacks()
	followers := map[string]*follower{
		"grpc":     s.follow(func(*argocd.Options) {}),
		"grpc-web": s.follow(func(o *argocd.Options) { o.GRPCWeb = true }),
	}
	catchUp := func(when string) {
		t.Helper()
		for name, f := range followers {
			testenv.Eventually(s.t, name+" is up to date "+when, func() (string, bool) { return f.upToDate(t.Context()) })
		}
	}
	catchUp("at first")

	s.freeze(cluster.Server)
	s.commitUnseen("changes", "v2")
	s.changeUnseen("stays", "while it hangs")
	s.thaw(cluster.Server)
	s.runs("changes", "v2")
	catchUp("after it hung")

	s.down(cluster.Server)
	testenv.Eventually(s.t, "the watches notice that it is away", func() (string, bool) {
		return "they do not", followers["grpc"].told(argocd.Unreachable) && followers["grpc-web"].told(argocd.Unreachable)
	})
	s.commitUnseen("changes", "v3")
	s.changeUnseen("stays", "while it is away")
	s.octopod("delete", "goes", "--yes")
	s.deploy("comes", "v1")
	s.up(cluster.Server)
	s.allRun("changes", "comes")
	s.waits("goes", "deleted")
	catchUp("after it was away")
	s.hasImage("changes", "v3")

	for name, f := range followers {
		if err := f.stop(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s ended with %v", name, err)
		}
	}
	testenv.Eventually(s.t, "no goroutine is left", func() (string, bool) {
		return fmt.Sprintf("%d goroutines, %d before", stacks(), before), stacks() == before
	})
}

// commitUnseen commits while Argo CD's server is down, and ignores that the
// refresh fails.
func (s *shop) commitUnseen(name, tag string) {
	s.t.Helper()
	if r := s.try(deployment(name, tag)...); r.code != 0 {
		s.t.Fatal(r)
	}
}

// changeUnseen changes an Application while Argo CD's server is down.
func (s *shop) changeUnseen(name, note string) {
	s.t.Helper()
	s.apply(argocdAPI+"applications/"+s.namespace(name), fmt.Appendf(nil,
		"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: %s, annotations: {e2e: %q}}\n", s.namespace(name), note))
}

// stacks counts the goroutines of Octopod's client and of its connections.
func stacks() (n int) {
	buffer := make([]byte, 1<<22)
	for _, one := range strings.Split(string(buffer[:runtime.Stack(buffer, true)]), "\n\n") {
		if strings.Contains(one, "octopod/generator/argocd.") || strings.Contains(one, "google.golang.org/grpc") {
			n++
		}
	}
	return n
}

// `get --watch` prints every phase in order, each once.
func TestE2EGetWatch(t *testing.T) {
	t.Parallel()
	s := newShop(t, "getwatch")
	seen := s.watchPhases("login")
	s.deploy("login", "v1")
	seen.await(staging.PhaseRunning)
	s.deploy("login", "crash-1")
	seen.await(staging.PhaseFailed)
	s.deploy("login", "v2")
	seen.await(staging.PhaseRunning)
	s.octopod("archive", "login")
	seen.await(staging.PhaseArchived)
	s.octopod("delete", "login", "--yes")
	seen.await("")
}

// phases are the phases of one staging in the output of `octopod get --watch`.
type phases struct {
	s    *shop
	news chan staging.Status
	past []string
}

// watchPhases runs `octopod get --watch` for a staging until the test ends.
func (s *shop) watchPhases(name string) *phases {
	s.t.Helper()
	cmd := s.command(s.t.Context(), "get", name, "--watch", "-o", "json")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	p := &phases{s: s, news: make(chan staging.Status, 1000)}
	go func() {
		defer close(p.news)
		for decoder := json.NewDecoder(stdout); ; {
			var view staging.View
			if decoder.Decode(&view) != nil {
				return
			}
			p.news <- view.Status
		}
	}()
	s.t.Cleanup(func() { _ = cmd.Wait() })
	return p
}

// await waits for a phase; the empty phase means deleted.
func (p *phases) await(want staging.Phase) {
	p.s.t.Helper()
	ended := time.After(patience)
	for {
		select {
		case status, ok := <-p.news:
			if !ok {
				p.s.t.Fatalf("the watch ended before %q; it told %q", want, p.past)
			}
			p.past = append(p.past, say(status))
			if status.Phase == want {
				return
			}
		case <-ended:
			p.s.t.Fatalf("no %q after %s; the watch told %q", want, patience, p.past)
		}
	}
}
