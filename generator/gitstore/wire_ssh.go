package gitstore

import (
	"bytes"
	"cmp"
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

	"octopod/generator/giturl"
	"octopod/generator/staging"
)

// sshWire uses ssh, with one connection for all exchanges. It does not use go-git's
// ssh transport, which connects for each exchange and has no timeout for a silent
// server.
type sshWire struct {
	addr    string
	path    string
	display string
	opts    *Options
	user    string

	connecting chan struct{} // held by the caller that connects

	mu     sync.Mutex // never held during I/O
	client *ssh.Client
	closed bool
}

func newSSHWire(at giturl.URL, o *Options) (*sshWire, error) {
	user, _ := at.Credentials()
	w := &sshWire{
		addr: net.JoinHostPort(at.Host(), cmp.Or(at.Port(), "22")), path: at.Path(), display: at.String(),
		opts: o, user: cmp.Or(user, o.Auth.Username, "git"), connecting: make(chan struct{}, 1),
	}
	if strings.HasPrefix(w.path, "/~") {
		w.path = w.path[1:]
	}
	return w, nil
}

// connect returns the shared connection, a new one when that has ended. One caller
// connects at a time; the others wait only as long as their contexts allow.
func (w *sshWire) connect(ctx context.Context) (*ssh.Client, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case w.connecting <- struct{}{}:
	}
	defer func() { <-w.connecting }()
	if c := w.current(); c != nil {
		switch err := ping(ctx, c); {
		case err == nil:
			return c, nil
		case ctx.Err() != nil:
			return nil, err
		}
		_ = c.Close()
	}
	began := time.Now()
	c, err := w.dial(ctx)
	if err != nil {
		return nil, err
	}
	w.opts.Logger.Debug("connected", "to", w.addr, "took", since(began))
	return c, w.setCurrent(c)
}

func (w *sshWire) current() *ssh.Client {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.client
}

// setCurrent shares a new connection, or closes it when the wire was closed
// meanwhile.
func (w *sshWire) setCurrent(c *ssh.Client) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		_ = c.Close()
		return errClosed
	}
	w.client = c
	return nil
}

// ping returns an error when the server does not answer on a connection. The
// connection's own timeout ends the goroutine.
func ping(ctx context.Context, c *ssh.Client) error {
	answered := make(chan error, 1)
	go func() {
		_, _, err := c.SendRequest("keepalive@openssh.com", true, nil)
		answered <- err
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-answered:
		return err
	}
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
		if errors.As(err, &known) { // about the host key: drop the ssh package's text around it
			return nil, known
		}
		if trusted && !isNetwork(err) {
			return nil, failf(staging.CodeUnauthorized, err, "check which SSH key is used, and that it may read the repository",
				"%s does not accept the SSH key", w.addr)
		}
		return nil, err
	}
	return ssh.NewClient(c, channels, requests), nil
}

// auth returns the key of the options, or the ssh agent's keys.
func (w *sshWire) auth() (_ []ssh.AuthMethod, release func(), err error) {
	none := func() {}
	if file := w.opts.Auth.SSHKeyFile; file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, none, failf(staging.CodeUnauthorized, err, "check the path of the key", "cannot read the SSH key")
		}
		key, err := parseSSHKey(pem, w.opts.Auth.SSHKeyPassphrase)
		if err != nil {
			return nil, none, err
		}
		return []ssh.AuthMethod{ssh.PublicKeys(key)}, none, nil
	}
	agent, err := gitssh.NewSSHAgentAuth(w.user)
	if err != nil {
		return nil, none, failf(staging.CodeUnauthorized, nil, "", "there is no SSH key for %s: no key file is given and no ssh agent is running", w.display).
			WithTechnicalHint("give a key with --ssh-key, or start an ssh agent")
	}
	return []ssh.AuthMethod{ssh.PublicKeysCallback(agent.Callback)}, none, nil
}

// hostKeys returns the check against the known_hosts files, and the key algorithms
// that they list for the host. Without any file every host is unknown.
func (w *sshWire) hostKeys() (ssh.HostKeyCallback, []string) {
	db, err := gitssh.NewKnownHostsDb(w.opts.Auth.KnownHostsFiles...)
	if err != nil {
		return func(string, net.Addr, ssh.PublicKey) error { return &knownhosts.KeyError{} }, nil
	}
	return db.HostKeyCallback(), db.HostKeyAlgorithms(w.addr)
}

