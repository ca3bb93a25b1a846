package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// process is the pid file of a part. It also holds the command, so that a pid
// that the system has reused is not mistaken for the part.
type process struct {
	PID     int      `json:"pid"`
	Command []string `json:"command"`
}

func (c *Cluster) pidFile(part Part) string { return c.path("run", string(part)+".json") }

// running reads the pid file; ok reports whether the process exists.
func (c *Cluster) running(part Part) (p process, ok bool) {
	data, err := os.ReadFile(c.pidFile(part))
	if err != nil || json.Unmarshal(data, &p) != nil {
		return p, false
	}
	return p, p.alive()
}

func (p process) alive() bool {
	command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.PID))
	if errors.Is(err, os.ErrNotExist) && hasProc() {
		return false
	}
	if err != nil { // a system without /proc
		return syscall.Kill(p.PID, 0) == nil
	}
	if len(command) == 0 { // just being started, or ended and not yet waited for
		return !p.zombie()
	}
	words := strings.Split(strings.TrimSuffix(string(command), "\x00"), "\x00")
	// redis overwrites its command line with a title; the name of the program
	// stays.
	// nsenter, which enters the node's network, becomes the program.
	own := words[max(0, len(words)-len(p.Command)):]
	return slices.Equal(own, p.Command) || bytes.HasPrefix(command, []byte(p.Command[0]+" "))
}

func (p process) zombie() bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID))
	if err != nil {
		return true
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(state, "Z")
}

func hasProc() bool {
	_, err := os.Stat("/proc/self/cmdline")
	return err == nil
}

// launch starts a part in its own session, so that it outlives its parent
// process. Its output goes to a log file.
func (c *Cluster) launch(part Part) error {
	program, err := c.program(part)
	if err != nil {
		return err
	}
	log, err := os.OpenFile(c.Log(part), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	words := append([]string{program}, c.arguments(part)...)
	line := words
	if inNode(part) {
		line = c.Node.inside(words...)
	}
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Stdout, cmd.Stderr, cmd.Env, cmd.Dir = log, log, c.environment(), c.path("tmp")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", part, err)
	}
	go func() { _ = cmd.Wait() }() // nobody is left a zombie; how it ended is in its log
	data, err := json.Marshal(process{PID: cmd.Process.Pid, Command: words})
	if err != nil {
		return err
	}
	return os.WriteFile(c.pidFile(part), data, 0o600)
}

// program returns the executable of a part.
func (c *Cluster) program(part Part) (string, error) {
	if part == Containerd {
		return exec.LookPath(string(part))
	}
	if part != Redis {
		path := filepath.Join(c.Bin, string(part))
		if slices.Contains(argocdParts(), part) {
			path = filepath.Join(c.argoBin(), string(part))
		}
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("%s is not built: run `cluster build` first", part)
		}
		return path, nil
	}
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return "", errors.New("there is no redis-server: apt-get install redis-server")
	}
	return path, nil
}

// environment returns the environment of all parts. It contains nothing from
// the user's environment, so the parts use no kubeconfig, token or git
// configuration of the user.
func (c *Cluster) environment() []string {
	return []string{
		"PATH=" + c.binPath() + string(os.PathListSeparator) + os.Getenv("PATH"),
		"HOME=" + c.path("home"), "TMPDIR=" + c.path("tmp"), "LANG=C.UTF-8",
		"KUBECONFIG=" + c.path("argocd.kubeconfig"),
		"ARGOCD_FAKE_IN_CLUSTER=true", "ARGOCD_GPG_ENABLED=false",
		"ARGOCD_TLS_DATA_PATH=" + c.path("home", "tls"), "ARGOCD_SSH_DATA_PATH=" + c.path("home", "ssh"),
		"ARGOCD_GPG_DATA_PATH=" + c.path("home", "gpg"), "ARGOCD_GNUPGHOME=" + c.path("home", "gpg"),
		"ARGOCD_K8S_CLIENT_QPS=500", "ARGOCD_K8S_CLIENT_BURST=1000",
		"GIT_CONFIG_NOSYSTEM=1",
	}
}

// await polls ask until it succeeds. It returns early if the part has died.
func (c *Cluster) await(ctx context.Context, part Part, ask func(context.Context) error) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var last error // said by the part itself, not by our own impatience
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			last = err
		}
		if _, ok := c.running(part); !ok {
			return fmt.Errorf("%s has ended; the end of its log:\n%s", part, c.logTail(part))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w (last answer: %w)\n%s", part, ctx.Err(), last, c.logTail(part))
		}
	}
}

// ready checks once whether a part is ready.
func (c *Cluster) ready(ctx context.Context, part Part) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if part == Redis {
		return ping(ctx, c.address(portRedis))
	}
	if part == Containerd {
		return command(ctx, "ctr", c.ctr("version")...)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.health(part), nil)
	if err != nil {
		return err
	}
	_, err = send(careless(), request)
	return err
}

func ping(ctx context.Context, address string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	answer := make([]byte, 7)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return err
	}
	if string(answer) != "+PONG\r\n" {
		return fmt.Errorf("redis answers %q", answer)
	}
	return nil
}

// end terminates a process, and kills it after a while.
func (c *Cluster) end(ctx context.Context, part Part) error {
	p, ok := c.running(part)
	if !ok {
		return nil
	}
	// A frozen process does not receive the signal.
	_ = syscall.Kill(p.PID, syscall.SIGCONT)
	if err := syscall.Kill(p.PID, syscall.SIGTERM); err != nil {
		return err
	}
	tick, patience := time.NewTicker(20*time.Millisecond), time.After(15*time.Second)
	defer tick.Stop()
	for p.alive() {
		select {
		case <-tick.C:
		case <-patience:
			_ = syscall.Kill(p.PID, syscall.SIGKILL)
		case <-ctx.Done():
			return fmt.Errorf("%s does not end: %w", part, ctx.Err())
		}
	}
	return os.Remove(c.pidFile(part))
}

// Log returns the path of the log file of a part.
func (c *Cluster) Log(part Part) string { return c.path("log", string(part)+".log") }

func (c *Cluster) logTail(part Part) string {
	data, err := os.ReadFile(c.Log(part))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}
