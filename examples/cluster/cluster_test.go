package cluster

import (
	"net"
	"os"
	"slices"
	"strings"
	"testing"
)

func prepared(t *testing.T) *Cluster {
	t.Helper()
	c, err := prepare(t.Context(), t.TempDir(), Options{Bin: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	c.Node = &node{Number: 7} // its files and command lines need no network
	if err := c.writeNodeConfig(); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryPartHasACommandAndAHealth(t *testing.T) {
	c := prepared(t)
	for _, part := range Parts() {
		if len(c.arguments(part)) == 0 {
			t.Errorf("%s has no command line", part)
		}
		if part != Redis && part != Containerd && c.health(part) == "" {
			t.Errorf("%s cannot be asked for its health", part)
		}
	}
}

// A cluster has a forge only with Options.Forge.
func TestTheForgeIsAChoice(t *testing.T) {
	without, with := &Cluster{}, &Cluster{Forge: true}
	if slices.Contains(without.parts(), Gitea) || !slices.Contains(with.parts(), Gitea) {
		t.Errorf("without: %v, with: %v", without.parts(), with.parts())
	}
	if err := without.GiteaAPI(t.Context(), "GET", "/version", nil, nil); err == nil || !strings.Contains(err.Error(), "--forge") {
		t.Errorf("got %v", err)
	}
	if built := len(modules(V2, true, false)) - len(modules(V2, false, false)); built != 1 {
		t.Errorf("%d modules more", built)
	}
}

func TestPortsAreFreeAndDifferent(t *testing.T) {
	ports, err := freePorts(portNames())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for name, port := range ports {
		if port == 0 || seen[port] {
			t.Errorf("%s has port %d", name, port)
		}
		seen[port] = true
	}
}

func TestEveryPortIsUsed(t *testing.T) {
	c := prepared(t)
	var words []string
	for _, part := range Parts() {
		words = append(words, c.arguments(part)...)
	}
	traefik, err := os.ReadFile(c.path("traefik.json"))
	if err != nil {
		t.Fatal(err)
	}
	words = append(words, string(traefik))
	all := strings.Join(words, " ")
	for _, name := range portNames() {
		if !strings.Contains(all, c.port(name)) {
			t.Errorf("no part has port %s", name)
		}
	}
}

func TestTwoClustersDoNotShareAFolder(t *testing.T) {
	c := prepared(t)
	if _, err := prepare(t.Context(), c.Dir, Options{}); err == nil || !strings.Contains(err.Error(), "cluster down") {
		t.Errorf("got %v", err)
	}
	if opened, err := Open(c.Dir); err != nil || opened.KubeToken != c.KubeToken {
		t.Errorf("got %v, %v", opened, err)
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "cluster up") {
		t.Errorf("an empty folder: %v", err)
	}
}

// A pid that the system has reused does not belong to the part.
func TestAForeignProcessIsNotAPart(t *testing.T) {
	own, err := os.ReadFile("/proc/self/cmdline")
	if err != nil {
		t.Skip("no /proc")
	}
	command := strings.Split(strings.TrimSuffix(string(own), "\x00"), "\x00")
	if p := (process{PID: os.Getpid(), Command: command}); !p.alive() {
		t.Error("this process is not found")
	}
	if p := (process{PID: os.Getpid(), Command: []string{"etcd"}}); p.alive() {
		t.Error("this process is taken for etcd")
	}
}

func TestPolicyIsTheLeast(t *testing.T) {
	c := &Cluster{Projects: []string{"a", "b"}}
	lines := strings.Split(strings.TrimSpace(c.policy()), "\n")
	want := []string{
		"p, octopod, applications, get, b/*, allow",
		"p, octopod, applicationsets, get, b/*, allow",
		"p, octopod, applicationsets, create, b/*, allow",
		"p, octopod, applicationsets, update, b/*, allow",
	}
	if len(lines) != 2*len(want) || !slices.Equal(lines[len(want):], want) {
		t.Errorf("got %q", lines)
	}
}

func TestPingIsNotFooled(t *testing.T) {
	listener, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		if conn, err := listener.Accept(); err == nil {
			_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\n"))
			_ = conn.Close()
		}
	}()
	if err := ping(t.Context(), listener.Addr().String()); err == nil {
		t.Error("something that is no redis is taken for one")
	}
}

// Each version of Argo CD has a folder of its own, so that both stay built.
func TestTheVersionOfArgoCDIsAChoice(t *testing.T) {
	for _, v := range []Version{"", V2, V3} {
		if err := v.check(); err != nil {
			t.Error(err)
		}
	}
	if err := Version("v1").check(); err == nil || !strings.Contains(err.Error(), "v2 or v3") {
		t.Errorf("got %v", err)
	}
	two, three := &Cluster{Bin: "/bin"}, &Cluster{Bin: "/bin", Argo: V3}
	if two.argoBin() == three.argoBin() || !slices.Contains(three.arguments(RepoServer), "--client-ca-path") {
		t.Errorf("both in %s; %v", two.argoBin(), three.arguments(RepoServer))
	}
}