// explainHostKey turns the error of an untrusted host key into one for users.
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
			"if the server was reinstalled, remove the old line, then run: "+scan+" >> ~/.ssh/known_hosts",
			"the host key of %s has CHANGED to %s (%s); somebody may be intercepting the connection", host, fingerprint, key.Type())
	}
	return failf(staging.CodeUnauthorized, nil,
		"compare the fingerprint with the server's, then run: "+scan+" >> ~/.ssh/known_hosts",
		"the host key of %s is unknown: %s (%s)", host, fingerprint, key.Type())
}

// sshExchange is a running git command on the server.
type sshExchange struct {
	session *ssh.Session
	in      io.WriteCloser
	out     io.Reader
	stderr  *syncBuffer
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
	x := &sshExchange{session: s, stderr: &syncBuffer{}}
	s.Stderr = x.stderr
	x.in, _ = s.StdinPipe() // these fail only on a started session
	x.out, _ = s.StdoutPipe()
	x.stop = context.AfterFunc(ctx, func() { _ = s.Close() })
	if err := s.Start(command + " " + quote(w.path)); err != nil {
		x.close()
		return nil, fmt.Errorf("ssh session: %w", err)
	}
	return x, nil
}

// quote implements git's sq_quote.
func quote(s string) string {
	return "'" + strings.NewReplacer("'", `'\''`, "!", `'\!'`).Replace(s) + "'"
}

// readAdvertisement reads the references and capabilities that the server sends
// first.
func (x *sshExchange) readAdvertisement(ctx context.Context) (*packp.AdvRefs, error) {
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
	return nil, x.exitError(err)
}

// exitError waits for a command that stopped early and returns its stderr as an
// error.
func (x *sshExchange) exitError(err error) error {
	var exit *ssh.ExitError
	if werr := x.session.Wait(); errors.As(werr, &exit) {
		return &commandError{stderr: x.stderr.String(), err: err}
	}
	return err
}

// commandError is the error of a git command on the server that exited early.
type commandError struct {
	stderr string
	err    error
}

func (e *commandError) Error() string { return strings.TrimSpace(e.stderr) }
func (e *commandError) Unwrap() error { return e.err }

func (x *sshExchange) close() {
	x.stop()
	_ = x.session.Close()
}

func (w *sshWire) listRefs(ctx context.Context) (*packp.AdvRefs, session, error) {
	x, err := w.start(ctx, transport.UploadPackServiceName)
	if err != nil {
		return nil, nil, err
	}
	adv, err := x.readAdvertisement(ctx)
	if err == nil && adv.IsEmpty() {
		err = transport.ErrEmptyRemoteRepository
	}
	if err != nil {
		x.close()
		return nil, nil, err
	}
	return adv, x, nil
}

func (w *sshWire) reopen(ctx context.Context) (session, error) {
	_, s, err := w.listRefs(ctx)
	return s, err
}

// fetchPack sends a request. The caller reads the pack from the response.
func (x *sshExchange) fetchPack(_ context.Context, req *packp.UploadPackRequest) (*packp.UploadPackResponse, error) {
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
		return nil, x.exitError(err)
	}
	res := packp.NewUploadPackResponse(req)
	if err := res.Decode(io.NopCloser(x.out)); err != nil {
		return nil, x.exitError(err)
	}
	return res, nil
}

func (w *sshWire) push(ctx context.Context, build func(*capability.List) *packp.ReferenceUpdateRequest) (*packp.ReportStatus, error) {
	x, err := w.start(ctx, transport.ReceivePackServiceName)
	if err != nil {
		return nil, err
	}
	defer x.close()
	adv, err := x.readAdvertisement(ctx)
	if err != nil && !emptyRepository(err) {
		return nil, err
	}
	req := build(adv.Capabilities)
	if err := req.Encode(x.in); err != nil {
		return nil, x.exitError(err)
	}
	_ = x.in.Close()
	var out io.Reader = x.out
	if req.Capabilities.Supports(capability.Sideband64k) {
		d := sideband.NewDemuxer(sideband.Sideband64k, out)
		d.Progress, out = req.Progress, d
	}
	report := packp.NewReportStatus()
	if err := report.Decode(out); err != nil {
		return nil, x.exitError(err)
	}
	return report, report.Error()
}

// close closes the connection. It does not wait for a caller that connects.
func (w *sshWire) close() error {
	w.mu.Lock()
	c := w.client
	w.client, w.closed = nil, true
	w.mu.Unlock()
	if c != nil {
		_ = c.Close() // fails only when it is closed already
	}
	return nil
}

// syncBuffer collects the stderr of a running command.
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
