package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clearNode removes what the real node has made outside of the cluster's folder.
// It works without containerd, because an interrupted run leaves all that
// behind too.
func (c *Cluster) clearNode(ctx context.Context) error {
	if c.Node == nil {
		return nil
	}
	return errors.Join(
		c.endContainers(ctx),
		c.unmount(ctx),
		c.removeTraces(),
		c.Node.removeGroups(ctx),
		c.Node.disconnect(ctx),
	)
}

// dropContainers ends the containers in order while containerd runs, so that it
// removes their mounts and sockets itself.
func (c *Cluster) dropContainers(ctx context.Context) error {
	if _, ok := c.running(Containerd); !ok {
		return nil
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		out, err := output(ctx, "ctr", c.ctr("tasks", "list", "-q")...)
		tasks := strings.Fields(out)
		if err != nil || len(tasks) == 0 {
			return err
		}
		// An error is no failure: containerd itself deletes some of them meanwhile.
		_ = command(ctx, "ctr", c.ctr(append([]string{"tasks", "delete", "--force"}, tasks...)...)...)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%d containers do not end: %w", len(tasks), ctx.Err())
		}
	}
}

// endContainers kills the processes in the node's control groups, and the
// programs that watched over them.
func (c *Cluster) endContainers(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		left := append(c.Node.processes(), c.shims()...)
		if len(left) == 0 {
			return nil
		}
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("containers do not end: %w", ctx.Err())
		}
	}
}

// shims returns the processes that containerd started: its socket is an argument.
func (c *Cluster) shims() (pids []int) {
	commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for _, file := range commands {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		words := strings.Split(string(data), "\x00")
		if strings.Contains(words[0], "containerd-shim") && slices.Contains(words, c.socket()) {
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// unmount unmounts what lies in the cluster's folder, the innermost first.
func (c *Cluster) unmount(ctx context.Context) error {
	mounts, err := mountsBelow(c.Dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, at := range slices.Backward(mounts) {
		errs = append(errs, command(ctx, "umount", "--lazy", at))
	}
	return errors.Join(errs...)
}

// mountsBelow returns the mounts in a folder, in the order in which they were made.
func mountsBelow(dir string) (mounts []string, err error) {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(data)) {
		if words := strings.Fields(line); len(words) > 4 && strings.HasPrefix(words[4], dir+"/") {
			mounts = append(mounts, words[4])
		}
	}
	return mounts, nil
}

// removeTraces removes the files that kubelet and containerd write to fixed places.
func (c *Cluster) removeTraces() error {
	var errs []error
	for _, link := range glob("/var/log/containers/*") {
		if to, err := os.Readlink(link); err == nil && strings.HasPrefix(to, c.Dir+"/") {
			errs = append(errs, os.Remove(link))
		}
	}
	const results = "/var/lib/cni/results/"
	for _, file := range glob(results + c.Node.network() + "-*-eth0") {
		sandbox := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), c.Node.network()+"-"), "-eth0")
		errs = append(errs, os.Remove(file))
		for _, loop := range glob(results + "cni-loopback-" + sandbox + "-lo") {
			errs = append(errs, os.Remove(loop))
		}
	}
	// A shim that was killed leaves its socket, whose place is in its folder.
	for _, file := range glob(c.path("containerd", "state", "io.containerd.runtime.v2.task", "k8s.io", "*", "address")) {
		address, err := os.ReadFile(file)
		if socket, ok := strings.CutPrefix(string(address), "unix://"); ok {
			err = os.Remove(socket)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// volumes returns what removes the folders of the volumes. The controller
// manager makes them in a place of its own.
func (c *Cluster) volumes(ctx context.Context) (remove func() error) {
	const place = "/tmp/hostpath_pv/"
	var list struct {
		Items []struct {
			Spec struct {
				HostPath struct{ Path string }
			}
		}
	}
	if data, err := c.API(ctx, http.MethodGet, "/api/v1/persistentvolumes", nil); err != nil || json.Unmarshal(data, &list) != nil {
		return func() error { return nil } // the API server has ended before us
	}
	return func() error {
		var errs []error
		for _, volume := range list.Items {
			if path := filepath.Clean(volume.Spec.HostPath.Path); strings.HasPrefix(path, place) {
				errs = append(errs, os.RemoveAll(path))
			}
		}
		return errors.Join(errs...)
	}
}

func glob(pattern string) []string {
	found, err := filepath.Glob(pattern)
	if err != nil {
		panic(err) // the callers' patterns are constants
	}
	return found
}

// groups returns the control groups of the node, the innermost first: one tree,
// or one for each controller of an old kernel interface.
func (n *node) groups() (groups []string) {
	for _, root := range append(glob("/sys/fs/cgroup/"+n.network()), glob("/sys/fs/cgroup/*/"+n.network())...) {
		_ = filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				groups = append(groups, path)
			}
			return nil // a group that has just ended is no error
		})
	}
	slices.Reverse(groups)
	return groups
}

func (n *node) processes() (pids []int) {
	for _, group := range n.groups() {
		data, err := os.ReadFile(filepath.Join(group, "cgroup.procs"))
		if err != nil {
			continue
		}
		for _, word := range strings.Fields(string(data)) {
			if pid, err := strconv.Atoi(word); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// makeGroups makes the control group of the node, which kubelet requires.
func (n *node) makeGroups() error {
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		return os.MkdirAll("/sys/fs/cgroup/"+n.network(), 0o755)
	}
	var errs []error
	for _, controller := range glob("/sys/fs/cgroup/*/cgroup.procs") {
		errs = append(errs, os.MkdirAll(filepath.Join(filepath.Dir(controller), n.network()), 0o755))
	}
	return errors.Join(errs...)
}

// removeGroups removes the control groups. The kernel takes a moment to let go
// of the processes that were in them.
func (n *node) removeGroups(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var errs []error
		for _, group := range n.groups() {
			if err := syscall.Rmdir(group); err != nil && !errors.Is(err, syscall.ENOENT) {
				errs = append(errs, &os.PathError{Op: "rmdir", Path: group, Err: err})
			}
		}
		if len(errs) == 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(errs...)
		}
	}
}

// disconnect removes the network namespace. The interfaces and routes go with it.
func (n *node) disconnect(ctx context.Context) error {
	if _, err := os.Stat("/run/netns/" + n.network()); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	_ = command(ctx, "ip", "link", "del", n.network()) // it may not have been made
	return command(ctx, "ip", "netns", "del", n.network())
}
