package auth_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/auth"
	"octopod/generator/staging"
)

// atlassianServer imitates auth.atlassian.com and api.atlassian.com, under these
// names. See
//
//	https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/
//	https://developer.atlassian.com/cloud/oauth/getting-started/making-calls-to-api
//	https://developer.atlassian.com/cloud/oauth/getting-started/faq
//	https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-myself/
type atlassianServer struct {
	*httptest.Server
	mu     sync.Mutex
	codes  map[string]string // redirect address by code
	sites  []map[string]any
	status string // of the account
	jira   int    // status of Jira's response
}

func newAtlassianServer(t *testing.T) *atlassianServer {
	t.Helper()
	a := &atlassianServer{codes: map[string]string{}, status: "active", jira: http.StatusOK, sites: []map[string]any{
		site("1324a887-45db-1bf4-1e99-ef0ff456d421", "other"), site("22222222-45db-1bf4-1e99-ef0ff456d421", "acme"),
		site("22222222-45db-1bf4-1e99-ef0ff456d421", "acme"), // once more, for Confluence
	}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET auth.atlassian.com/authorize", a.authorize)
	mux.HandleFunc("POST auth.atlassian.com/oauth/token", a.token)
	mux.HandleFunc("GET api.atlassian.com/me", a.me)
	mux.HandleFunc("GET api.atlassian.com/oauth/token/accessible-resources", func(w http.ResponseWriter, _ *http.Request) { reply(w, a.sites) })
	mux.HandleFunc("GET api.atlassian.com/ex/jira/{cloud}/rest/api/3/myself", a.myself)
	a.Server = httptest.NewTLSServer(bearing("access-token", mux))
	t.Cleanup(a.Close)
	return a
}

func site(id, name string) map[string]any {
	return map[string]any{
		"id": id, "name": name, "url": "https://" + name + ".atlassian.net", "scopes": []string{"read:jira-user"},
		"avatarUrl": "https://site-admin-avatar-cdn.prod.public.atl-paas.net/avatars/240/flag.png",
	}
}

// bearing rejects requests to the API without the access token.
func bearing(token string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host == "api.atlassian.com" && r.Header.Get("Authorization") != "Bearer "+token {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"code":401,"message":"Unauthorized"}`))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (a *atlassianServer) authorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	for name, want := range map[string]string{
		"audience": "api.atlassian.com", "client_id": "octopod", "response_type": "code", "prompt": "consent", "scope": "read:me read:jira-user",
	} {
		if query.Get(name) != want {
			http.Error(w, name+" is "+query.Get(name), http.StatusBadRequest)
			return
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	code := rand.Text()
	a.codes[code] = query.Get("redirect_uri")
	http.Redirect(w, r, query.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {query.Get("state")}}.Encode(), http.StatusFound)
}

// token accepts JSON only, as documented, and each code once.
func (a *atlassianServer) token(w http.ResponseWriter, r *http.Request) {
	var asked map[string]string
	err := json.NewDecoder(r.Body).Decode(&asked)
	a.mu.Lock()
	defer a.mu.Unlock()
	redirect, known := a.codes[asked["code"]]
	delete(a.codes, asked["code"])
	if err != nil || r.Header.Get("Content-Type") != "application/json" || !known || redirect != asked["redirect_uri"] ||
		asked["grant_type"] != "authorization_code" || asked["client_id"] != "octopod" || asked["client_secret"] != clientSecret {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"error":"invalid_grant","error_description":"Invalid authorization code"}`))
		return
	}
	reply(w, map[string]any{"access_token": "access-token", "expires_in": 3600, "scope": "read:jira-user read:me", "token_type": "Bearer"})
}

func (a *atlassianServer) me(w http.ResponseWriter, _ *http.Request) {
	reply(w, map[string]any{
		"account_type": "atlassian", "account_id": "112233aa-bb11-cc22-33dd-445566abcabc", "email": "mia@example.com", "name": "Mia Krystof",
		"account_status": a.status, "nickname": "mkrystof", "zoneinfo": "Australia/Sydney", "locale": "en-US",
	})
}

