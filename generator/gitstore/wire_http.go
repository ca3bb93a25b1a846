package gitstore

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"

	"octopod/generator/staging"
)

// httpWire speaks over http and https with go-git's transport.
type httpWire struct {
	client transport.Transport
	conns  *http.Transport
	auth   transport.AuthMethod

	mu   sync.Mutex
	to   transport.Endpoint // moves when the server redirects the first request
	knew bool               // a push without asking first has worked
}

func newHTTPWire(p place, o *Options) (*httpWire, error) {
	if p.url.Scheme == "http" && !o.AllowPlainHTTP {
		return nil, failf(staging.CodeInvalid, nil, "use https://, or allow plain http explicitly",
			"%s would send credentials and content unencrypted", p.shown)
	}
	bare := *p.url
	bare.User = nil
	to, err := transport.NewEndpoint(strings.TrimSuffix(bare.String(), "/"))
	if err != nil {
		return nil, failf(staging.CodeInvalid, err, "", "%s cannot be read", p.shown)
	}
	conns := http.DefaultTransport.(*http.Transport).Clone()
	conns.DialContext = dialer(o.Timeout)
	conns.MaxIdleConnsPerHost = 4
	w := &httpWire{conns: conns, client: githttp.NewClient(&http.Client{Transport: patient{conns}}), to: *to}
	user, token := o.Auth.Username, o.Auth.Token
	if user == "" && token == "" && p.url.User != nil {
		user = p.url.User.Username()
		token, _ = p.url.User.Password()
	}
	if token != "" || user != "" {
		if user == "" {
			user = "git" // forges look at the token alone, but want some name
		}
		w.auth = &githttp.BasicAuth{Username: user, Password: token}
	}
	return w, nil
}

// endpoint gives a copy: go-git changes the one it is given.
func (w *httpWire) endpoint() *transport.Endpoint {
	w.mu.Lock()
	defer w.mu.Unlock()
	to := w.to
	return &to
}

func (w *httpWire) list(ctx context.Context) (*packp.AdvRefs, session, error) {
	to := w.endpoint()
	up, err := w.client.NewUploadPackSession(to, w.auth)
	if err != nil {
		return nil, nil, err
	}
	adv, err := up.AdvertisedReferencesContext(ctx)
	if err != nil {
		return nil, nil, err
	}
	w.mu.Lock()
	w.to = *to
	w.mu.Unlock()
	return adv, httpSession{up}, nil
}

func (w *httpWire) resume(context.Context) (session, error) {
	up, err := w.client.NewUploadPackSession(w.endpoint(), w.auth)
	return httpSession{up}, err
}

type httpSession struct{ up transport.UploadPackSession }

func (s httpSession) upload(ctx context.Context, req *packp.UploadPackRequest) (*packp.UploadPackResponse, error) {
	return s.up.UploadPack(ctx, req)
}

func (s httpSession) close() { _ = s.up.Close() }

// receive pushes in one request, without asking for the references first: the
// expected old value in the push is the comparison. A server that does not
// understand is asked what it can do, and once more.
func (w *httpWire) receive(ctx context.Context, build func(*capability.List) *packp.ReferenceUpdateRequest) (*packp.ReportStatus, error) {
	rp, err := w.client.NewReceivePackSession(w.endpoint(), w.auth)
	if err != nil {
		return nil, err
	}
	defer rp.Close()
	report, err := rp.ReceivePack(ctx, build(nil))
	w.mu.Lock()
	ask := !w.knew && notUnderstood(report, err)
	w.knew = w.knew || err == nil
	w.mu.Unlock()
	if !ask {
		return report, err
	}
	adv, askErr := rp.AdvertisedReferencesContext(ctx)
	if askErr != nil && !emptyRepository(askErr) {
		return report, err
	}
	caps := capability.NewList()
	if adv != nil {
		caps = adv.Capabilities
	}
	return rp.ReceivePack(ctx, build(caps))
}

// notUnderstood tells whether a server answered, but neither with a report nor
// with a clear refusal. A reply that was lost on the way is not that: the push
// may have arrived then.
func notUnderstood(report *packp.ReportStatus, err error) bool {
	if err == nil {
		return false
	}
	if report != nil {
		return report.UnpackStatus != "ok"
	}
	var status *githttp.Err
	if errors.As(unwrapUnexpected(err), &status) {
		return status.StatusCode() == http.StatusBadRequest
	}
	return false
}

func (w *httpWire) close() error {
	w.conns.CloseIdleConnections()
	return nil
}
