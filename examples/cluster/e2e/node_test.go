//go:build cluster

package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	corev1 "k8s.io/api/core/v1"

	"octopod/examples/cluster"
	images "octopod/examples/cluster/image"
	programs "octopod/examples/shop"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// On a real node, the programs of the sample run: what Octopod reports is compared
// with the programs, not with kwok's play.
func TestE2ERealNode(t *testing.T) {
	if lack := cluster.NodeLack(); lack != nil {
		t.Skip(lack)
	}
	c := startNode(t)
	s := newShopOn(t, c, "node")
	s.useNode()
	t.Run("each staging has its own program and data", func(t *testing.T) { s.in(t).ownData() })
	t.Run("a fault is the one that happened", func(t *testing.T) { s.in(t).faults() })
	data := newShopOn(t, c, "data")
	data.useSharedServer()
	server := data.sharedServer()
	t.Run("each staging has its own database on a shared server", func(t *testing.T) { data.in(t).ownDatabases(server) })
	t.Run("a reset is taken back by a revert, a snapshot, and an undo", func(t *testing.T) { data.in(t).dataReturns() })
	t.Run("deleted stagings leave nothing on the server", func(t *testing.T) { data.in(t).dataGo(server) })
	t.Run("nothing is left", func(t *testing.T) { leavesNothing(t, c) })
}

// startNode starts a cluster with a real node.
func startNode(t *testing.T) *cluster.Cluster {
	t.Helper()
	return startAnother(t, "node", cluster.Options{ArgoCD: version(), Node: true})
}

// in returns the shop for a part of the test.
func (s *shop) in(t *testing.T) *shop {
	part := *s
	part.t = t
	return &part
}

