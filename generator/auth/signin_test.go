package auth_test

import (
	"crypto/x509"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"octopod/generator/auth"
	"octopod/generator/project"
	"octopod/generator/staging"
)

func TestSignIn(t *testing.T) {
	i := newIssuer(t)
	h := open(t, withOIDC(i))
	grace := h.browser(t)
	got := grace.get(h.URL + "/stagings/login?tab=history")
	if got.Request.URL.RequestURI() != "/stagings/login?tab=history" {
		t.Errorf("after the sign-in the browser is at %s", got.Request.URL)
	}
	identity := got.identity(t)
	want := auth.Identity{
		Person: staging.Person{Name: "Grace", Email: "grace@example.com"}, Subject: "grace-1",
		Groups: []string{"testers", "everybody"}, Method: auth.MethodSession, Expires: identity.Expires,
	}
	if diff := cmp.Diff(want, identity); diff != "" {
		t.Error(diff)
	}
	if role := auth.Role(shop(), identity); role != project.RoleUser {
		t.Errorf("a tester is %s", role)
	}
	if again := grace.get(h.URL + "/"); again.Request.URL.Path != "/" || again.identity(t).Subject != "grace-1" {
		t.Errorf("the second page: %s", again.body)
	}
	cookies := grace.cookies(h)
	if cookies[sessionCookie] == "" || len(cookies) != 1 {
		t.Errorf("cookies after the sign-in: %v", cookies)
	}
	if i.exchange[0].Get("code_verifier") == "" {
		t.Error("no PKCE")
	}
	if strings.Contains(cookies[sessionCookie], "grace") {
		t.Error("the cookie is not encrypted")
	}
}

// Attributes protect the cookies from scripts, neighbouring hosts and other sites.
func TestCookieAttributes(t *testing.T) {
	h := open(t, withOIDC(newIssuer(t)))
	login := h.browser(t).noRedirects().get(h.URL + "/auth/login")
	callback := h.browser(t)
	var session *http.Cookie
	callback.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		for _, cookie := range r.Response.Cookies() {
			if cookie.Name == sessionCookie {
				session = cookie
			}
		}
		return nil
	}
	callback.get(h.URL + "/auth/login")
	for _, cookie := range []*http.Cookie{login.Cookies()[0], session} {
		if cookie == nil || !strings.HasPrefix(cookie.Name, "__Host-") || !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteLaxMode ||
			cookie.Path != "/" || cookie.Domain != "" || cookie.MaxAge <= 0 {
			t.Errorf("cookie %v", cookie)
		}
	}
}

func TestSignOut(t *testing.T) {
	h := open(t, withOIDC(newIssuer(t)))
	grace := h.browser(t)
	grace.get(h.URL + "/").identity(t)
	grace.noRedirects()
	if got := grace.get(h.URL + "/auth/logout"); got.StatusCode != http.StatusMethodNotAllowed || grace.cookies(h)[sessionCookie] == "" {
		t.Errorf("a GET request signs out: %s", got.Status)
	}
	if got := grace.do(http.MethodPost, h.URL+"/auth/logout"); got.StatusCode != http.StatusSeeOther {
		t.Errorf("status %s", got.Status)
	}
	if cookies := grace.cookies(h); len(cookies) != 0 {
		t.Errorf("cookies after signing out: %v", cookies)
	}
	if got := grace.get(h.URL + "/"); got.StatusCode != http.StatusSeeOther {
		t.Errorf("the page after signing out: %s %s", got.Status, got.body)
	}
}

// The server redirects a stranger's page to the sign-in and answers every other
// request with a problem.
func TestStrangers(t *testing.T) {
	h := open(t, withOIDC(newIssuer(t)))
	page := h.browser(t).noRedirects().get(h.URL + "/stagings?q=a%26b")
	if at := page.Header.Get("Location"); page.StatusCode != http.StatusSeeOther || at != "/auth/login?next=%2Fstagings%3Fq%3Da%2526b" {
		t.Errorf("status %s to %q", page.Status, at)
	}
	h.program(t).get(h.URL+"/").assertProblem(t, http.StatusUnauthorized)
	h.browser(t).do(http.MethodPost, h.URL+"/").assertProblem(t, http.StatusUnauthorized)
	if got := h.program(t).get(h.URL + "/livez"); got.StatusCode != http.StatusOK {
		t.Errorf("a public path: %s", got.Status)
	}
}

