package gitstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
	gitssh "github.com/go-git/go-git/v5/plumbing/transport/ssh"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"octopod/generator/staging"
)

// sshWire speaks over ssh: all exchanges share one connection. It carries
// go-git's messages itself, because go-git's ssh transport waits for a silent
// server for ever and connects anew for each exchange.
type sshWire struct {
	addr  string
	path  string
	shown string
	opts  *Options
	user  string

	mu     sync.Mutex
	client *ssh.Client
}

func newSSHWire(p place, o *Options) (*sshWire, error) {
	port := p.url.Port()
	if port == "" {
		port = "22"
	}
	w := &sshWire{addr: net.JoinHostPort(p.url.Hostname(), port), path: p.url.Path, shown: p.shown, opts: o, user: "git"}
	if p.url.User != nil && p.url.User.Username() != "" {
		w.user = p.url.User.Username()
	} else if o.Auth.Username != "" {
		w.user = o.Auth.Username
	}
	if strings.HasPrefix(w.path, "/~") {
		w.path = w.path[1:]
	}
	return w, nil
}

// connect gives the shared connection, a new one when it has ended.
func (w *sshWire) connect(ctx context.Context) (*ssh.Client, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.client != nil {
		if _, _, err := w.client.SendRequest("keepalive@openssh.com", true, nil); err == nil {
			return w.client, nil
		}
		_ = w.client.Close()
		w.client = nil
	}
	began := time.Now()
	c, err := w.dial(ctx)
	if err != nil {
		return nil, err
	}
	w.opts.Logger.Debug("connected", "to", w.addr, "took", since(began))
	w.client = c
	return c, nil
}

func (w *sshWire) dial(ctx context.Context) (*ssh.Client, error) {
	auth, release, err := w.auth()
	if err != nil {
		return nil, err
	}
	defer release()
	trusted := false
	check, algorithms := w.hostKeys()
	config := &ssh.ClientConfig{User: w.user, Auth: auth, HostKeyAlgorithms: algorithms,
		HostKeyCallback: func(host string, addr net.Addr, key ssh.PublicKey) error {
			err := check(host, addr, key)
			trusted = err == nil
			return explainHostKey(err, host, key)
		}}
	conn, err := dialer(w.opts.Timeout)(ctx, "tcp", w.addr)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	c, channels, requests, err := ssh.NewClientConn(conn, w.addr, config)
	if err != nil {
		_ = conn.Close()
		var known *staging.Error
		if errors.As(err, &known) { // the host key: leave out ssh's own words around it
			return nil, known
		}
		if trusted && !isNetwork(err) {
			return nil, failf(staging.CodeUnauthorized, err, "check which SSH key is used and that it may read the repository",
				"%s does not accept the SSH key", w.addr)
		}
		return nil, err
	}
	return ssh.NewClient(c, channels, requests), nil
}

// auth gives the key of the options, or the agent's keys.
func (w *sshWire) auth() (_ []ssh.AuthMethod, release func(), err error) {
	none := func() {}
	if file := w.opts.Auth.SSHKeyFile; file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, none, failf(staging.CodeUnauthorized, err, "check the path of the key", "the SSH key cannot be read")
		}
		key, err := parseSSHKey(pem, w.opts.Auth.SSHKeyPassphrase)
		if err != nil {
			return nil, none, err
		}
		return []ssh.AuthMethod{ssh.PublicKeys(key)}, none, nil
	}
	agent, err := gitssh.NewSSHAgentAuth(w.user)
	if err != nil {
		return nil, none, failf(staging.CodeUnauthorized, nil, "give a key with --ssh-key, or start an ssh agent",
			"there is no SSH key for %s: no key file is given and no ssh agent can be asked", w.shown)
	}
	return []ssh.AuthMethod{ssh.PublicKeysCallback(agent.Callback)}, none, nil
}

// hostKeys gives the check against the known_hosts files, and the kinds of
// keys that they hold for the host. Without any file every host is unknown.
func (w *sshWire) hostKeys() (ssh.HostKeyCallback, []string) {
	db, err := gitssh.NewKnownHostsDb(w.opts.Auth.KnownHostsFiles...)
	if err != nil {
		return func(string, net.Addr, ssh.PublicKey) error { return &knownhosts.KeyError{} }, nil
	}
	return db.HostKeyCallback(), db.HostKeyAlgorithms(w.addr)
}

// explainHostKey says what to do about a host key that is not trusted.
func explainHostKey(err error, host string, key ssh.PublicKey) error {
	var unknown *knownhosts.KeyError
	if !errors.As(err, &unknown) {
		return err
	}
	name, port, _ := net.SplitHostPort(host)
	scan := "ssh-keyscan " + name
	if port != "22" {
		scan = "ssh-keyscan -p " + port + " " + name
	}
	fingerprint := ssh.FingerprintSHA256(key)
	if len(unknown.Want) > 0 {
		return failf(staging.CodeUnauthorized, nil,
			"if the server was reinstalled, remove the old line and add the new one: "+scan+" >> ~/.ssh/known_hosts",
			"the host key of %s has CHANGED to %s (%s); somebody may be listening in", host, fingerprint, key.Type())
	}
	return failf(staging.CodeUnauthorized, nil,
		"compare the fingerprint with the server's own, then: "+scan+" >> ~/.ssh/known_hosts",
		"the host key of %s is unknown: %s (%s)", host, fingerprint, key.Type())
}

