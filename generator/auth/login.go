package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"

	"golang.org/x/oauth2"

	"octopod/generator/staging"
)

// provider is an external service where people sign in.
type provider interface {
	// title is the provider's name on the sign-in button.
	title() string
	// authorize returns the provider's URL for signing in.
	authorize(ctx context.Context, f flow) (string, error)
	// redeem exchanges the code of the callback for the person's identity.
	redeem(ctx context.Context, code string, f flow) (Identity, error)
}

// Handler signs people in and out: GET /auth/login?next=/path, GET /auth/callback,
// POST /auth/logout. Mount it behind Middleware.
func (a *Auth) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path+"login", a.limited(a.login))
	mux.HandleFunc("GET "+Path+"callback", a.limited(a.callback))
	mux.HandleFunc("POST "+Path+"logout", a.logout)
	return mux
}

func (a *Auth) limited(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		if wait := a.signIns.take(a.bucket(r), a.options.Now()); wait > 0 {
			a.Refuse(w, r, rateLimited{wait})
			return
		}
		next(w, r)
	}
}

// login redirects the browser to the provider. A cookie ties the provider's response
// to this browser.
func (a *Auth) login(w http.ResponseWriter, r *http.Request) {
	next := safePath(r.URL.Query().Get("next"))
	if a.provider == nil {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return
	}
	f := flow{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Next: next}
	address, err := a.provider.authorize(r.Context(), f)
	if err == nil {
		err = a.sessions.begin(w, r, f)
	}
	if err != nil {
		a.Refuse(w, r, err)
		return
	}
	http.Redirect(w, r, address, http.StatusSeeOther)
}

// callback completes a sign-in when the provider redirects the browser back.
func (a *Auth) callback(w http.ResponseWriter, r *http.Request) {
	if a.provider == nil {
		http.NotFound(w, r)
		return
	}
	next, err := a.signIn(w, r)
	if err != nil {
		a.Refuse(w, r, err)
		return
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
}

func (a *Auth) signIn(w http.ResponseWriter, r *http.Request) (next string, err error) {
	query := r.URL.Query()
	f, err := a.sessions.finish(w, r, query.Get("state"))
	if err != nil {
		return "", err
	}
	if code := query.Get("error"); code != "" {
		return "", staging.Errorf(staging.CodeUnauthorized, "%s did not sign you in", a.provider.title()).
			WithHint("sign in again, and give your consent there").Because(errors.New(printable(code)))
	}
	identity, err := a.provider.redeem(r.Context(), query.Get("code"), f)
	if err != nil {
		return "", err
	}
	if identity, err = a.checkAllowed(identity); err != nil {
		return "", err
	}
	a.options.Log.InfoContext(r.Context(), "signed in", "identity", identity)
	return f.Next, a.sessions.start(w, identity)
}

// logout removes the session from the browser.
func (a *Auth) logout(w http.ResponseWriter, r *http.Request) {
	if a.sessions != nil {
		a.sessions.clear(w)
	}
	http.Redirect(w, r, a.options.SignedOut, http.StatusSeeOther)
}