// The server rejects forged responses of a provider.
func TestForgedProviderResponse(t *testing.T) {
	i := newIssuer(t)
	stranger := strangerKey(t)
	honest := i.sign
	for name, lie := range map[string]func(){
		"a nonce of another sign-in": func() { i.forge = func(c map[string]any) { c["nonce"] = "another" } },
		"no nonce":                   func() { i.forge = func(c map[string]any) { delete(c, "nonce") } },
		"for another client":         func() { i.forge = func(c map[string]any) { c["aud"] = "another" } },
		"of another issuer":          func() { i.forge = func(c map[string]any) { c["iss"] = "https://evil.example.com" } },
		"expired":                    func() { i.forge = func(c map[string]any) { c["exp"] = time.Now().Add(-time.Minute).Unix() } },
		"for another access token":   func() { i.forge = func(c map[string]any) { c["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA" } },
		"signed by a stranger":       func() { i.sign = func(c map[string]any) string { return signed(t, jose.RS256, stranger, "one", c) } },
		"not signed":                 func() { i.sign = unsigned },
		"signed with the public key": func() {
			i.sign = func(c map[string]any) string {
				return signed(t, jose.HS256, x509.MarshalPKCS1PublicKey(&i.key.PublicKey), "one", c)
			}
		},
		"no ID token": func() { i.sign = func(map[string]any) string { return "" } },
		"the user info of somebody else's": func() {
			i.forge = func(c map[string]any) { delete(c, "groups") }
			i.userInfo = map[string]any{"sub": "eve"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			i.forge, i.sign, i.userInfo = func(map[string]any) {}, honest, nil
			lie()
			h := open(t, withOIDC(i))
			v := h.browser(t)
			v.get(h.URL+"/").assertProblem(t, http.StatusUnauthorized)
			if cookies := v.cookies(h); len(cookies) != 0 {
				t.Errorf("cookies: %v", cookies)
			}
			if len(h.refusals()) == 0 {
				t.Error("not in the audit log")
			}
		})
	}
}

// The user info completes an ID token without groups.
func TestGroupsFromUserInfo(t *testing.T) {
	i := newIssuer(t)
	i.forge = func(c map[string]any) { delete(c, "groups"); delete(c, "email"); delete(c, "email_verified") }
	i.userInfo = map[string]any{"sub": "grace-1", "email": "grace@example.com", "email_verified": true, "groups": []string{"leads"}, "name": "Eve"}
	h := open(t, withOIDC(i))
	got := h.browser(t).get(h.URL + "/").identity(t)
	if auth.Role(shop(), got) != project.RoleAdmin || got.Person != (staging.Person{Name: "Grace", Email: "grace@example.com"}) {
		t.Errorf("%+v", got)
	}
}

// Some providers reject a sign-in with a scope that they do not know.
func TestScopes(t *testing.T) {
	for _, tt := range []struct {
		offered, configured []string
		want                string
	}{
		{nil, nil, "openid profile email"},
		{[]string{"openid", "groups"}, nil, "openid profile email groups"},
		{[]string{"openid", "groups"}, []string{"openid", "roles"}, "openid roles"},
	} {
		i := newIssuer(t)
		i.scopes = tt.offered
		h := open(t, withOIDC(i, func(c *auth.Config) { c.OIDC.Scopes = tt.configured }))
		at, _ := url.Parse(h.browser(t).noRedirects().get(h.URL + "/auth/login").Header.Get("Location"))
		if got := at.Query().Get("scope"); got != tt.want {
			t.Errorf("offered %v, configured %v: %q, want %q", tt.offered, tt.configured, got, tt.want)
		}
	}
}

// An unverified mail address gives no role.
func TestUnverifiedAddressGivesNoRole(t *testing.T) {
	for _, verified := range []any{false, "false"} {
		i := newIssuer(t)
		i.forge = func(c map[string]any) {
			c["email"] = "ada@example.com"
			c["email_verified"] = verified
			c["groups"] = []string{}
		}
		h := open(t, withOIDC(i))
		got := h.browser(t).get(h.URL + "/").identity(t)
		if role := auth.Role(shop(), got); role != project.RoleViewer || got.Person.Email != "" {
			t.Errorf("%v: role %s of %+v", verified, role, got)
		}
	}
}

func TestAllowAndKeepGroups(t *testing.T) {
	i := newIssuer(t)
	h := open(t, withOIDC(i, func(c *auth.Config) { c.Allow = project.Members{Emails: []string{"*@other.com"}} }))
	h.browser(t).get(h.URL+"/").assertProblem(t, http.StatusForbidden)
	h = open(t, withOIDC(i, func(c *auth.Config) {
		c.Allow = project.Members{Groups: []string{"testers"}}
		c.KeepGroups = []string{"test*"}
	}))
	if got := h.browser(t).get(h.URL + "/").identity(t); !cmp.Equal(got.Groups, []string{"testers"}) {
		t.Errorf("groups %v", got.Groups)
	}
}

func TestTooManyGroupsForACookie(t *testing.T) {
	i := newIssuer(t)
	i.forge = func(c map[string]any) {
		c["groups"] = strings.Split(strings.Repeat("2f6e8c1a-0d4b-4a39-9a51-7d1c5c1e5e11,", 200), ",")
	}
	h := open(t, withOIDC(i))
	got := h.browser(t).get(h.URL + "/")
	got.assertProblem(t, http.StatusBadRequest)
	if !strings.Contains(got.body, "auth.keepGroups") {
		t.Errorf("the error has no hint: %s", got.body)
	}
}

// The provider's response to one browser is not valid in another: an attacker cannot
// sign a victim in to the attacker's account.
func TestSignInOfAnotherBrowser(t *testing.T) {
	h := open(t, withOIDC(newIssuer(t)))
	eve := h.browser(t)
	var callback string
	eve.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/auth/callback" {
			callback = r.URL.String()
			return http.ErrUseLastResponse
		}
		return nil
	}
	eve.get(h.URL + "/auth/login")

	victim := h.browser(t)
	victim.get(callback).assertProblem(t, http.StatusUnauthorized)
	victim.noRedirects().get(h.URL + "/auth/login") // begins another sign-in
	victim.get(callback).assertProblem(t, http.StatusUnauthorized)
	if victim.cookies(h)[sessionCookie] != "" {
		t.Error("the victim is signed in as Eve")
	}
}

