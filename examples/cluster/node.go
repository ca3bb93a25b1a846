package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"octopod/examples/cluster/image"
)

// RealNode is the node on which containers run, where Options.Node asked for it.
// A pod goes there with the node selector and the toleration of NodeLabel; every
// other pod goes to kwok's node.
const RealNode = "node-2"

// NodeLabel is the label of RealNode, and the key of its taint; the value is NodeValue.
const (
	NodeLabel = "octopod.dev/node"
	NodeValue = "real"
)

// node is the place of the real node: a network namespace of its own, so that no
// bridge, address or iptables rule of it is ever in the machine's. A pair of
// interfaces joins the two.
type node struct {
	Number int `json:"number"` // several clusters on a machine differ in it
}

// network is the name of the network namespace, of the interface on the
// machine's side, and of the control group.
func (n *node) network() string { return fmt.Sprint("octopod-", n.Number) }

// The addresses of the pair, and of the pods.
func (n *node) machine() string { return fmt.Sprintf("10.243.%d.1", n.Number) }
func (n *node) address() string { return fmt.Sprintf("10.243.%d.2", n.Number) }
func (n *node) pods() string    { return fmt.Sprintf("10.244.%d.0/24", n.Number) }

// maxNodes is the number of real nodes on a machine; it ends in an address.
const maxNodes = 200

// nodeParts are the parts that a real node adds. Traefik, which answers for the
// Ingresses, is on the machine's side.
func nodeParts() []Part { return []Part{Containerd, Kubelet, KubeProxy, CoreDNS, Traefik} }

// inNode reports whether a part runs in the network namespace of the node.
func inNode(part Part) bool { return part != Traefik && slices.Contains(nodeParts(), part) }

// NodeLack says why this machine cannot run a real node; nil when it can.
func NodeLack() error {
	if runtime.GOOS != "linux" {
		return fmt.Errorf("containers need Linux, and this is %s", runtime.GOOS)
	}
	if os.Geteuid() != 0 {
		return errors.New("containers need root")
	}
	var lacks []string
	for _, program := range []string{"containerd", "ctr", "runc", "ip", "nsenter", "iptables", "conntrack", "umount"} {
		if _, err := exec.LookPath(program); err != nil {
			lacks = append(lacks, program)
		}
	}
	if _, err := os.Stat(filepath.Join(cniPlugins, "ptp")); err != nil {
		lacks = append(lacks, "the plugins in "+cniPlugins)
	}
	if len(lacks) > 0 {
		return fmt.Errorf("containers need %s: apt-get install containerd runc containernetworking-plugins iptables conntrack iproute2", strings.Join(lacks, ", "))
	}
	return mayMakeNetworks()
}

// mayMakeNetworks makes and removes a network namespace: root in a container may
// not.
func mayMakeNetworks() error {
	name := fmt.Sprint("octopod-try-", os.Getpid())
	if err := command(context.Background(), "ip", "netns", "add", name); err != nil {
		return fmt.Errorf("containers need network namespaces: %w", err)
	}
	return command(context.Background(), "ip", "netns", "del", name)
}

// command runs a program of the machine.
func command(ctx context.Context, program string, args ...string) error {
	_, err := output(ctx, program, args...)
	return err
}

func output(ctx context.Context, program string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}

// makeNode makes the place of the real node, if Options.Node asks for it and the machine allows it.
func (c *Cluster) makeNode(ctx context.Context, o Options) error {
	if !o.Node {
		return nil
	}
	if lack := NodeLack(); lack != nil {
		if o.Log != nil {
			fmt.Fprintf(o.Log, "no container will run, kwok plays every node: %v\n", lack)
		}
		return nil
	}
	n, err := newNode(ctx)
	if err != nil {
		return err
	}
	c.Node = n
	return c.save() // Stop reads there what to remove
}

