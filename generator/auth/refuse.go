package auth

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"octopod/generator/staging"
)

// Attempt is something that was refused, as the audit log keeps it. It never
// holds a credential.
type Attempt struct {
	At      time.Time    `json:"at"`
	Code    staging.Code `json:"code"`
	Reason  string       `json:"reason"`
	Address string       `json:"address,omitempty"` // of the client, as far as the proxies are believed
	Request string       `json:"request"`           // method and path
	Method  Method       `json:"method,omitempty"`  // of the identity, when it was known
	Subject string       `json:"subject,omitempty"`
	Name    string       `json:"name,omitempty"`
}

// tooMany is a refusal for now.
type tooMany struct{ wait time.Duration }

func (t tooMany) Error() string {
	return "too many requests: try again in " + strconv.Itoa(t.seconds()) + " s"
}

func (t tooMany) seconds() int { return int(math.Ceil(t.wait.Seconds())) }

// Refuse answers a request with an error and tells the audit log. Serve calls it
// for what Check refused, so that all refusals look alike.
func (a *Auth) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	a.report(r, err)
	status := statusOf(err)
	var wait tooMany
	if errors.As(err, &wait) {
		w.Header().Set("Retry-After", strconv.Itoa(wait.seconds()))
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="octopod"`)
	}
	w.Header().Set("Cache-Control", "no-store")
	a.options.Answer(w, r, status, err)
}

func (a *Auth) report(r *http.Request, err error) {
	identity := From(r.Context())
	if cause := errors.Unwrap(err); cause != nil || staging.CodeOf(err) == staging.CodeInternal {
		a.options.Log.WarnContext(r.Context(), "refused", "error", err, "path", r.URL.Path)
	}
	attempt := Attempt{
		At: a.options.Now(), Code: staging.CodeOf(err), Reason: reason(err), Request: r.Method + " " + r.URL.Path,
		Method: identity.Method, Subject: identity.Subject, Name: identity.Person.Name,
	}
	if client := a.proxies.client(r); client.IsValid() {
		attempt.Address = client.String()
	}
	a.options.Refused(r.Context(), attempt)
}

// reason is what may be told outside the log: the cause of an error may quote a
// provider.
func reason(err error) string {
	var known *staging.Error
	switch wait := (tooMany{}); {
	case errors.As(err, &wait):
		return wait.Error()
	case errors.As(err, &known):
		return known.Message
	}
	return "internal error"
}

func statusOf(err error) int {
	if errors.As(err, new(tooMany)) {
		return http.StatusTooManyRequests
	}
	return staging.CodeOf(err).ForeignHTTPStatus()
}

// Problem writes a refusal as RFC 9457 has it. The cause stays in the log.
func Problem(w http.ResponseWriter, _ *http.Request, status int, err error) {
	body, _ := json.Marshal(map[string]any{ // plain text and a number
		"title": http.StatusText(status), "status": status, "detail": reason(err),
		"code": staging.CodeOf(err), "hint": staging.HintOf(err),
	})
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone
}

// Challenge answers a stranger: a browser that opens a page is sent to sign in,
// everything else is refused.
func (a *Auth) Challenge(w http.ResponseWriter, r *http.Request) {
	if !a.canSignIn(r) {
		a.Refuse(w, r, errSignIn())
		return
	}
	a.toSignIn(w, r)
}

// reject answers a credential that is wrong. A browser that opens a page is sent
// to sign in all the same: mostly its session is just over.
func (a *Auth) reject(w http.ResponseWriter, r *http.Request, err error) {
	if staging.CodeOf(err) == staging.CodeUnauthorized && a.sessions != nil {
		a.sessions.forget(w)
	}
	if staging.CodeOf(err) != staging.CodeUnauthorized || !a.canSignIn(r) {
		a.Refuse(w, r, err)
		return
	}
	a.report(r, err)
	a.toSignIn(w, r)
}

// canSignIn tells whether this is a browser that asks for a page to show.
func (a *Auth) canSignIn(r *http.Request) bool {
	return a.provider != nil && (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		r.Header.Get("Authorization") == "" && strings.Contains(r.Header.Get("Accept"), "text/html")
}

func (a *Auth) toSignIn(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	next := url.Values{"next": {safePath(r.URL.RequestURI())}}
	http.Redirect(w, r, a.options.SignIn+"?"+next.Encode(), http.StatusSeeOther)
}

// mostPath is the longest path that is kept during a sign-in, in a cookie.
const mostPath = 512

// safePath gives a path of this site to go to after signing in; "/" for
// everything else. Browsers drop tabs and line breaks and take a backslash for a
// slash, so that /\evil.com and /<tab>/evil.com would leave the site.
func safePath(next string) string {
	odd := func(c rune) bool { return c <= ' ' || c == '\\' || c == 0x7f }
	u, err := url.Parse(next)
	if err != nil || len(next) > mostPath || u.IsAbs() || u.Host != "" || u.User != nil || !strings.HasPrefix(next, "/") ||
		strings.HasPrefix(next, "//") || strings.HasPrefix(next, Path) || strings.ContainsFunc(next, odd) {
		return "/"
	}
	return next
}