// A response is valid once, even together with a copy of the sign-in's cookie.
func TestSignInCannotBeReplayed(t *testing.T) {
	h := open(t, withOIDC(newIssuer(t)))
	v := h.browser(t)
	var callback, name, flow string
	v.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/auth/callback" {
			callback, name = r.URL.String(), v.flows(h)[0]
			flow = v.cookies(h)[name]
		}
		return nil
	}
	v.get(h.URL + "/").identity(t)
	v.get(callback).assertProblem(t, http.StatusUnauthorized) // the cookie of the sign-in is gone

	eve := h.browser(t)
	eve.setCookie(h, name, flow)
	eve.get(callback).assertProblem(t, http.StatusUnauthorized) // the code is used up
	if eve.cookies(h)[sessionCookie] != "" {
		t.Error("Eve is signed in")
	}
}

// The server compares the whole state, and a wrong state does not end the sign-in
// under way.
func TestForgedState(t *testing.T) {
	h := open(t, withOIDC(newIssuer(t)))
	v := h.browser(t).noRedirects()
	at := v.get(h.URL + "/auth/login").Header.Get("Location")
	back, _ := url.Parse(v.get(at).Header.Get("Location"))
	good := back.Query()
	for _, state := range []string{"", good.Get("state")[:8], flip(good.Get("state"), 20), good.Get("state") + "A"} {
		forged := url.Values{"code": good["code"], "state": {state}}
		v.get(h.URL+"/auth/callback?"+forged.Encode()).assertProblem(t, http.StatusUnauthorized)
	}
	if got := v.get(back.String()); got.StatusCode != http.StatusSeeOther || v.cookies(h)[sessionCookie] == "" {
		t.Errorf("the right state: %s %s", got.Status, got.body)
	}
}

// A browser restores several pages at once, and each returns to its own path.
func TestSignInsSideBySide(t *testing.T) {
	h := open(t, withOIDC(newIssuer(t)))
	v := h.browser(t)
	v.noRedirects()
	var atProvider []string
	for _, page := range []string{"/one", "/two", "/three"} {
		atProvider = append(atProvider, v.get(h.URL+"/auth/login?next="+page).Header.Get("Location"))
	}
	v.CheckRedirect = nil
	for n, page := range []string{"/one", "/two", "/three"} {
		if got := v.get(atProvider[n]); got.Request.URL.Path != page || got.StatusCode != http.StatusOK {
			t.Errorf("the sign-in of %s leads to %s: %s", page, got.Request.URL, got.body)
		}
	}
	if flows := v.flows(h); len(flows) != 0 {
		t.Errorf("left over: %v", flows)
	}
}

