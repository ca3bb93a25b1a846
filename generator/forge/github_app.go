package forge

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"

	"octopod/generator/gitstore"
	"octopod/generator/staging"
)

// GitHubAppOptions name one installation of a GitHub App.
type GitHubAppOptions struct {
	API              string // https://api.github.com
	ID, Installation int64
	PrivateKey       []byte // PEM, as GitHub generates it
}

// GitHubApp provides the tokens of an installation, for git and for the API. A token is
// kept until a minute before it expires, or until GitHub refuses it. It implements
// gitstore.TokenSource.
type GitHubApp struct {
	options GitHubAppOptions

	mu      sync.Mutex
	current *ghinstallation.Transport // holds the token
	last    string                    // the token that it returned last
}

// mintTimeout bounds the request for a token.
const mintTimeout = 10 * time.Second

// OpenGitHubApp returns an installation. It makes no request.
func OpenGitHubApp(o GitHubAppOptions) (*GitHubApp, error) {
	a := &GitHubApp{options: o}
	var err error
	if a.current, err = a.fresh(); err != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "the private key of the GitHub App %d cannot be read", o.ID).
			WithHint("GitHub generates it as a PEM file: BEGIN RSA PRIVATE KEY")
	}
	return a, nil
}

// fresh returns the installation without a token.
func (a *GitHubApp) fresh() (*ghinstallation.Transport, error) {
	t, err := ghinstallation.New(http.DefaultTransport, a.options.ID, a.options.Installation, a.options.PrivateKey)
	if err != nil {
		return nil, err
	}
	t.BaseURL, t.Client = strings.TrimSuffix(a.options.API, "/"), &http.Client{Timeout: mintTimeout}
	return t, nil
}

// Token returns the current token, a new one shortly before it expires.
func (a *GitHubApp) Token(ctx context.Context) (string, error) {
	a.mu.Lock()
	current := a.current
	a.mu.Unlock()
	token, err := current.Token(ctx)
	if err != nil {
		return "", a.explain(err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last = token
	return token, nil
}

// Refused drops a token that GitHub does not accept any more.
func (a *GitHubApp) Refused(token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if token == a.last {
		a.last = ""
		a.current, _ = a.fresh() // the key was read before
	}
}

// explain says why there is no token.
func (a *GitHubApp) explain(err error) error {
	var rejected *ghinstallation.HTTPError
	if errors.As(err, &rejected) && rejected.Response != nil && rejected.RootCause == nil {
		_ = rejected.Response.Body.Close()
		if status := rejected.Response.StatusCode; status < http.StatusInternalServerError && status != http.StatusTooManyRequests {
			return staging.Errorf(staging.CodeUnauthorized, "the GitHub App %d gets no token for its installation %d: GitHub answered %d %s",
				a.options.ID, a.options.Installation, status, http.StatusText(status)).
				WithHint("check the id, the installation and the private key of the app, and that it is not suspended").OfForeign()
		}
	}
	return gitstore.Transient(staging.Errorf(staging.CodeUnavailable, "the GitHub App %d gets no token at present", a.options.ID).
		WithHint("check %s, then try again", a.options.API).Because(err).OfForeign())
}

// Transport authorizes the requests of a client of the API.
func (a *GitHubApp) Transport(next http.RoundTripper) http.RoundTripper { return &authorized{a, next} }

// authorized adds the token to each request, and repeats a request once whose token was
// refused.
type authorized struct {
	*GitHubApp
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t *authorized) RoundTrip(r *http.Request) (*http.Response, error) {
	token, answer, err := t.send(r)
	if err != nil || answer.StatusCode != http.StatusUnauthorized || r.Body != nil && r.GetBody == nil {
		return answer, err
	}
	_ = answer.Body.Close()
	t.Refused(token)
	if r.GetBody != nil {
		r = r.Clone(r.Context())
		if r.Body, err = r.GetBody(); err != nil {
			return nil, err
		}
	}
	_, answer, err = t.send(r)
	return answer, err
}

func (t *authorized) send(r *http.Request) (token string, answer *http.Response, err error) {
	if token, err = t.Token(r.Context()); err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return "", nil, err
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err = t.next.RoundTrip(r)
	return token, answer, err
}