func (a *atlassianServer) myself(w http.ResponseWriter, r *http.Request) {
	if a.jira != http.StatusOK {
		w.WriteHeader(a.jira)
		return
	}
	groups := map[string]any{"size": 2}
	if r.URL.Query().Get("expand") == "groups" && r.PathValue("cloud") == "22222222-45db-1bf4-1e99-ef0ff456d421" {
		groups["items"] = []map[string]any{{"name": "jira-users", "groupId": "1"}, {"name": "qa team", "groupId": "2"}}
	}
	reply(w, map[string]any{"accountId": "112233aa-bb11-cc22-33dd-445566abcabc", "displayName": "Mia Krystof", "active": true, "groups": groups})
}

// transport connects to the test server instead of Atlassian, and to every other
// host as usual.
func (a *atlassianServer) transport() *http.Transport {
	return &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // the test server has a self-signed certificate
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if strings.HasSuffix(address, ".atlassian.com:443") {
				address = a.Listener.Addr().String()
			}
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
	}
}

func (a *atlassianServer) open(t *testing.T) (*testServer, *testClient) {
	t.Helper()
	h := open(t, func(string) auth.Config {
		return auth.Config{
			Mode:    auth.ModeAtlassian,
			Session: auth.Session{Keys: auth.Secret{Env: "SESSION_KEYS"}},
			Atlassian: auth.Atlassian{
				Client: auth.Client{ID: "octopod", Secret: auth.Secret{Env: "CLIENT_SECRET"}}, Sites: []string{"acme.atlassian.net"},
			},
		}
	}, func(o *auth.Options) { o.Client = &http.Client{Transport: a.transport()} })
	v := h.browser(t)
	v.Transport = a.transport()
	return h, v
}

func TestAtlassian(t *testing.T) {
	h, mia := newAtlassianServer(t).open(t)
	got := mia.get(h.URL + "/").identity(t)
	want := auth.Identity{
		Person: staging.Person{Name: "Mia Krystof", Email: "mia@example.com"}, Subject: "atlassian:112233aa-bb11-cc22-33dd-445566abcabc",
		Groups: []string{"acme.atlassian.net", "acme.atlassian.net/jira-users", "acme.atlassian.net/qa team"},
		Method: auth.MethodSession, Expires: got.Expires,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAtlassianSites(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*atlassianServer)
		want   int
		groups []string
	}{
		{"no site", func(a *atlassianServer) { a.sites = nil }, http.StatusForbidden, nil},
		{"only another site", func(a *atlassianServer) { a.sites = a.sites[:1] }, http.StatusForbidden, nil},
		{"a look-alike site", func(a *atlassianServer) { a.sites = []map[string]any{site("1", "acme.atlassian.net.evil")} }, http.StatusForbidden, nil},
		{"a closed account", func(a *atlassianServer) { a.status = "closed" }, http.StatusForbidden, nil},
		{"a site without Jira", func(a *atlassianServer) { a.jira = http.StatusNotFound }, http.StatusOK, []string{"acme.atlassian.net"}},
		{"Jira is down", func(a *atlassianServer) { a.jira = http.StatusBadGateway }, http.StatusServiceUnavailable, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := newAtlassianServer(t)
			tt.change(a)
			h, mia := a.open(t)
			got := mia.get(h.URL + "/")
			if tt.want != http.StatusOK {
				got.assertProblem(t, tt.want)
			} else if groups := got.identity(t).Groups; !cmp.Equal(groups, tt.groups) {
				t.Errorf("groups %v", groups)
			}
		})
	}
}

func TestAtlassianForgedCode(t *testing.T) {
	h, v := newAtlassianServer(t).open(t)
	at, _ := url.Parse(v.noRedirects().get(h.URL + "/auth/login").Header.Get("Location"))
	v.get(h.URL+"/auth/callback?"+url.Values{"state": {at.Query().Get("state")}, "code": {"forged"}}.Encode()).assertProblem(t, http.StatusUnauthorized)
}
