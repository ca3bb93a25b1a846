package cluster

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// real returns a cluster with the place of a real node, where the machine can
// have one.
func real(t *testing.T) *Cluster {
	t.Helper()
	if lack := NodeLack(); lack != nil {
		t.Skip(lack)
	}
	c, err := prepare(t.Context(), t.TempDir(), Options{Bin: t.TempDir(), Node: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.clearNode(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}

// traces returns what the machine has of a node.
func (n *node) traces(t *testing.T) (found []string) {
	t.Helper()
	for _, list := range [][]string{{"ip", "-oneline", "link"}, {"ip", "route"}, {"ip", "netns"}} {
		out, err := output(t.Context(), list[0], list[1:]...)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out) {
			if slices.Contains(strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" @:\n", r) }), n.network()) {
				found = append(found, strings.TrimSpace(line))
			}
		}
	}
	return append(found, n.groups()...)
}

// A node that was made is removed without a rest: its network, a process in its
// control group, a mount in the cluster's folder.
func TestClearNodeLeavesNothing(t *testing.T) {
	c := real(t)
	if len(c.Node.traces(t)) < 4 { // an interface, a route, a namespace, a group
		t.Fatalf("only %q were made", c.Node.traces(t))
	}
	stray := exec.Command(c.Node.inside("sleep", "600")[0], c.Node.inside("sleep", "600")[1:]...)
	if err := stray.Start(); err != nil {
		t.Fatal(err)
	}
	groups := c.Node.groups()
	if err := os.WriteFile(filepath.Join(groups[0], "cgroup.procs"), []byte(strconv.Itoa(stray.Process.Pid)), 0o644); err != nil {
		t.Fatal(err)
	}
	mount := c.path("kubelet")
	if err := command(t.Context(), "mount", "-t", "tmpfs", "tmpfs", mount); err != nil {
		t.Fatal(err)
	}

	done := make(chan error, 1)
	go func() { done <- stray.Wait() }()
	if err := c.clearNode(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil || stray.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("the process ended before it was stopped: %v", err)
	}
	if left := c.Node.traces(t); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	if left, err := mountsBelow(c.Dir); err != nil || len(left) > 0 {
		t.Errorf("mounted: %q, %v", left, err)
	}
}

// Two clusters on one machine do not share a network.
func TestNodesDiffer(t *testing.T) {
	one, two := real(t), real(t)
	if one.Node.Number == two.Node.Number || one.Node.pods() == two.Node.pods() {
		t.Errorf("both are %+v", one.Node)
	}
}

// The reason names the missing programs and the command that installs them.
func TestNodeLackNamesTheProgram(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("without root it names root")
	}
	t.Setenv("PATH", t.TempDir())
	lack := NodeLack()
	if lack == nil || !strings.Contains(lack.Error(), "containerd") || !strings.Contains(lack.Error(), "apt-get install") {
		t.Errorf("got %v", lack)
	}
	var said strings.Builder
	c, err := prepare(t.Context(), t.TempDir(), Options{Bin: t.TempDir(), Node: true, Log: &said})
	if err != nil || c.Node != nil || !strings.Contains(said.String(), "containerd") {
		t.Errorf("got %v, %v, %q", c.Node, err, said.String())
	}
}

// Kwok must leave the pods of the real node alone.
func TestKwokKeepsToItsNode(t *testing.T) {
	with, without := &Cluster{Node: &node{}}, &Cluster{}
	if got := with.arguments(Kwok); !slices.Contains(got, "--manage-single-node="+nodeName) || slices.Contains(got, "--manage-all-nodes=true") {
		t.Errorf("with a real node: %q", got)
	}
	if got := without.arguments(Kwok); !slices.Contains(got, "--manage-all-nodes=true") {
		t.Errorf("without: %q", got)
	}
}

// A pod has no way out of the machine, and every file of the node is in the
// cluster's folder.
func TestNodeKeepsToItself(t *testing.T) {
	c := prepared(t)
	network, err := json.Marshal(c.podNetwork())
	if err != nil || strings.Contains(string(network), "masq") {
		t.Errorf("got %s, %v", network, err)
	}
	config := c.containerdConfig()
	for _, field := range []string{"root", "state", "address", "path", "conf_dir", "Root"} {
		if !strings.Contains(config, " "+field+" = \""+c.Dir) && !strings.Contains(config, "\n"+field+" = \""+c.Dir) {
			t.Errorf("%s is elsewhere in\n%s", field, config)
		}
	}
	if strings.Contains(c.corefile(), "forward") {
		t.Errorf("it asks others: %s", c.corefile())
	}
}

// nsenter becomes the program, but is itself for a moment.
func TestAProgramInTheNodeIsFound(t *testing.T) {
	own, err := os.ReadFile("/proc/self/cmdline")
	if err != nil {
		t.Skip("no /proc")
	}
	words := strings.Split(strings.TrimSuffix(string(own), "\x00"), "\x00")
	if p := (process{PID: os.Getpid(), Command: words[1:]}); len(words) > 1 && !p.alive() {
		t.Error("the end of the command line is not recognised")
	}
}
