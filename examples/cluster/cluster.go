package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Cluster is a cluster that runs or ran. The state file stores its fields.
type Cluster struct {
	Dir        string         `json:"dir"`            // everything of it lies here
	Bin        string         `json:"bin"`            // the programs
	Ports      map[string]int `json:"ports"`          // on loopback, by name
	Projects   []string       `json:"projects"`       // that Octopod's account may see
	KubeToken  string         `json:"kubeToken"`      // of the user who may do everything
	AdminToken string         `json:"adminToken"`     // of Argo CD's admin
	Token      string         `json:"token"`          // of Octopod's account in Argo CD
	Forge      bool           `json:"forge"`          // Gitea is a part of it
	GiteaToken string         `json:"giteaToken"`     // of Gitea's admin
	Argo       Version        `json:"argo,omitempty"` // of Argo CD
	Node       *node          `json:"node,omitempty"` // the real node; nil: kwok's alone

	client *http.Client
}

// Options configure Start. The zero value works for most callers.
type Options struct {
	Bin      string    // the programs; default DefaultBin
	Projects []string  // of Octopod; default shop
	ArgoCD   Version   // default V2; Build must have made it
	Forge    bool      // Gitea as well; Build must have made it
	Node     bool      // a real node as well, where NodeLack is nil; Build must have made it
	Log      io.Writer // told what happens; default nowhere
}

// startPatience is the time limit for a part to become ready, on a busy
// machine.
const startPatience = 3 * time.Minute

// Start starts a cluster in a folder, and returns when every part answers. It
// fails if the folder already holds a cluster; Stop removes that.
func Start(ctx context.Context, dir string, o Options) (*Cluster, error) {
	c, err := prepare(ctx, dir, o)
	if err != nil {
		return nil, err
	}
	if err := c.bringUp(ctx, cmp.Or[io.Writer](o.Log, io.Discard)); err != nil {
		// After a cancelled start, clean up nevertheless.
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		return nil, errors.Join(err, c.endAll(stopping))
	}
	return c, nil
}

// Open returns the cluster of a folder.
func Open(dir string) (*Cluster, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(dir, stateFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no cluster in %s: `cluster up` starts one", dir)
	}
	if err != nil {
		return nil, err
	}
	c := &Cluster{}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("reading %s: %w", stateFile, err)
	}
	c.client, err = trusting(c.path("pki"))
	return c, err
}

const stateFile = "cluster.json"

func prepare(ctx context.Context, dir string, o Options) (_ *Cluster, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(dir, stateFile)); err == nil {
		return nil, fmt.Errorf("there is a cluster in %s already: `cluster down` ends it", dir)
	}
	if err := o.ArgoCD.check(); err != nil {
		return nil, err
	}
	c := &Cluster{Dir: dir, Bin: cmp.Or(o.Bin, DefaultBin()), Argo: o.ArgoCD, Projects: o.Projects, Forge: o.Forge, KubeToken: randomToken()}
	if len(c.Projects) == 0 {
		c.Projects = []string{"shop"}
	}
	for _, folder := range []string{"run", "log", "redis", "gitea", "tmp", "home/tls", "home/ssh", "home/gpg"} {
		if err := os.MkdirAll(c.path(folder), 0o700); err != nil {
			return nil, err
		}
	}
	if c.Ports, err = freePorts(portNames()); err != nil {
		return nil, err
	}
	if err := c.makeNode(ctx, o); err != nil {
		return nil, err
	}
	c.preferPorts(portIngress, 80, 8080)
	defer func() {
		if err != nil {
			err = errors.Join(err, c.clearNode(context.WithoutCancel(ctx)))
		}
	}()
	if err := writePKI(c.path("pki"), c.KubeToken, c.apiHost()); err != nil {
		return nil, err
	}
	if c.client, err = trusting(c.path("pki")); err != nil {
		return nil, err
	}
	return c, errors.Join(c.writeConfig(), c.save())
}