// useNode changes the sample so that its pods run on the real node.
func (s *shop) useNode() {
	s.t.Helper()
	postgres, err := images.PostgreSQL(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	s.has(map[string]v1.Image{programs.PostgresImage: postgres})
	s.byHand(func(work string) {
		if err := programs.RealNode(work); err != nil {
			s.t.Fatal(err)
		}
	})
	s.octopod("lint", "--fix") // it commits too
	s.apply(argocdAPI+"applicationsets/"+s.project, s.file("argocd/applicationset.yaml"))
}

// has imports images into the node.
func (s *shop) has(all map[string]v1.Image) {
	s.t.Helper()
	if err := s.cluster().Import(s.t.Context(), all); err != nil {
		s.t.Fatal(err)
	}
}

// branch builds the programs of a branch and deploys them. A change may replace
// an image of the build.
func (s *shop) branch(name string, change func(built map[string]v1.Image)) {
	s.t.Helper()
	built, err := programs.Images(s.t.Context(), "feature/"+name, name+"-1")
	if err != nil {
		s.t.Fatal(err)
	}
	if change != nil {
		change(built)
	}
	s.has(built)
	s.octopod("deploy", name, "--branch", "feature/"+name,
		"--image", "backend="+programs.Image("backend", name+"-1"), "--image", "frontend="+programs.Image("frontend", name+"-1"))
}

// visit opens the page of a staging as the customer eve. A form is sent.
func (s *shop) visit(name, path string, form url.Values) string {
	s.t.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.cluster().Ingress(name+"."+s.domain())+path, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Cookie", "customer=eve")
	answer, err := s.cluster().Browser().Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return fmt.Sprintf("%s\n%s", answer.Status, text)
}

// ownData puts something into the cart of one staging; the other's stays empty,
// for the same customer.
func (s *shop) ownData() {
	for _, name := range []string{"login", "search"} {
		s.branch(name, nil)
	}
	for _, name := range []string{"login", "search"} {
		s.waits(name, "running")
	}
	for range 2 {
		// The first request may come before the Ingress controller knows the host.
		testenv.Eventually(s.t, "the page of login", func() (string, bool) {
			text := s.visit("login", "/", nil)
			return text, strings.HasPrefix(text, "200")
		})
		s.visit("login", "/cart", url.Values{"product": {"tea"}})
	}
	for name, quantity := range map[string]int{"login": 2, "search": 0} {
		page := testenv.Eventually(s.t, "the page of "+name, func() (string, bool) {
			text := s.visit(name, "/", nil)
			return text, strings.HasPrefix(text, "200")
		})
		for _, want := range []string{
			"<strong id=\"branch\">feature/" + name + "<", "<code id=\"commit\">" + name + "-1<", "Backend: branch feature/" + name + ",",
			fmt.Sprintf("id=\"quantity-tea\">%d<", quantity), "<span id=\"payments\">sandbox<",
		} {
			if !strings.Contains(page, want) {
				s.t.Errorf("the page of %s has no %s:\n%s", name, want, page)
			}
		}
	}
}

// replaced returns a change that replaces one image of a build by the same
// program with other arguments and variables.
func (s *shop) replaced(name string, args []string, env ...string) func(map[string]v1.Image) {
	return func(built map[string]v1.Image) {
		changed, err := programs.With(built[name], args, env...)
		if err != nil {
			s.t.Fatal(err)
		}
		built[name] = changed
	}
}

// faults deploys a build that crashes and one whose image is missing, and
// compares what Octopod reports with the containers.
func (s *shop) faults() {
	s.branch("crash", s.replaced(programs.Image("backend", "crash-1"), []string{"no-such-command"}))
	s.branch("gone", func(built map[string]v1.Image) { delete(built, programs.Image("frontend", "gone-1")) })
	s.branch("deaf", s.replaced(programs.Image("frontend", "deaf-1"), nil, "LISTEN=127.0.0.1:8080"))

	crash := s.reaches("crash", staging.PhaseFailed, staging.PhaseRunning)
	if state := s.container("crash", "backend"); state.LastTerminationState.Terminated == nil || state.LastTerminationState.Terminated.ExitCode != 1 {
		s.t.Errorf("the backend did not crash: %+v", state)
	}
	s.names("crash", crash, "backend", "crash")

	gone := s.reaches("gone", staging.PhaseFailed, staging.PhaseRunning)
	if state := s.container("gone", "frontend"); state.State.Waiting == nil || !strings.Contains(state.State.Waiting.Reason, "Pull") {
		s.t.Errorf("the image was found: %+v", state)
	}
	s.names("gone", gone, "frontend", "image")

	testenv.Eventually(s.t, "kubelet restarts the program that does not answer", func() (int32, bool) {
		restarts := s.container("deaf", "frontend").RestartCount
		return restarts, restarts > 0
	})
	deaf := s.status("deaf")
	if deaf.Phase == staging.PhaseRunning {
		s.t.Errorf("nothing answers, and deaf is %s", say(deaf))
	}
	s.names("deaf", deaf, "frontend")
}

// names requires words in what Octopod reports about a staging.
func (s *shop) names(name string, status staging.Status, words ...string) {
	s.t.Helper()
	for _, word := range words {
		if !strings.Contains(say(status), word) {
			s.t.Errorf("%s: %q does not name %s", name, say(status), word)
		}
	}
}

// container returns the state of the container of a service, of its newest pod.
func (s *shop) container(name, service string) (state corev1.ContainerStatus) {
	s.t.Helper()
	var pods corev1.PodList
	s.list("/api/v1/namespaces/"+s.namespace(name)+"/pods?labelSelector=app%3D"+service, &pods)
	for _, pod := range pods.Items {
		for _, has := range pod.Status.ContainerStatuses {
			state = has
		}
	}
	return state
}

// leavesNothing kills the two programs that would clear up, stops the cluster, and
// looks for what is left of it on the machine.
func leavesNothing(t *testing.T, c *cluster.Cluster) {
	network := fmt.Sprint("octopod-", c.Node.Number)
	for _, part := range []cluster.Part{cluster.Kubelet, cluster.Containerd} {
		if err := c.Signal(part, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, look := range []string{
		"ip -oneline link | grep -w " + network, "ip netns | grep -w " + network, "ip route | grep -w " + network,
		"iptables-save | grep -e KUBE- -e CNI-", "grep -F " + c.Dir + "/ /proc/self/mountinfo", "find /sys/fs/cgroup -name " + network,
		"find /var/log/containers -lname '" + c.Dir + "/*'", "find /var/lib/cni -name '" + network + "-*'", "find " + c.Dir,
	} {
		// A search that finds nothing fails.
		if found, _ := exec.Command("sh", "-c", look).Output(); len(found) > 0 {
			t.Errorf("%s:\n%s", look, found)
		}
	}
	commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range commands {
		// A process that has ended is none that is left.
		if data, _ := os.ReadFile(file); strings.Contains(string(data), c.Dir+"/") {
			t.Errorf("%s: %q", file, data)
		}
	}
}
