package testenv

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// SSHServer serves the repositories below a directory over SSH, by running
// git-upload-pack and git-receive-pack.
type SSHServer struct {
	URL        string // of the directory; a repository is URL/name
	Addr       string // host:port
	KeyFile    string // a private key that may log in
	KnownHosts string // a known_hosts file with the server's key
	HostKey    ssh.PublicKey

	dir      string
	listener net.Listener
	config   *ssh.ServerConfig
	readOnly atomic.Bool
	broken   atomic.Int64

	mu   sync.Mutex
	open []net.Conn
}

// NewKey generates an SSH key and returns it with its private key file.
func NewKey(t testing.TB) (ssh.Signer, []byte) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "test")
	if err != nil {
		t.Fatal(err)
	}
	return signer, pem.EncodeToMemory(block)
}

// ServeSSH starts a server that stops with the test.
func ServeSSH(t testing.TB, dir string) *SSHServer {
	t.Helper()
	host, _ := NewKey(t)
	user, file := NewKey(t)
	s := &SSHServer{dir: dir, HostKey: host.PublicKey()}
	s.config = &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if bytes.Equal(key.Marshal(), user.PublicKey().Marshal()) {
			return nil, nil
		}
		return nil, errors.New("unknown key")
	}}
	s.config.AddHostKey(host)
	var err error
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	s.Addr = s.listener.Addr().String()
	s.URL = "ssh://git@" + s.Addr + dir
	keys := t.TempDir()
	s.KeyFile, s.KnownHosts = filepath.Join(keys, "id"), filepath.Join(keys, "known_hosts")
	line := knownhosts.Line([]string{s.Addr}, host.PublicKey()) + "\n"
	if err := errors.Join(os.WriteFile(s.KeyFile, file, 0o600), os.WriteFile(s.KnownHosts, []byte(line), 0o600)); err != nil {
		t.Fatal(err)
	}
	go s.accept()
	t.Cleanup(s.stop)
	return s
}

// ReadOnly makes the server reject pushes, like a forge with a read-only key.
func (s *SSHServer) ReadOnly() { s.readOnly.Store(true) }

// Break closes the connection of the next n commands in place of an answer.
func (s *SSHServer) Break(n int) { s.broken.Store(int64(n)) }

func (s *SSHServer) stop() {
	_ = s.listener.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.open {
		_ = c.Close()
	}
}

func (s *SSHServer) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.open = append(s.open, c)
		s.mu.Unlock()
		go s.serve(c)
	}
}

func (s *SSHServer) serve(c net.Conn) {
	conn, channels, requests, err := ssh.NewServerConn(c, s.config)
	if err != nil {
		return
	}
	defer conn.Close()
	go ssh.DiscardRequests(requests)
	for ch := range channels {
		channel, reqs, err := ch.Accept()
		if err != nil {
			return
		}
		go s.session(conn, channel, reqs)
	}
}

func (s *SSHServer) session(conn ssh.Conn, channel ssh.Channel, requests <-chan *ssh.Request) {
	defer channel.Close()
	for r := range requests {
		if r.Type != "exec" {
			_ = r.Reply(false, nil)
			continue
		}
		var command struct{ Text string }
		_ = ssh.Unmarshal(r.Payload, &command)
		_ = r.Reply(true, nil)
		if s.broken.Add(-1) >= 0 {
			_ = conn.Close()
			return
		}
		status := s.run(command.Text, channel)
		_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Code uint32 }{status}))
		return
	}
}

// run runs `git-upload-pack 'PATH'` or `git-receive-pack 'PATH'`.
func (s *SSHServer) run(command string, channel ssh.Channel) uint32 {
	name, path, _ := strings.Cut(command, " ")
	path = strings.Trim(path, "'")
	name, ok := strings.CutPrefix(name, "git-")
	if !ok || name != "upload-pack" && name != "receive-pack" || !strings.HasPrefix(path, s.dir) {
		fmt.Fprintf(channel.Stderr(), "fatal: '%s' does not appear to be a git repository\n", path)
		return 128
	}
	if name == "receive-pack" && s.readOnly.Load() {
		fmt.Fprintln(channel.Stderr(), "ERROR: The key you are authenticating with has been marked as read only.")
		return 1
	}
	c := exec.Command("git", name, path)
	c.Env, c.Stdout, c.Stderr = Env(), channel, channel.Stderr()
	in, err := c.StdinPipe()
	if err != nil {
		return 1
	}
	if err := c.Start(); err != nil {
		return 1
	}
	go func() {
		_, _ = io.Copy(in, channel)
		_ = in.Close()
	}()
	if err := c.Wait(); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return uint32(exit.ExitCode())
		}
		return 1
	}
	return 0
}