// freePorts returns free ports. It reserves all of them at once, so that they
// differ.
func freePorts(names []string) (map[string]int, error) {
	ports := map[string]int{}
	for _, name := range names {
		listener, err := net.Listen("tcp", loopback+":0")
		if err != nil {
			return nil, err
		}
		defer listener.Close()
		ports[name] = listener.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

// preferPorts sets a port of a real node to the first free number of these. Root
// may use the small ones, which need no typing in a browser.
func (c *Cluster) preferPorts(name string, numbers ...int) {
	if c.Node == nil {
		return
	}
	for _, number := range numbers {
		if listener, err := net.Listen("tcp", loopback+":"+strconv.Itoa(number)); err == nil {
			_ = listener.Close() // it is free
			c.Ports[name] = number
			return
		}
	}
}

func (c *Cluster) save() error {
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(c.path(stateFile), data, 0o600)
}

// bringUp starts each part as soon as its dependencies are ready.
func (c *Cluster) bringUp(ctx context.Context, log io.Writer) error {
	began := time.Now()
	step := func(what string) { fmt.Fprintf(log, "%5.1fs %s\n", time.Since(began).Seconds(), what) }
	for _, part := range []Part{Etcd, APIServer} {
		if err := c.StartPart(ctx, part); err != nil {
			return err
		}
		step(string(part) + " ready")
	}
	if err := c.together(
		func() error { return c.startAll(ctx, ControllerManager, Scheduler, Kwok, Redis) },
		func() error { return c.furnish(ctx) },
		func() error { return c.openForge(ctx) },
	); err != nil {
		return err
	}
	step("Kubernetes ready")
	if err := c.together(
		func() error { return c.startAll(ctx, RepoServer, AppController, Server) },
		func() error { return c.awaitNode(ctx) },
		func() error { return c.startNode(ctx) },
	); err != nil {
		return err
	}
	// The server writes a key at its first start; without the key the other
	// part has no webhook.
	if err := c.together(
		func() error { return c.StartPart(ctx, AppSetController) },
		func() error { return c.makeTokens(ctx) },
	); err != nil {
		return err
	}
	step("Argo CD ready")
	return errors.Join(c.save(), c.writeEnv())
}

func (c *Cluster) startAll(ctx context.Context, parts ...Part) error {
	var work []func() error
	for _, part := range parts {
		work = append(work, func() error { return c.StartPart(ctx, part) })
	}
	return c.together(work...)
}

func (c *Cluster) together(work ...func() error) error {
	errs := make([]error, len(work))
	var group sync.WaitGroup
	for i, do := range work {
		group.Go(func() { errs[i] = do() })
	}
	group.Wait()
	return errors.Join(errs...)
}

// StartPart starts one part, and returns when it is ready. It does nothing if
// the part runs.
func (c *Cluster) StartPart(ctx context.Context, part Part) error {
	if !slices.Contains(c.parts(), part) {
		return fmt.Errorf("there is no part %q: choose from %v", part, c.parts())
	}
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	if _, ok := c.running(part); !ok {
		if err := c.launch(part); err != nil {
			return err
		}
	}
	return c.await(ctx, part, func(ctx context.Context) error { return c.ready(ctx, part) })
}

// StopPart stops one part, and returns when its process has ended.
func (c *Cluster) StopPart(ctx context.Context, part Part) error { return c.end(ctx, part) }

// Signal sends a signal to a part: SIGSTOP freezes it, SIGCONT resumes it.
func (c *Cluster) Signal(part Part, signal syscall.Signal) error {
	p, ok := c.running(part)
	if !ok {
		return fmt.Errorf("%s does not run", part)
	}
	return syscall.Kill(p.PID, signal)
}

// Stop stops every part and removes the folder.
func (c *Cluster) Stop(ctx context.Context) error {
	if err := c.endAll(ctx); err != nil {
		return err
	}
	return os.RemoveAll(c.Dir)
}

// endAll stops the parts in reverse order, so that no part loses its
// dependencies while it stops. It keeps the logs.
func (c *Cluster) endAll(ctx context.Context) error {
	volumes := c.volumes(ctx)
	var errs []error
	for _, group := range [][]Part{
		append(argocdParts(), Gitea), {ControllerManager, Scheduler, Kwok, Redis, Kubelet, KubeProxy, CoreDNS, Traefik}, {APIServer}, {Etcd},
	} {
		var work []func() error
		for _, part := range group {
			work = append(work, func() error { return c.end(ctx, part) })
		}
		errs = append(errs, c.together(work...))
	}
	errs = append(errs, c.dropContainers(ctx), c.end(ctx, Containerd), c.clearNode(ctx), volumes())
	return errors.Join(append(errs, os.Remove(c.path(stateFile)))...)
}

// PartStatus is the status of a part.
type PartStatus struct {
	Part  Part
	PID   int // 0 when it does not run
	Ready bool
}

// Status returns the status of every part.
func (c *Cluster) Status(ctx context.Context) []PartStatus {
	all := make([]PartStatus, len(c.parts()))
	var group sync.WaitGroup
	for i, part := range c.parts() {
		group.Go(func() {
			all[i].Part = part
			if p, ok := c.running(part); ok {
				all[i].PID, all[i].Ready = p.PID, c.ready(ctx, part) == nil
			}
		})
	}
	group.Wait()
	return all
}
