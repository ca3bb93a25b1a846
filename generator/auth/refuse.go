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

// Attempt is a refused request in the audit log. It never contains a credential.
type Attempt struct {
	At      time.Time    `json:"at"`
	Code    staging.Code `json:"code"`
	Reason  string       `json:"reason"`
	Address string       `json:"address,omitempty"` // of the client, from the headers of trusted proxies
	Request string       `json:"request"`           // method and path
	Method  Method       `json:"method,omitempty"`  // of the identity; empty for a stranger
	Subject string       `json:"subject,omitempty"`
	Name    string       `json:"name,omitempty"`
}

// rateLimited is the error of a request over the rate limit.
type rateLimited struct{ wait time.Duration }

func (t rateLimited) Error() string {
	return "too many requests: try again in " + strconv.Itoa(t.seconds()) + " s"
}

func (t rateLimited) seconds() int { return int(math.Ceil(t.wait.Seconds())) }

// Refuse responds to a request with an error and reports it to the audit log. The
// server also calls it for the errors of Check, so all refusals look alike.
func (a *Auth) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	a.report(r, err)
	status := statusOf(err)
	var wait rateLimited
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
		Method: identity.Method, Subject: identity.Subject, Name: identity.Person.Name, Address: a.ClientAddress(r),
	}
	a.options.Refused(r.Context(), attempt)
}

// ClientAddress returns the address of the client of a request, without its port: behind a
// trusted proxy the address that the proxy states.
func (a *Auth) ClientAddress(r *http.Request) string {
	if client := a.proxies.client(r); client.IsValid() {
		return client.String()
	}
	return r.RemoteAddr
}

// reason returns the part of an error that people outside may read. The cause stays
// in the log, because it may quote a provider.
func reason(err error) string {
	var known *staging.Error
	switch wait := (rateLimited{}); {
	case errors.As(err, &wait):
		return wait.Error()
	case errors.As(err, &known):
		return known.Message
	}
	return "internal error"
}

func statusOf(err error) int {
	if errors.As(err, new(rateLimited)) {
		return http.StatusTooManyRequests
	}
	return staging.CodeOf(err).ForeignHTTPStatus()
}

// Problem writes a refusal in the format of RFC 9457. The cause stays in the log.
func Problem(w http.ResponseWriter, _ *http.Request, status int, err error) {
	body, _ := json.Marshal(map[string]any{ // plain text and a number
		"title": http.StatusText(status), "status": status, "detail": reason(err),
		"code": staging.CodeOf(err), "hint": staging.HintOf(err),
	})
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone
}

// Challenge responds to a stranger: it redirects a browser that opens a page to the
// sign-in, and refuses every other request.
func (a *Auth) Challenge(w http.ResponseWriter, r *http.Request) {
	if !a.canSignIn(r) {
		a.Refuse(w, r, errSignIn())
		return
	}
	a.redirectToSignIn(w, r)
}

// reject responds to a wrong credential. It redirects a browser that opens a page to
// the sign-in: usually its session has expired.
func (a *Auth) reject(w http.ResponseWriter, r *http.Request, err error) {
	if staging.CodeOf(err) == staging.CodeUnauthorized && a.sessions != nil {
		a.sessions.clear(w)
	}
	if staging.CodeOf(err) != staging.CodeUnauthorized || !a.canSignIn(r) {
		a.Refuse(w, r, err)
		return
	}
	a.report(r, err)
	a.redirectToSignIn(w, r)
}

// canSignIn reports whether a browser requests a page, so that a redirect helps.
func (a *Auth) canSignIn(r *http.Request) bool {
	return a.provider != nil && (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		r.Header.Get("Authorization") == "" && strings.Contains(r.Header.Get("Accept"), "text/html")
}

func (a *Auth) redirectToSignIn(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	next := url.Values{"next": {safePath(r.URL.RequestURI())}}
	http.Redirect(w, r, a.options.SignIn+"?"+next.Encode(), http.StatusSeeOther)
}

// maxPath bounds the path that the cookie of a sign-in stores.
const maxPath = 512

// safePath returns next if it is a path of this site, where the browser may go after
// signing in, or else "/". Browsers drop tabs and line breaks and read a backslash as
// a slash, so /\evil.com and /<tab>/evil.com would leave the site.
func safePath(next string) string {
	odd := func(c rune) bool { return c <= ' ' || c == '\\' || c == 0x7f }
	u, err := url.Parse(next)
	if err != nil || len(next) > maxPath || u.IsAbs() || u.Host != "" || u.User != nil || !strings.HasPrefix(next, "/") ||
		strings.HasPrefix(next, "//") || strings.HasPrefix(next, Path) || strings.ContainsFunc(next, odd) {
		return "/"
	}
	return next
}
