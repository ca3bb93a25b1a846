package auth_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"octopod/generator/auth"
	"octopod/generator/staging"
)

// gitHubServer imitates GitHub Enterprise Server, whose paths are those of github.com
// below /api/v3. See
//
//	https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
//	https://docs.github.com/en/rest/users/users#get-the-authenticated-user
//	https://docs.github.com/en/rest/users/emails#list-email-addresses-for-the-authenticated-user
//	https://docs.github.com/en/rest/orgs/members#get-an-organization-membership-for-the-authenticated-user
//	https://docs.github.com/en/rest/teams/teams#list-teams-for-the-authenticated-user
type gitHubServer struct {
	*httptest.Server
	mu     sync.Mutex
	codes  map[string]url.Values
	states map[string]string // membership by organisation
	teams  int               // of acme, in addition to qa
	emails []map[string]any
}

func newGitHubServer(t *testing.T) *gitHubServer {
	t.Helper()
	g := &gitHubServer{codes: map[string]url.Values{}, states: map[string]string{"acme": "active"}, emails: []map[string]any{
		{"email": "old@example.com", "primary": false, "verified": true, "visibility": nil},
		{"email": "octocat@example.com", "primary": true, "verified": true, "visibility": "public"},
	}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login/oauth/authorize", g.authorize)
	mux.HandleFunc("POST /login/oauth/access_token", g.token)
	mux.HandleFunc("GET /api/v3/user", g.member(func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{"login": "octocat", "id": 583231, "type": "User", "name": "The Octocat", "email": nil})
	}))
	mux.HandleFunc("GET /api/v3/user/emails", g.member(func(w http.ResponseWriter, _ *http.Request) { reply(w, g.emails) }))
	mux.HandleFunc("GET /api/v3/user/memberships/orgs/{org}", g.member(g.membership))
	mux.HandleFunc("GET /api/v3/user/teams", g.member(g.listTeams))
	g.Server = httptest.NewServer(mux)
	t.Cleanup(g.Close)
	return g
}

func (g *gitHubServer) authorize(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	query, code := r.URL.Query(), rand.Text()
	g.codes[code] = query
	http.Redirect(w, r, query.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {query.Get("state")}}.Encode(), http.StatusFound)
}

// token responds to a wrong code with status 200, as GitHub does.
func (g *gitHubServer) token(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	_ = r.ParseForm()
	asked, known := g.codes[r.PostForm.Get("code")]
	delete(g.codes, r.PostForm.Get("code"))
	if !known || r.PostForm.Get("client_id") != "octopod" || r.PostForm.Get("client_secret") != clientSecret ||
		asked.Get("code_challenge") != oauth2.S256ChallengeFromVerifier(r.PostForm.Get("code_verifier")) {
		reply(w, map[string]any{"error": "bad_verification_code", "error_description": "The code passed is incorrect or expired."})
		return
	}
	reply(w, map[string]any{"access_token": "gho_test", "token_type": "bearer", "scope": asked.Get("scope")})
}

func (g *gitHubServer) member(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer gho_test" {
			http.Error(w, `{"message":"Bad credentials"}`, http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

func (g *gitHubServer) membership(w http.ResponseWriter, r *http.Request) {
	switch state := g.states[r.PathValue("org")]; state {
	case "":
		http.Error(w, `{"message":"Not Found"}`, http.StatusNotFound)
	case "forbidden":
		http.Error(w, `{"message":"Although you appear to have the correct authorization credentials, the organization has enabled OAuth App access restrictions"}`, http.StatusForbidden)
	default:
		reply(w, map[string]any{"state": state, "role": "member", "organization": map[string]any{"login": r.PathValue("org")}})
	}
}

func (g *gitHubServer) listTeams(w http.ResponseWriter, r *http.Request) {
	teams := []map[string]any{
		{"slug": "qa", "name": "QA", "organization": map[string]any{"login": "Acme"}},
		{"slug": "leads", "name": "Leads", "organization": map[string]any{"login": "elsewhere"}},
	}
	for i := range g.teams {
		teams = append(teams, map[string]any{"slug": fmt.Sprintf("team-%d", i), "organization": map[string]any{"login": "acme"}})
	}
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	from := min((page-1)*100, len(teams))
	reply(w, teams[from:min(from+100, len(teams))])
}

func withGitHub(g *gitHubServer) func(string) auth.Config {
	return func(string) auth.Config {
		return auth.Config{
			Mode:    auth.ModeGitHub,
			Session: auth.Session{Keys: auth.Secret{Env: "SESSION_KEYS"}},
			GitHub: auth.GitHub{
				URL: g.URL, Organizations: []string{"acme", "umbrella"},
				Client: auth.Client{ID: "octopod", Secret: auth.Secret{Env: "CLIENT_SECRET"}},
			},
		}
	}
}

func TestGitHub(t *testing.T) {
	g := newGitHubServer(t)
	h := open(t, withGitHub(g))
	got := h.browser(t).get(h.URL + "/").identity(t)
	want := auth.Identity{
		Person: staging.Person{Name: "The Octocat", Email: "octocat@example.com"}, Subject: "github:583231",
		Groups: []string{"acme", "acme/qa"}, Method: auth.MethodSession, Expires: got.Expires,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if h.auth.Provider() != "GitHub" || h.auth.Mode() != auth.ModeGitHub {
		t.Errorf("%s %s", h.auth.Provider(), h.auth.Mode())
	}
}

func TestGitHubMembership(t *testing.T) {
	for state, want := range map[string]int{"": http.StatusForbidden, "pending": http.StatusForbidden, "forbidden": http.StatusForbidden, "active": http.StatusOK} {
		g := newGitHubServer(t)
		g.states = map[string]string{"umbrella": state, "elsewhere": "active"}
		h := open(t, withGitHub(g))
		if got := h.browser(t).get(h.URL + "/"); got.StatusCode != want {
			t.Errorf("membership %q: %s, want %d: %s", state, got.Status, want, got.body)
		}
	}
}

// Teams are read from all pages of GitHub's list.
func TestGitHubManyTeams(t *testing.T) {
	g := newGitHubServer(t)
	g.teams = 150
	h := open(t, func(url string) auth.Config {
		c := withGitHub(g)(url)
		c.KeepGroups = []string{"acme", "acme/team-149", "acme/qa"}
		return c
	})
	if got := h.browser(t).get(h.URL + "/").identity(t); !cmp.Equal(got.Groups, []string{"acme", "acme/qa", "acme/team-149"}) {
		t.Errorf("groups %v", got.Groups)
	}
}

func TestGitHubUnverifiedAddress(t *testing.T) {
	g := newGitHubServer(t)
	g.emails = []map[string]any{{"email": "ada@example.com", "primary": true, "verified": false}}
	h := open(t, withGitHub(g))
	if got := h.browser(t).get(h.URL + "/").identity(t); got.Person.Email != "" {
		t.Errorf("%+v", got.Person)
	}
}

func TestGitHubForgedCode(t *testing.T) {
	h := open(t, withGitHub(newGitHubServer(t)))
	v := h.browser(t).noRedirects()
	at, _ := url.Parse(v.get(h.URL + "/auth/login").Header.Get("Location"))
	v.get(h.URL+"/auth/callback?"+url.Values{"state": {at.Query().Get("state")}, "code": {"forged"}}.Encode()).assertProblem(t, http.StatusUnauthorized)
}