// newNode makes the network and the control group of a real node.
func newNode(ctx context.Context) (*node, error) {
	for number := range maxNodes {
		n := &node{Number: number}
		if command(ctx, "ip", "netns", "add", n.network()) != nil {
			continue // another cluster has it
		}
		if err := errors.Join(n.connect(ctx), n.makeGroups()); err != nil {
			ctx := context.WithoutCancel(ctx)
			return nil, errors.Join(err, n.removeGroups(ctx), n.disconnect(ctx))
		}
		return n, nil
	}
	return nil, fmt.Errorf("%d network namespaces octopod-* are there: remove those of no cluster with `ip netns del`", maxNodes)
}

// connect joins the network namespace and the machine.
func (n *node) connect(ctx context.Context) error {
	for _, step := range [][]string{
		{"ip", "link", "add", n.network(), "type", "veth", "peer", "name", "uplink", "netns", n.network()},
		{"ip", "address", "add", n.machine() + "/30", "dev", n.network()},
		{"ip", "link", "set", n.network(), "up"},
		{"ip", "-n", n.network(), "address", "add", n.address() + "/30", "dev", "uplink"},
		{"ip", "-n", n.network(), "link", "set", "uplink", "up"},
		{"ip", "-n", n.network(), "link", "set", "lo", "up"},
		{"ip", "route", "add", n.pods(), "via", n.address()},
		n.inside("sysctl", "-q", "-w", "net.ipv4.ip_forward=1"),
	} {
		if err := command(ctx, step[0], step[1:]...); err != nil {
			return err
		}
	}
	return nil
}

// inside returns the command that runs another one in the network namespace.
// Only the network differs: `ip netns exec` would also hide the control groups.
func (n *node) inside(words ...string) []string {
	return append([]string{"nsenter", "--net=/run/netns/" + n.network(), "--"}, words...)
}

// startNode starts the real node, and returns when it is ready.
func (c *Cluster) startNode(ctx context.Context) error {
	if c.Node == nil {
		return nil
	}
	if err := c.StartPart(ctx, Containerd); err != nil {
		return err
	}
	if err := c.importPause(ctx); err != nil {
		return err
	}
	if err := c.startAll(ctx, Kubelet, KubeProxy, CoreDNS, Traefik); err != nil {
		return err
	}
	return c.awaitCondition(ctx, "/api/v1/nodes/"+RealNode, "Ready")
}

// ImportImages imports the images of a tarball into the real node, as `docker save`
// writes it. Its pods then need no registry.
func (c *Cluster) ImportImages(ctx context.Context, tarball io.Reader) error {
	if c.Node == nil {
		return errors.New("this cluster has no real node: `cluster up --node` starts one")
	}
	cmd := exec.CommandContext(ctx, "ctr", c.ctr("images", "import", "-")...)
	cmd.Stdin = tarball
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("importing images: %w: %s", err, out)
	}
	return nil
}

// ctr returns the arguments of containerd's program, for kubelet's containers.
func (c *Cluster) ctr(words ...string) []string {
	return append([]string{"--address", c.socket(), "--namespace", "k8s.io"}, words...)
}

// Ingress returns the address at which a browser on this machine reaches a host
// of an Ingress. Every name below localhost is this machine.
func (c *Cluster) Ingress(host string) string {
	if c.Ports[portIngress] == 80 {
		return "http://" + host
	}
	return "http://" + host + ":" + c.port(portIngress)
}

// Browser returns a client that finds the hosts of Ingresses on this machine,
// whatever the resolver of the machine makes of them.
func (c *Cluster) Browser() *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, c.address(portIngress))
		},
	}}
}

// pauseImage holds the network of each pod.
const (
	pauseImage   = "octopod.dev/pause:1"
	pauseProgram = "pause"
)

func (c *Cluster) importPause(ctx context.Context) error {
	pause, err := image.Executable(filepath.Join(c.Bin, pauseProgram))
	if err != nil {
		return err
	}
	return c.Import(ctx, map[string]v1.Image{pauseImage: pause})
}

// Import imports images into the real node, by their names.
func (c *Cluster) Import(ctx context.Context, images map[string]v1.Image) error {
	read, write := io.Pipe()
	go func() { write.CloseWithError(image.Tarball(write, images)) }()
	return c.ImportImages(ctx, read)
}
