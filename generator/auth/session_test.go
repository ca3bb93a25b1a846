package auth_test

import (
	"encoding/base64"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"octopod/generator/auth"
	"octopod/generator/project"
)

// signedIn signs Grace in and returns the session cookie.
func signedIn(t *testing.T, h *testServer) string {
	t.Helper()
	v := h.browser(t)
	v.get(h.URL + "/").identity(t)
	return v.cookies(h)[sessionCookie]
}

func (h *testServer) holding(t *testing.T, cookie string) *testClient {
	t.Helper()
	return h.program(t).with("Cookie", sessionCookie+"="+cookie)
}

func TestForgedCookie(t *testing.T) {
	i := newIssuer(t)
	h := open(t, withOIDC(i))
	good := signedIn(t, h)
	h.holding(t, good).get(h.URL + "/").identity(t)
	login := h.browser(t)
	login.noRedirects().get(h.URL + "/auth/login")

	other := maps.Clone(environment)
	other["SESSION_KEYS"] = secondKey
	elsewhere := signedIn(t, open(t, withOIDC(i), func(o *auth.Options) { o.Getenv = func(name string) string { return other[name] } }))
	otherClient := signedIn(t, open(t, withOIDC(newIssuer(t))))

	for name, cookie := range map[string]string{
		"first letter changed":         flip(good, 0),
		"letter in the middle changed": flip(good, len(good)/2),
		"last letters changed":         flip(good, len(good)-2),
		"truncated":                    good[:len(good)/2],
		"one letter short":             good[:len(good)-1],
		"one letter left":              good[:1],
		"something appended":           good + "AAAA",
		"another encoding of the same": good + "=",
		"no base64":                    strings.Repeat("%", 40),
		"not encrypted":                base64.RawURLEncoding.EncodeToString([]byte(`{"s":"eve","n":"Eve","t":4102444800,"l":4102444800}`)),
		"of a server with another key": elsewhere,
		"of another OAuth client":      otherClient,
		"a sign-in under way":          login.cookies(h)[login.flows(h)[0]],
		"the nonce of a valid cookie":  good[:16],
	} {
		got := h.holding(t, cookie).get(h.URL + "/")
		t.Run(name, func(t *testing.T) {
			got.assertProblem(t, http.StatusUnauthorized)
			if set := got.Header.Get("Set-Cookie"); !strings.HasPrefix(set, sessionCookie+"=;") || !strings.Contains(set, "Max-Age=0") {
				t.Errorf("the browser keeps the cookie: %q", set)
			}
		})
	}
	if n := len(h.refusals()); n != 14 {
		t.Errorf("%d refusals in the audit log, want 14", n)
	}
	page := h.holding(t, flip(good, 3)).with("Accept", "text/html").noRedirects().get(h.URL + "/x")
	if page.StatusCode != http.StatusSeeOther || page.Header.Get("Location") != "/auth/login?next=%2Fx" {
		t.Errorf("a page with a forged cookie: %s to %s", page.Status, page.Header.Get("Location"))
	}
	if n := len(h.refusals()); n != 15 {
		t.Errorf("%d refusals in the audit log, want 15", n)
	}
}

func TestExpiredCookie(t *testing.T) {
	h := open(t, withOIDC(newIssuer(t), func(c *auth.Config) {
		c.Session.Idle, c.Session.Lifetime = project.Duration(time.Hour), project.Duration(10*time.Hour)
	}))
	unused := signedIn(t, h)
	h.advance(59 * time.Minute)
	h.holding(t, unused).get(h.URL + "/").identity(t)
	h.advance(time.Minute)
	h.holding(t, unused).get(h.URL+"/").assertProblem(t, http.StatusUnauthorized)

	used := signedIn(t, h)
	for range 19 { // 9 h 30 min: each request extends the session
		h.advance(30 * time.Minute)
		got := h.holding(t, used).get(h.URL + "/")
		got.identity(t)
		for _, cookie := range got.Cookies() {
			used = cookie.Value
		}
	}
	h.advance(30 * time.Minute) // the lifetime ends it
	h.holding(t, used).get(h.URL+"/").assertProblem(t, http.StatusUnauthorized)
}

// The server renews the cookie now and then, not with every page.
func TestCookieIsRenewedSparingly(t *testing.T) {
	h := open(t, withOIDC(newIssuer(t)))
	cookie := signedIn(t, h)
	if got := h.holding(t, cookie).get(h.URL + "/"); got.Header.Get("Set-Cookie") != "" {
		t.Error("a new cookie at once")
	}
	h.advance(time.Hour)
	if got := h.holding(t, cookie).get(h.URL + "/"); got.Header.Get("Set-Cookie") == "" {
		t.Error("no new cookie after an hour of eight")
	}
}

// The new key encrypts, the old key decrypts until it is removed.
func TestKeysCanBeChanged(t *testing.T) {
	i := newIssuer(t)
	keys := firstKey
	start := func() *testServer {
		return open(t, withOIDC(i), func(o *auth.Options) {
			o.Getenv = func(name string) string {
				return map[string]string{"CLIENT_SECRET": clientSecret, "SESSION_KEYS": keys}[name]
			}
		})
	}
	h := start()
	old := signedIn(t, h)
	keys = secondKey + "\n" + firstKey + "\n"
	h = start()
	h.holding(t, old).get(h.URL + "/").identity(t)
	fresh := signedIn(t, h)
	keys = secondKey
	h = start()
	h.holding(t, old).get(h.URL+"/").assertProblem(t, http.StatusUnauthorized)
	h.holding(t, fresh).get(h.URL + "/").identity(t)
}

// A session ends at once when its person may no longer sign in.
func TestAllowCountsForSessionsToo(t *testing.T) {
	i := newIssuer(t)
	cookie := signedIn(t, open(t, withOIDC(i)))
	h := open(t, withOIDC(i, func(c *auth.Config) { c.Allow = project.Members{Emails: []string{"ada@example.com"}} }))
	h.holding(t, cookie).get(h.URL+"/").assertProblem(t, http.StatusForbidden)
}