// sshExchange is a git command that runs on the server.
type sshExchange struct {
	session *ssh.Session
	in      io.WriteCloser
	out     io.Reader
	words   *syncBuffer
	stop    func() bool
}

func (w *sshWire) start(ctx context.Context, command string) (*sshExchange, error) {
	client, err := w.connect(ctx)
	if err != nil {
		return nil, err
	}
	s, err := client.NewSession()
	if err != nil {
		return nil, fmt.Errorf("ssh session: %w", err)
	}
	x := &sshExchange{session: s, words: &syncBuffer{}}
	s.Stderr = x.words
	x.in, _ = s.StdinPipe() // these fail only on a started session
	x.out, _ = s.StdoutPipe()
	x.stop = context.AfterFunc(ctx, func() { _ = s.Close() })
	if err := s.Start(command + " " + quote(w.path)); err != nil {
		x.close()
		return nil, fmt.Errorf("ssh session: %w", err)
	}
	return x, nil
}

// quote is git's sq_quote.
func quote(s string) string {
	return "'" + strings.NewReplacer("'", `'\''`, "!", `'\!'`).Replace(s) + "'"
}

// advertised reads what the server says first.
func (x *sshExchange) advertised(ctx context.Context) (*packp.AdvRefs, error) {
	adv := packp.NewAdvRefs()
	err := adv.Decode(x.out)
	switch {
	case err == nil:
		return adv, nil
	case errors.Is(err, packp.ErrEmptyAdvRefs):
		return adv, transport.ErrEmptyRemoteRepository
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	return nil, x.ended(err)
}

// ended waits for a command that stopped early and gives its words.
func (x *sshExchange) ended(err error) error {
	var exit *ssh.ExitError
	if werr := x.session.Wait(); errors.As(werr, &exit) {
		return &commandError{words: x.words.String(), err: err}
	}
	return err
}

// commandError is the end of a git command on the server that did not answer.
type commandError struct {
	words string
	err   error
}

func (e *commandError) Error() string { return strings.TrimSpace(e.words) }
func (e *commandError) Unwrap() error { return e.err }

func (x *sshExchange) close() {
	x.stop()
	_ = x.session.Close()
}

func (w *sshWire) list(ctx context.Context) (*packp.AdvRefs, session, error) {
	x, err := w.start(ctx, transport.UploadPackServiceName)
	if err != nil {
		return nil, nil, err
	}
	adv, err := x.advertised(ctx)
	if err == nil && adv.IsEmpty() {
		err = transport.ErrEmptyRemoteRepository
	}
	if err != nil {
		x.close()
		return nil, nil, err
	}
	return adv, x, nil
}

func (w *sshWire) resume(ctx context.Context) (session, error) {
	_, s, err := w.list(ctx)
	return s, err
}

// upload sends a request and leaves the answer to be read.
func (x *sshExchange) upload(_ context.Context, req *packp.UploadPackRequest) (*packp.UploadPackResponse, error) {
	var b bytes.Buffer
	if err := req.UploadRequest.Encode(&b); err != nil {
		return nil, err
	}
	if err := req.UploadHaves.Encode(&b, false); err != nil {
		return nil, err
	}
	if err := pktline.NewEncoder(&b).EncodeString("done\n"); err != nil {
		return nil, err
	}
	if _, err := x.in.Write(b.Bytes()); err != nil {
		return nil, x.ended(err)
	}
	res := packp.NewUploadPackResponse(req)
	if err := res.Decode(io.NopCloser(x.out)); err != nil {
		return nil, x.ended(err)
	}
	return res, nil
}

func (w *sshWire) receive(ctx context.Context, build func(*capability.List) *packp.ReferenceUpdateRequest) (*packp.ReportStatus, error) {
	x, err := w.start(ctx, transport.ReceivePackServiceName)
	if err != nil {
		return nil, err
	}
	defer x.close()
	adv, err := x.advertised(ctx)
	if err != nil && !emptyRepository(err) {
		return nil, err
	}
	req := build(adv.Capabilities)
	if err := req.Encode(x.in); err != nil {
		return nil, x.ended(err)
	}
	_ = x.in.Close()
	var out io.Reader = x.out
	if req.Capabilities.Supports(capability.Sideband64k) {
		d := sideband.NewDemuxer(sideband.Sideband64k, out)
		d.Progress, out = req.Progress, d
	}
	report := packp.NewReportStatus()
	if err := report.Decode(out); err != nil {
		return nil, x.ended(err)
	}
	return report, report.Error()
}

func (w *sshWire) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.client == nil {
		return nil
	}
	_ = w.client.Close() // an error here says that it was closed already
	w.client = nil
	return nil
}

// syncBuffer collects what a command says while it runs.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.b.Len() < 64<<10 {
		s.b.Write(p)
	}
	return len(p), nil
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