// Another site cannot fill a browser with cookies by redirecting it to the sign-in
// again and again.
func TestUnfinishedSignInsAreBounded(t *testing.T) {
	h := open(t, withOIDC(newIssuer(t)))
	v := h.browser(t).noRedirects()
	for range 50 {
		v.get(h.URL + "/auth/login?next=/" + strings.Repeat("x", 500))
	}
	size := 0
	for name, value := range v.cookies(h) {
		size += len(name) + len(value)
	}
	if n := len(v.flows(h)); n == 0 || n > 4 || size > 6<<10 {
		t.Errorf("%d sign-ins under way, %d bytes", n, size)
	}
	if login := v.get(h.URL + "/auth/login?next=/" + strings.Repeat("x", 5000)); len(login.Header.Get("Set-Cookie")) > 1000 {
		t.Error("a long path makes a long cookie")
	}
}

func TestSignInTakesTooLong(t *testing.T) {
	h := open(t, withOIDC(newIssuer(t)))
	v := h.browser(t)
	v.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/auth/callback" {
			h.advance(10 * time.Minute)
		}
		return nil
	}
	v.get(h.URL+"/").assertProblem(t, http.StatusUnauthorized)
}

func TestSignInRefusedAtTheProvider(t *testing.T) {
	h := open(t, withOIDC(newIssuer(t)))
	v := h.browser(t).noRedirects()
	login := v.get(h.URL + "/auth/login")
	at, _ := url.Parse(login.Header.Get("Location"))
	got := v.get(h.URL + "/auth/callback?" + url.Values{"state": {at.Query().Get("state")}, "error": {"<script>alert(1)</script>"}}.Encode())
	got.assertProblem(t, http.StatusUnauthorized)
	if strings.Contains(got.body, "script") {
		t.Errorf("the response quotes the query: %s", got.body)
	}
}

// An attacker cannot plant a session that a victim then signs in to.
func TestSessionFixation(t *testing.T) {
	h := open(t, withOIDC(newIssuer(t)))
	eve := h.browser(t)
	eve.get(h.URL + "/").identity(t)
	planted := eve.cookies(h)[sessionCookie]

	victim := h.browser(t)
	victim.setCookie(h, sessionCookie, planted)
	victim.get(h.URL + "/auth/login")
	own := victim.cookies(h)[sessionCookie]
	if own == planted || own == "" {
		t.Fatal("signing in keeps the earlier session")
	}
	victim.get(h.URL + "/auth/login") // each sign-in begins a new session
	if victim.cookies(h)[sessionCookie] == own {
		t.Error("signing in again keeps the session")
	}
}

// Another host of the domain can plant cookies in browsers without the __Host-
// prefix. The server rejects two cookies of one name.
func TestPlantedSecondCookie(t *testing.T) {
	h := open(t, withOIDC(newIssuer(t)))
	grace := h.browser(t)
	grace.get(h.URL + "/").identity(t)
	cookie := sessionCookie + "=" + grace.cookies(h)[sessionCookie]
	h.program(t).with("Cookie", cookie).get(h.URL + "/").identity(t)
	h.program(t).with("Cookie", cookie+"; "+cookie).get(h.URL+"/").assertProblem(t, http.StatusUnauthorized)
}

func TestProviderIsDownAtTheStart(t *testing.T) {
	i := newIssuer(t)
	i.down = true
	h := open(t, withOIDC(i))
	v := h.browser(t)
	v.get(h.URL+"/").assertProblem(t, http.StatusServiceUnavailable)
	i.down = false
	v.get(h.URL + "/").identity(t)
}

func TestSignInIsLimited(t *testing.T) {
	h := open(t, withOIDC(newIssuer(t), func(c *auth.Config) { c.Limits.SignIns = 3 }))
	v := h.browser(t).noRedirects()
	for range 3 {
		if got := v.get(h.URL + "/auth/login"); got.StatusCode != http.StatusSeeOther {
			t.Fatalf("status %s", got.Status)
		}
	}
	got := v.get(h.URL + "/auth/login")
	got.assertProblem(t, http.StatusTooManyRequests)
	if got.Header.Get("Retry-After") != "20" {
		t.Errorf("Retry-After %q", got.Header.Get("Retry-After"))
	}
	h.advance(21 * time.Second)
	if got := v.get(h.URL + "/auth/login"); got.StatusCode != http.StatusSeeOther {
		t.Errorf("after a while: %s", got.Status)
	}
}
