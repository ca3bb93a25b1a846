package auth

import (
	"net/http"
	"strings"

	"octopod/generator/staging"
)

// Middleware finds out who is asking and puts the Identity into the context. A
// stranger passes as one, see Require; a wrong credential is refused, and so is a
// change that another site has a browser make.
func (a *Auth) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := a.origin.Check(r); err != nil {
			a.Refuse(w, r, staging.Errorf(staging.CodeForbidden, "the request comes from another site").
				WithHint("open Octopod's own page; programs send no Origin header").Because(err))
			return
		}
		if strings.HasPrefix(r.URL.Path, Path) { // where a broken session is mended
			next.ServeHTTP(w, r)
			return
		}
		identity, err := a.identify(w, r)
		if err != nil {
			a.reject(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(with(r.Context(), identity)))
	})
}

// Require lets only those pass who are known.
func (a *Auth) Require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !From(r.Context()).Known() {
			a.Challenge(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// LimitWrites holds back an identity that changes too much at once. Reading is
// never held back.
func (a *Auth) LimitWrites(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions {
			identity := From(r.Context())
			key := string(identity.Method) + " " + identity.Subject
			if !identity.Known() {
				key = a.bucket(r)
			}
			if wait := a.writes.take(key, a.options.Now()); wait > 0 {
				a.Refuse(w, r, tooMany{wait})
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// identify looks for the credential that the request carries. A bearer token
// comes first and is never passed over.
func (a *Auth) identify(w http.ResponseWriter, r *http.Request) (Identity, error) {
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
		return a.bearer(r, strings.TrimSpace(token))
	}
	if a.config.Mode == ModeNone {
		return a.local(r)
	}
	person, err := a.person(w, r)
	if err != nil || !person.Known() {
		return Identity{}, err
	}
	return a.admit(person) // again with each request: the lists may have changed since the sign-in
}

func (a *Auth) person(w http.ResponseWriter, r *http.Request) (Identity, error) {
	if a.config.Mode == ModeHeader {
		return a.forwarded(r)
	}
	return a.sessions.read(w, r)
}

func (a *Auth) bearer(r *http.Request, token string) (Identity, error) {
	if strings.HasPrefix(token, tokenPrefix) {
		return a.apiToken(token)
	}
	return a.ciToken(r.Context(), a.bucket(r), token)
}

// local is the person at this machine. The Host header is looked at because any
// web page can give its own name the address 127.0.0.1 and then is, for a
// browser, the same site as this server.
func (a *Auth) local(r *http.Request) (Identity, error) {
	if !a.config.Unprotected && !(peer(r).IsLoopback() && isLoopback(r.Host)) {
		return Identity{}, staging.Errorf(staging.CodeForbidden, "this server asks nobody who they are, and so serves this machine only").
			WithHint("open it as http://localhost, or set up sign-in: auth.mode")
	}
	return Identity{Person: a.options.Local, Subject: "local", Method: MethodNone}, nil
}

// CheckListen refuses to serve other machines without sign-in.
func (a *Auth) CheckListen(address string) error {
	if a.config.Mode != ModeNone || a.config.Unprotected || isLoopback(address) {
		return nil
	}
	return staging.Errorf(staging.CodeInvalid, "without sign-in the server must listen on this machine only, not on %s", address).
		WithHint("listen on 127.0.0.1, set up auth.mode, or say auth.unprotected: true where a network keeps strangers out")
}

// Mode says how people are recognised.
func (a *Auth) Mode() Mode { return a.config.Mode }

// Provider is what people read on the button to sign in; empty where there is none.
func (a *Auth) Provider() string {
	if a.provider == nil {
		return ""
	}
	return a.provider.title()
}

func (a *Auth) bucket(r *http.Request) string { return bucketOf(a.proxies.client(r)) }
