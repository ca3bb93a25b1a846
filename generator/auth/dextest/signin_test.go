package dextest

import (
	"crypto/tls"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"octopod/generator/auth"
	"octopod/generator/project"
)

// octopod starts a server with one page for authenticated people.
func octopod(t *testing.T) *httptest.Server {
	t.Helper()
	var handler http.Handler
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(s.Close)
	a, err := auth.New(auth.Config{
		Mode:    auth.ModeOIDC,
		Session: auth.Session{Keys: auth.Secret{Env: "SESSION_KEYS"}},
		OIDC: auth.OIDC{
			Issuer: startDex(t, s.URL), Client: auth.Client{ID: "octopod", Secret: auth.Secret{Env: "CLIENT_SECRET"}},
		},
	}, auth.Options{URL: s.URL, Getenv: func(name string) string {
		return map[string]string{"CLIENT_SECRET": clientSecret, "SESSION_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}[name]
	}})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(auth.Path, a.Handler())
	mux.Handle("/", a.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(auth.From(r.Context()))
	})))
	handler = a.Middleware(mux)
	return s
}

// browser keeps cookies and follows redirects.
type browser struct {
	t *testing.T
	*http.Client
	callback string // the last redirect from dex
	hold     bool   // do not follow that redirect
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, Client: &http.Client{
		Jar:       jar,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, // the test server has a self-signed certificate
	}}
	b.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		r.Header.Set("Accept", "text/html")
		if r.URL.Path == "/auth/callback" {
			b.callback = r.URL.String()
			if b.hold {
				return http.ErrUseLastResponse
			}
		}
		return nil
	}
	return b
}

type page struct {
	*http.Response
	body string
}

func (b *browser) do(r *http.Request, err error) page {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	response, err := b.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return page{response, string(body)}
}

func (b *browser) open(address string) page {
	b.t.Helper()
	return b.do(http.NewRequest(http.MethodGet, address, nil))
}

var form = regexp.MustCompile(`<form method="post" action="([^"]+)"`)

// signIn opens a page of Octopod, follows the redirect to dex and fills in its form.
func (b *browser) signIn(address, name, word string) page {
	b.t.Helper()
	asked := b.open(address)
	action := form.FindStringSubmatch(asked.body)
	if action == nil {
		b.t.Fatalf("no form of dex at %s: %s", asked.Request.URL, asked.body)
	}
	to, err := asked.Request.URL.Parse(html.UnescapeString(action[1]))
	if err != nil {
		b.t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, to.String(), strings.NewReader(url.Values{"login": {name}, "password": {word}}.Encode()))
	if err == nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return b.do(r, err)
}

func (p page) identity(t *testing.T) (identity auth.Identity) {
	t.Helper()
	if err := json.Unmarshal([]byte(p.body), &identity); err != nil || p.StatusCode != http.StatusOK {
		t.Fatalf("%s at %s: %s", p.Status, p.Request.URL, p.body)
	}
	return identity
}

func shop() *project.Project {
	p := &project.Project{Metadata: project.Metadata{Name: "shop"}}
	p.Spec.Access = project.Access{
		Everyone: project.RoleViewer,
		Users:    project.Members{Groups: []string{"testers"}},
		Admins:   project.Members{Groups: []string{"leads"}, Emails: []string{"ada@example.com"}},
	}
	return p
}

func TestSignInWithGroups(t *testing.T) {
	s := octopod(t)
	for name, want := range map[string]project.Role{
		"grace": project.RoleUser, "lee": project.RoleAdmin, "joe": project.RoleViewer,
	} {
		t.Run(name, func(t *testing.T) {
			b := newBrowser(t)
			got := b.signIn(s.URL+"/stagings/login?tab=history", name, password)
			if got.Request.URL.RequestURI() != "/stagings/login?tab=history" {
				t.Errorf("after the sign-in the browser is at %s", got.Request.URL)
			}
			identity := got.identity(t)
			if identity.Person.Email != name+"@example.com" || !strings.EqualFold(identity.Person.Name, name) ||
				!slices.Equal(identity.Groups, people[name].Groups) {
				t.Errorf("%+v", identity)
			}
			if role := auth.Role(shop(), identity); role != want {
				t.Errorf("role %s, want %s", role, want)
			}
			if again := b.open(s.URL + "/").identity(t); again.Subject != identity.Subject {
				t.Errorf("the next page sees %+v", again)
			}
		})
	}
}

func TestWrongPassword(t *testing.T) {
	s := octopod(t)
	b := newBrowser(t)
	if got := b.signIn(s.URL+"/", "grace", "wrong"); !strings.Contains(got.body, "Invalid") {
		t.Errorf("dex says %s", got.body)
	}
	if got := b.open(s.URL + "/"); !form.MatchString(got.body) {
		t.Errorf("signed in with a wrong password: %s", got.body)
	}
}

// dex marks Eve's address as unverified in the ID token, so the address gives her no
// role.
func TestUnverifiedAddress(t *testing.T) {
	s := octopod(t)
	got := newBrowser(t).signIn(s.URL+"/", "eve", password).identity(t)
	if got.Person.Email != "" || auth.Role(shop(), got) != project.RoleViewer {
		t.Errorf("%+v", got)
	}
}

// Eve steals Grace's unused code and puts it into her own sign-in: state and cookie
// match, but dex requires the verifier of Grace's browser.
func TestStolenCode(t *testing.T) {
	s := octopod(t)
	grace, eve := newBrowser(t), newBrowser(t)
	grace.hold, eve.hold = true, true
	grace.signIn(s.URL+"/", "grace", password)
	eve.signIn(s.URL+"/", "eve", password)

	stolen, own := mustParse(t, grace.callback), mustParse(t, eve.callback)
	query := own.Query()
	query.Set("code", stolen.Query().Get("code"))
	own.RawQuery = query.Encode()
	if got := eve.open(own.String()); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("%s: %s", got.Status, got.body)
	}
	if got := eve.open(s.URL + "/"); !form.MatchString(got.body) {
		t.Errorf("Eve is signed in: %s", got.body)
	}
}

// The response of a sign-in is valid once.
func TestReplay(t *testing.T) {
	s := octopod(t)
	b := newBrowser(t)
	b.signIn(s.URL+"/", "grace", password).identity(t)
	if got := b.open(b.callback); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("%s: %s", got.Status, got.body)
	}
}

func mustParse(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatalf("%q: %v", address, err)
	}
	return u
}
