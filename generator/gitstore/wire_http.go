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

	"octopod/generator/giturl"
	"octopod/generator/staging"
)

// httpWire uses http and https, with go-git's transport.
type httpWire struct {
	client transport.Transport
	conns  *http.Transport
	user   string      // of basic auth
	tokens TokenSource // nil without credentials

	mu         sync.Mutex
	target     transport.Endpoint // changes when the server redirects the first request
	pushWorked bool               // a push without listing references first has worked
}

func newHTTPWire(at giturl.URL, o *Options) (*httpWire, error) {
	if at.Scheme() == "http" && !o.AllowPlainHTTP {
		return nil, failf(staging.CodeInvalid, nil, "", "%s would send credentials and content unencrypted", at).
			WithTechnicalHint("use https://, or --allow-plain-http if you trust the network")
	}
	to, err := transport.NewEndpoint(strings.TrimSuffix(at.String(), "/"))
	if err != nil {
		return nil, failf(staging.CodeInvalid, err, "", "%s cannot be read", at)
	}
	conns := http.DefaultTransport.(*http.Transport).Clone()
	conns.DialContext = dialer(o.Timeout)
	conns.MaxIdleConnsPerHost = 4
	w := &httpWire{conns: conns, target: *to}
	w.user, w.tokens = o.Auth.tokenSource(at)
	w.client = githttp.NewClient(&http.Client{Transport: rotating{retryAfterTransport{conns}, w.tokens}})
	return w, nil
}

// auth returns the credentials of the next request, nil without any.
func (w *httpWire) auth(ctx context.Context) (transport.AuthMethod, error) {
	if w.tokens == nil {
		return nil, nil
	}
	token, err := w.tokens.Token(ctx)
	return &githttp.BasicAuth{Username: w.user, Password: token}, err
}

// endpoint returns a copy, because go-git modifies it.
func (w *httpWire) endpoint() *transport.Endpoint {
	w.mu.Lock()
	defer w.mu.Unlock()
	to := w.target
	return &to
}

func (w *httpWire) listRefs(ctx context.Context) (*packp.AdvRefs, session, error) {
	auth, err := w.auth(ctx)
	if err != nil {
		return nil, nil, err
	}
	to := w.endpoint()
	up, err := w.client.NewUploadPackSession(to, auth)
	if err != nil {
		return nil, nil, err
	}
	adv, err := up.AdvertisedReferencesContext(ctx)
	if err != nil {
		return nil, nil, err
	}
	w.mu.Lock()
	w.target = *to
	w.mu.Unlock()
	return adv, httpSession{up}, nil
}

func (w *httpWire) reopen(ctx context.Context) (session, error) {
	auth, err := w.auth(ctx)
	if err != nil {
		return nil, err
	}
	up, err := w.client.NewUploadPackSession(w.endpoint(), auth)
	return httpSession{up}, err
}

type httpSession struct{ up transport.UploadPackSession }

func (s httpSession) fetchPack(ctx context.Context, req *packp.UploadPackRequest) (*packp.UploadPackResponse, error) {
	return s.up.UploadPack(ctx, req)
}

func (s httpSession) close() { _ = s.up.Close() }

// push sends one request without listing references first: the request contains the
// expected old commit. If the server does not understand, push reads its
// capabilities and retries once.
func (w *httpWire) push(ctx context.Context, build func(*capability.List) *packp.ReferenceUpdateRequest) (*packp.ReportStatus, error) {
	auth, err := w.auth(ctx)
	if err != nil {
		return nil, err
	}
	rp, err := w.client.NewReceivePackSession(w.endpoint(), auth)
	if err != nil {
		return nil, err
	}
	defer rp.Close()
	report, err := rp.ReceivePack(ctx, build(nil))
	w.mu.Lock()
	ask := !w.pushWorked && notUnderstood(report, err)
	w.pushWorked = w.pushWorked || err == nil
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

// notUnderstood reports whether the server answered, but with neither a report nor a
// clear rejection. It is false when the reply was lost: then the push may have
// arrived.
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
