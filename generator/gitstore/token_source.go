package gitstore

import (
	"cmp"
	"context"
	"net/http"
	"os"
	"strings"
	"sync"

	"octopod/generator/giturl"
)

// TokenSource provides the token of each request, because tokens are rotated. It is safe
// for concurrent use.
type TokenSource interface {
	// Token returns the current token.
	Token(ctx context.Context) (string, error)
	// Refused says that the server does not accept a token any more.
	Refused(token string)
}

// tokenSource returns the source of the tokens for a repository, nil for anonymous
// requests.
func (a Auth) tokenSource(at giturl.URL) (user string, of TokenSource) {
	if !a.HasLogin() {
		a.Username, a.Token = at.Credentials()
	}
	switch {
	case a.Tokens != nil:
		of = a.Tokens
	case a.TokenFile != "":
		of = &tokenFile{path: a.TokenFile, last: a.Token}
	case a.HasLogin():
		of = fixedToken(a.Token)
	default:
		return "", nil
	}
	return cmp.Or(a.Username, "git"), of // forges check only the token, but require some user name
}

// fixedToken is a token that is not rotated.
type fixedToken string

func (t fixedToken) Token(context.Context) (string, error) { return string(t), nil }
func (t fixedToken) Refused(string)                        {}

// tokenFile is a file that holds a token.
type tokenFile struct {
	path string

	mu   sync.Mutex
	last string
}

// Token returns the token that the file holds now. A file that is missing or empty, as
// between two steps of a rotation, leaves the last token.
func (t *tokenFile) Token(context.Context) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if data, err := os.ReadFile(t.path); err == nil && len(strings.TrimSpace(string(data))) > 0 {
		t.last = strings.TrimSpace(string(data))
	}
	return t.last, nil
}

func (t *tokenFile) Refused(string) {}

// rotating repeats a request whose token was refused, if the token was rotated meanwhile.
// A refused request has changed nothing.
type rotating struct {
	http.RoundTripper
	tokens TokenSource
}

func (t rotating) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := t.RoundTripper.RoundTrip(r)
	user, token, ok := r.BasicAuth() // not sent to another host after a redirect
	if err != nil || answer.StatusCode != http.StatusUnauthorized || !ok {
		return answer, err
	}
	t.tokens.Refused(token)
	next, err := t.tokens.Token(r.Context())
	if err != nil || next == token || r.Body != nil && r.GetBody == nil {
		return answer, nil
	}
	again := r.Clone(r.Context())
	if r.GetBody != nil {
		if again.Body, err = r.GetBody(); err != nil {
			return answer, nil
		}
	}
	_ = answer.Body.Close()
	again.SetBasicAuth(user, next)
	return t.RoundTripper.RoundTrip(again)
}
