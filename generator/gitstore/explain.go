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
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"

	"octopod/generator/staging"
)

// explain classifies what went wrong between here and the server, by types and
// status codes alone. verb is "read" or "write".
func (r *remote) explain(err error, verb string) error {
	if err == nil || classified(err) || errors.Is(err, context.Canceled) {
		return err
	}
	err = unwrapUnexpected(err)
	var status *githttp.Err
	var command *commandError
	var line *pktline.ErrorLine
	var later *Later
	switch {
	case errors.As(err, &later):
		return failf(staging.CodeUnavailable, later, "try again later", "%s answered %d %s%s", r.shown,
			later.status, http.StatusText(later.status), wordsOf(later.words))
	case errors.Is(err, transport.ErrAuthenticationRequired):
		return failf(staging.CodeUnauthorized, withoutPage(err), "check the user name and the token",
			"%s does not accept the credentials", r.shown)
	case errors.Is(err, transport.ErrAuthorizationFailed):
		return failf(staging.CodeForbidden, withoutPage(err), "the credentials need the right to "+verb+" this repository",
			"%s does not let you %s", r.shown, verb)
	case errors.Is(err, transport.ErrRepositoryNotFound):
		return r.notFound(err)
	case errors.As(err, &status):
		return r.explainStatus(status, verb)
	case errors.As(err, &command) && verb == "write":
		return failf(staging.CodeForbidden, command, "the credentials need the right to write this repository",
			"%s refused the push", r.shown)
	case errors.As(err, &command), errors.As(err, &line):
		return r.notFound(err)
	case isNetwork(err):
		return r.explainNetwork(err)
	}
	return failf(staging.CodeUnavailable, err, "check that this is the address of a git repository",
		"%s did not answer as a git server does", r.shown)
}

func (r *remote) notFound(err error) error {
	return failf(staging.CodeNotFound, err, "check the address, and that the credentials may read the repository",
		"there is no repository at %s", r.shown)
}

// explainStatus explains an answer that is neither 2xx nor one that go-git knows.
func (r *remote) explainStatus(status *githttp.Err, verb string) error {
	code := staging.CodeUnavailable
	if status.StatusCode() == http.StatusMethodNotAllowed || status.StatusCode() == http.StatusConflict {
		code = staging.CodeForbidden
	}
	return failf(code, nil, "check the git server, then try again", "%s answered %d %s%s", r.shown,
		status.StatusCode(), http.StatusText(status.StatusCode()), wordsOf(status.Reason))
}

// wordsOf are those that an answer explains itself with, if any.
func wordsOf(body string) string {
	if isPage(body) {
		return ""
	}
	return remoteWords(firstLines(body))
}

// withoutPage drops a cause that is a page for browsers: nothing in it is for
// the reader of a terminal.
func withoutPage(err error) error {
	if isPage(err.Error()) {
		return nil
	}
	return err
}

func isPage(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "<html") || strings.Contains(text, "<!doctype")
}

// firstLines keeps an error page from filling the screen.
func firstLines(s string) string {
	lines := strings.SplitN(s, "\n", 6)
	return strings.Join(lines[:min(5, len(lines))], "\n")
}

func (r *remote) explainNetwork(err error) error {
	var timeout net.Error
	var dns *net.DNSError
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return failf(staging.CodeUnavailable, err, "check the network and the git server, then try again",
			"%s does not answer", r.shown)
	case errors.As(err, &dns):
		return failf(staging.CodeUnavailable, err, "check the host name", "the host of %s cannot be found", r.shown)
	case isTLS(err):
		return failf(staging.CodeUnavailable, err, "add the authority to the system's certificates",
			"the certificate of %s is not trusted", r.shown)
	}
	return failf(staging.CodeUnavailable, err, "check the network and the git server, then try again",
		"%s cannot be reached", r.shown)
}

// isNetwork tells whether an error is one of the connection, not of what was
// said over it.
func isNetwork(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	var netErr net.Error
	return errors.As(err, &op) || errors.As(err, &dns) || errors.As(err, &netErr) || isTLS(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}

func isTLS(err error) bool {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verify *tls.CertificateVerificationError
	return errors.As(err, &unknown) || errors.As(err, &host) || errors.As(err, &invalid) || errors.As(err, &verify)
}

// unwrapUnexpected looks into go-git's wrappers, which hide what they hold.
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
