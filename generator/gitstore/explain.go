package gitstore

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"

	"octopod/generator/staging"
)

// explain turns an error of a request to the server into one for users. It decides
// by error types and status codes, never by text. verb is "read" or "write".
func (r *remote) explain(err error, verb string) error {
	err = r.explained(err, verb)
	var known *staging.Error
	if errors.As(err, &known) {
		known.Foreign = true
	}
	return err
}

func (r *remote) explained(err error, verb string) error {
	if err == nil || isExplained(err) || errors.Is(err, context.Canceled) {
		return err
	}
	err = unwrapUnexpected(err)
	var status *githttp.Err
	var command *commandError
	var line *pktline.ErrorLine
	var retry *RetryAfter
	switch {
	case errors.As(err, &retry):
		return transient{failf(staging.CodeUnavailable, retry, "try again later", "%s answered %d %s%s", r.display,
			retry.status, http.StatusText(retry.status), serverMessage(retry.body)), retry.Wait}
	case errors.Is(err, transport.ErrAuthenticationRequired) && r.isAnonymous():
		return failf(staging.CodeUnauthorized, dropHTML(err), "", "%s asks for credentials, and none are given", r.display).
			WithTechnicalHint("set OCTOPOD_GIT_TOKEN or OCTOPOD_GIT_TOKEN_FILE, and OCTOPOD_GIT_USERNAME where it matters: Octopod reads no credential helper of git and no .netrc")
	case errors.Is(err, transport.ErrAuthenticationRequired):
		return failf(staging.CodeUnauthorized, dropHTML(err), "check the user name and the token",
			"%s does not accept the credentials", r.display)
	case errors.Is(err, transport.ErrAuthorizationFailed):
		return failf(staging.CodeForbidden, dropHTML(err), "the credentials need the right to "+verb+" this repository",
			"%s does not let you %s", r.display, verb)
	case errors.Is(err, transport.ErrRepositoryNotFound):
		return r.notFound(err)
	case errors.As(err, &status):
		return r.explainStatus(status, verb)
	case errors.As(err, &command) && verb == "write":
		return failf(staging.CodeForbidden, command, "the credentials need the right to write this repository",
			"%s rejected the push", r.display)
	case errors.As(err, &command), errors.As(err, &line):
		return r.notFound(err)
	case isNetwork(err):
		return r.explainNetwork(err)
	}
	odd := failf(staging.CodeUnavailable, err, "check that this is the address of a git repository",
		"%s did not answer as a git server does", r.display)
	if r.isGitServer() { // half an answer
		return transient{error: odd}
	}
	return odd
}

// isGitServer reports whether the server has answered as one before.
func (r *remote) isGitServer() bool {
	r.state.mu.Lock()
	defer r.state.mu.Unlock()
	return r.state.caps.list != nil
}

// isAnonymous reports whether requests carry no credentials.
func (r *remote) isAnonymous() bool {
	w, ok := r.wire.(*httpWire)
	return ok && w.tokens == nil
}

func (r *remote) notFound(err error) error {
	return failf(staging.CodeNotFound, err, "check the address, and that the credentials may read the repository",
		"there is no repository at %s", r.display)
}

// explainStatus explains an HTTP status that go-git has no error for.
func (r *remote) explainStatus(status *githttp.Err, verb string) error {
	code := staging.CodeUnavailable
	if status.StatusCode() == http.StatusMethodNotAllowed || status.StatusCode() == http.StatusConflict {
		code = staging.CodeForbidden
	}
	err := failf(code, nil, "check the git server, then try again", "%s answered %d %s%s", r.display,
		status.StatusCode(), http.StatusText(status.StatusCode()), serverMessage(status.Reason))
	if passes(status.StatusCode()) {
		return transient{error: err}
	}
	return err
}

// passes reports whether a later request may not get the status: it says that the
// server is overloaded or in trouble, not that the request is wrong.
func passes(status int) bool {
	switch status {
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported, http.StatusInsufficientStorage:
		return false
	case http.StatusRequestTimeout, http.StatusTooEarly:
		return true
	}
	return status >= http.StatusInternalServerError
}

// serverMessage returns the message in the body of an error response, "" when the
// body is an HTML page.
func serverMessage(body string) string {
	if isHTML(body) {
		return ""
	}
	return remoteLines(firstLines(body))
}

// dropHTML returns nil for an error whose text is an HTML page, which is useless
// in a terminal.
func dropHTML(err error) error {
	if isHTML(err.Error()) {
		return nil
	}
	return err
}

func isHTML(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "<html") || strings.Contains(text, "<!doctype")
}

// firstLines returns the first five lines, so that an error fits the screen.
func firstLines(s string) string {
	lines := strings.SplitN(s, "\n", 6)
	return strings.Join(lines[:min(5, len(lines))], "\n")
}

func (r *remote) explainNetwork(err error) error {
	var timeout net.Error
	var dns *net.DNSError
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return transient{error: failf(staging.CodeUnavailable, err, "check the network and the git server, then try again",
			"%s does not answer", r.display)}
	case errors.As(err, &dns):
		return failf(staging.CodeUnavailable, err, "check the host name", "cannot find the host of %s", r.display)
	case isTLS(err):
		return failf(staging.CodeUnavailable, err, "add its certificate authority to the system's trusted certificates",
			"the certificate of %s is not trusted", r.display)
	}
	return transient{error: failf(staging.CodeUnavailable, err, "check the network and the git server, then try again",
		"cannot reach %s", r.display)}
}

// isNetwork reports whether the connection failed, as opposed to the request.
func isNetwork(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	var netErr net.Error
	return errors.As(err, &op) || errors.As(err, &dns) || errors.As(err, &netErr) || isTLS(err) ||
		errors.Is(err, packp.ErrEmptyInput) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}

func isTLS(err error) bool {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verify *tls.CertificateVerificationError
	return errors.As(err, &unknown) || errors.As(err, &host) || errors.As(err, &invalid) || errors.As(err, &verify)
}

// unwrapUnexpected removes go-git's wrappers, which do not implement Unwrap.
func unwrapUnexpected(err error) error {
	for {
		var unexpected *plumbing.UnexpectedError
		var permanent *plumbing.PermanentError
		switch {
		case errors.As(err, &unexpected):
			err = unexpected.Err
		case errors.As(err, &permanent):
			err = permanent.Err
		default:
			return err
		}
	}
}
