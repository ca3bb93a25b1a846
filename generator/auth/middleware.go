package auth

import (
	"net/http"
	"strings"

	"octopod/generator/staging"
)

// Middleware authenticates the request and puts the Identity into its context. A
// stranger passes, see Require. A wrong credential is refused, and so is a write
// that another site makes a browser send.
func (a *Auth) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := a.origin.Check(r); err != nil {
			a.Refuse(w, r, staging.Errorf(staging.CodeForbidden, "the request comes from another site").
				WithHint("open Octopod's own page; programs send no Origin header").Because(err))
			return
		}
		if strings.HasPrefix(r.URL.Path, Path) { // a new sign-in replaces a broken session
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

// Require refuses strangers.
func (a *Auth) Require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !From(r.Context()).Known() {
			a.Challenge(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// LimitWrites limits the writes of each identity. It never limits reads.
func (a *Auth) LimitWrites(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions {
			identity := From(r.Context())
			key := string(identity.Method) + " " + identity.Subject
			if !identity.Known() {
				key = a.bucket(r)
			}
			if wait := a.writes.take(key, a.options.Now()); wait > 0 {
				a.Refuse(w, r, rateLimited{wait})
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// identify authenticates a request. A bearer token wins over a session, even a wrong
// token.
func (a *Auth) identify(w http.ResponseWriter, r *http.Request) (Identity, error) {
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
		return a.bearer(r, strings.TrimSpace(token))
	}
	if a.config.Mode == ModeNone {
		return a.localIdentity(r)
	}
	person, err := a.browserIdentity(w, r)
	if err != nil || !person.Known() {
		return Identity{}, err
	}
	return a.checkAllowed(person) // with each request: the configuration may have changed since the sign-in
}

func (a *Auth) browserIdentity(w http.ResponseWriter, r *http.Request) (Identity, error) {
	if a.config.Mode == ModeHeader {
		return a.headerIdentity(r)
	}
	return a.sessions.read(w, r)
}

func (a *Auth) bearer(r *http.Request, token string) (Identity, error) {
	if strings.HasPrefix(token, tokenPrefix) {
		return a.apiToken(token)
	}
	return a.ciToken(r.Context(), a.bucket(r), token)
}

// localIdentity returns the person at this machine. It checks the Host header because any
// web page can resolve its own name to 127.0.0.1 (DNS rebinding); a browser then
// treats this server as that page's own site.
func (a *Auth) localIdentity(r *http.Request) (Identity, error) {
	if !a.config.Unprotected && !(peer(r).IsLoopback() && isLoopback(r.Host)) {
		return Identity{}, staging.Errorf(staging.CodeForbidden, "this server has no sign-in, so it serves this machine only").
			WithHint("open it as http://localhost, or set up sign-in: auth.mode")
	}
	return Identity{Person: a.options.Local, Subject: "local", Method: MethodNone}, nil
}

// CheckListen returns an error when a server without sign-in would listen for other
// machines.
func (a *Auth) CheckListen(address string) error {
	if a.config.Mode != ModeNone || a.config.Unprotected || isLoopback(address) {
		return nil
	}
	return staging.Errorf(staging.CodeInvalid, "a server without sign-in must listen on this machine only, not on %s", address).
		WithHint("listen on 127.0.0.1, set up auth.mode, or set auth.unprotected: true in a network without strangers")
}

// Mode returns how people sign in.
func (a *Auth) Mode() Mode { return a.config.Mode }

// Provider returns the name on the sign-in button, or "" without a provider.
func (a *Auth) Provider() string {
	if a.provider == nil {
		return ""
	}
	return a.provider.title()
}

// Address returns the key under which limits count the address of a client: for IPv6
// its network. local reports whether the client runs on this machine.
func (a *Auth) Address(r *http.Request) (key string, local bool) {
	client := a.proxies.client(r)
	return bucketOf(client), client.IsLoopback()
}

func (a *Auth) bucket(r *http.Request) string { return bucketOf(a.proxies.client(r)) }
