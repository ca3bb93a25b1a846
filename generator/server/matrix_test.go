package server

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"octopod/generator"
	"octopod/generator/auth"
	"octopod/generator/change"
	"octopod/generator/envrepo"
	"octopod/generator/gitstore"
	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/rights"
	"octopod/generator/setup"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// The matrix of rights: every route of the API and of the pages, every verb, the own and
// another staging, and who is allowed, over HTTP. A new route or verb without a row fails.
func TestEveryRouteHasItsRights(t *testing.T) {
	m := newMatrix(t)
	for _, row := range m.rows() {
		for _, who := range strings.Replace(actors, "a", "", 1) + "a" { // the admin last: what is deleted cannot be refused
			if !strings.ContainsRune(row.skip, who) {
				m.check(row, who)
			}
		}
	}
	m.covered()
}

// actors are the columns of the matrix, one letter each.
const actors = "" +
	"-" + // a stranger
	"v" + "u" + "a" + // tokens of the roles viewer, user, admin
	"n" + "N" + // tokens of the roles user and admin, for the staging login only
	"m" + // a token for the verb mark only
	"b" + // an admin of another project
	"g" + "l" + "f" + // runs of branch feature/login: GitHub, GitLab, Forgejo
	"G" + "d" + // runs of branch main: a push, and a dispatch of another repository
	"A" + // a run of feature/login whose rule has the role admin
	"x" // a run of feature/login in a repository of no service

// row is one request and the letters of its allowed actors.
type row struct {
	route   string // "GET /api/v1/projects/{project}", as registered
	verb    string // for {verb} of the route
	path    string
	body    any // JSON, or url.Values of a form
	allowed string
	skip    string // letters that are not tried
	early   bool   // an allowed actor gets a conflict: the action is not due yet
}

// audited is the audit log.
type audited struct {
	mu   sync.Mutex
	text strings.Builder
}

func (a *audited) Write(data []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.text.Write(data)
}

func (a *audited) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.text.String()
}

type matrix struct {
	t         testing.TB
	url       string
	tokens    map[rune]string
	revisions map[string]string // a change that can be undone, by staging
	versions  map[string]string // a version to return to, by staging
	seen      map[string]bool   // routes and verbs with a row

	at   func(m *matrix, path string) string // puts an env repo elsewhere; nil leaves it on this machine
	git  *testenv.HTTPServer                 // of the env repo of shop, if it is remote
	path string                              // of that env repo

	books *testenv.HTTPServer // of the env repo of books, if it is remote

	tokenFile string // of all remote env repos
	audit     *audited
}

func newMatrix(t testing.TB) *matrix {
	t.Helper()
	return newMatrixOn(t, nil)
}

// newMatrixOn is newMatrix with env repos at the addresses that at returns for their paths.
func newMatrixOn(t testing.TB, at func(m *matrix, path string) string) *matrix {
	t.Helper()
	m := &matrix{t: t, at: at, tokenFile: t.TempDir() + "/token", audit: &audited{}, tokens: map[rune]string{}, revisions: map[string]string{}, versions: map[string]string{}, seen: map[string]bool{}}
	config := Config{URL: "http://octopod.example.com", Projects: []ProjectConfig{{EnvRepo: "shop"}, {EnvRepo: "books", Name: "books"}}}
	config.Auth = auth.Config{Mode: auth.ModeHeader, Proxies: []string{"192.0.2.1/32"}, Limits: auth.Limits{Writes: 1_000_000}}
	for who, scope := range map[rune]auth.Scope{
		'v': {Role: project.RoleViewer}, 'u': {Role: project.RoleUser}, 'a': {Role: project.RoleAdmin},
		'n': {Role: project.RoleUser, Names: []string{"login"}}, 'N': {Role: project.RoleAdmin, Names: []string{"login"}},
		'm': {Role: project.RoleUser, Verbs: []staging.Verb{staging.Mark}}, 'b': {Role: project.RoleAdmin, Projects: []string{"books"}},
	} {
		secret, hash := auth.NewToken()
		if scope.Projects == nil {
			scope.Projects = []string{"shop"}
		}
		m.tokens[who] = secret
		config.Auth.Tokens = append(config.Auth.Tokens, auth.Token{Name: string(who), Hash: hash, Expires: time.Now().Add(time.Hour), Scope: scope})
	}
	for who, claims := range runs() {
		issuer := testenv.NewIssuer(t)
		claims["sub"] = "acme/run"
		m.tokens[who] = issuer.Token("octopod", claims)
		role := project.RoleUser
		if who == 'A' {
			role = project.RoleAdmin
		}
		config.Auth.CI = append(config.Auth.CI, auth.Issuer{Issuer: issuer.URL, Audience: "octopod",
			Rules: []auth.Rule{{Subject: "acme/*", Scope: auth.Scope{Role: role, Projects: []string{"shop"}}}}})
	}
	m.serve(config)
	return m
}

// runs are the claims of the CI runs: as GitHub Actions, GitLab and Forgejo state them.
func runs() map[rune]map[string]any {
	github := func(repository, ref, event string) map[string]any {
		return map[string]any{"repository": "acme/" + repository, "ref": ref, "event_name": event, "actor": "grace"}
	}
	return map[rune]map[string]any{
		'g': github("shop-backend", "refs/heads/feature/login", "push"),
		'l': {"project_path": "acme/shop-backend", "ref": "feature/login", "ref_type": "branch", "pipeline_source": "push", "user_login": "grace"},
		'f': github("shop-backend", "refs/heads/feature/login", "workflow_dispatch"),
		'G': github("shop-backend", "refs/heads/main", "push"),
		'd': github("shop-backend", "refs/heads/main", "repository_dispatch"),
		'A': github("shop-backend", "refs/heads/feature/login", "push"),
		'x': github("website", "refs/heads/feature/login", "push"),
	}
}

// serve starts the server with both projects, and the stagings login and main of shop.
func (m *matrix) serve(config Config) {
	t := m.t
	opened := map[string]*generator.Stagings{}
	if err := os.WriteFile(m.tokenFile, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	server, err := New(t.Context(), Options{
		Config: config, Getenv: os.Getenv, Audit: m.audit, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Open: func(_ context.Context, c ProjectConfig, _ Means) (Project, error) {
			opened[c.EnvRepo] = m.newEnvRepo(c.EnvRepo)
			return Project{Stagings: opened[c.EnvRepo], EnvRepo: c.EnvRepo, Refs: func(context.Context, string) (gitstore.Refs, error) { return gitstore.Refs{}, nil }}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	server.draining = ctx
	for _, s := range server.all() {
		ended := make(chan struct{})
		go func() { defer close(ended); s.run(ctx) }()
		t.Cleanup(func() { <-ended })
	}
	h := httptest.NewServer(server.handler())
	t.Cleanup(func() { cancel(); h.CloseClientConnections(); h.Close() })
	m.url = h.URL
	testenv.Eventually(t, "the env repos are read", func() (struct{}, bool) { return struct{}{}, server.readiness() == "" })
	m.seed(opened["shop"])
}

// sharedDatabase makes Octopod keep the databases of a project.
const sharedDatabase = `  database:
    kind: shared-postgres
    image: registry.example.com/octopod:2
    seeds: {small: {template: shop_seed_small}}
    server: {host: pg.databases.svc, admin: {secret: database-admin}}
    group: shop_app
`

func (m *matrix) newEnvRepo(name string) *generator.Stagings {
	t := m.t
	t.Helper()
	path := t.TempDir() + "/" + name + ".git"
	if err := gitstore.InitBare(t.Context(), path, "main"); err != nil {
		t.Fatal(err)
	}
	store, err := gitstore.Open(t.Context(), gitstore.Options{URL: path, Committer: gitstore.Identity{Name: "Octopod", Email: "octopod@example.com"}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	renderer := render.New(render.Options{Timeout: time.Minute})
	t.Cleanup(func() { _, _ = store.Close(), renderer.Close() })
	repo := envrepo.New(store)
	g := generator.New(generator.Parts{Repo: repo, Renderer: renderer, Now: time.Now})
	_, err = g.Init(t.Context(), setup.InitRequest{
		Name: name, Engine: project.EngineKustomize, Output: project.OutputSource, BaseDomain: name + ".example.com", By: rights.Actor{Person: staging.Person{Name: "Ada"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = repo.Change(t.Context(), func(_ context.Context, tree *envrepo.Tree) (envrepo.Edit, error) {
		data, err := tree.ReadFile(project.File)
		text := strings.ReplaceAll(string(data), "github.com/acme/", "127.0.0.1/acme/") // the issuers are on this machine
		text = strings.Replace(text, "spec:\n", "spec:\n  ui: {logo: logo.svg}\n  cost: {currency: EUR, prices: {cpuHour: 0.03}}\n", 1) + sharedDatabase
		return envrepo.Edit{Verb: "edit", By: staging.Person{Name: "Ada"}, Write: []staging.File{
			{Path: project.File, Data: []byte(text)}, {Path: "logo.svg", Data: []byte("<svg/>")},
		}}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	if m.at == nil {
		return g
	}
	remote, err := gitstore.Open(t.Context(), gitstore.Options{
		URL: m.at(m, path), AllowPlainHTTP: true, Auth: gitstore.Auth{Username: "octopod", TokenFile: m.tokenFile}, History: true, Patience: patienceOfTests, Timeout: 5 * time.Second, Committer: gitstore.Identity{Name: "Octopod", Email: "octopod@example.com"}, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = remote.Close() })
	return generator.New(generator.Parts{Repo: envrepo.New(remote), Renderer: renderer, Now: time.Now})
}

// seed creates the stagings login and main, with a change that can be undone and a version
// to return to, and with default images that a rollback of main takes back.
func (m *matrix) seed(g *generator.Stagings) {
	m.t.Helper()
	for name, branch := range map[string]string{"login": "feature/login", "main": "main"} {
		for _, a := range []staging.Action{
			{Verb: staging.Deploy, Name: name, Branch: branch, Images: backend("1")},
			{Verb: staging.Deploy, Name: name, Branch: branch, Images: backend("2")},
			{Verb: staging.SnapshotData, Name: name, Label: "saved"}, {Verb: staging.ResetData, Name: name},
			{Verb: staging.Set, Name: name, Set: map[string]string{"LOG_LEVEL": "debug"}},
		} {
			r, err := g.Apply(m.t.Context(), change.Request{Action: a, By: rights.Actor{Person: staging.Person{Name: "Ada"}}})
			if err != nil {
				m.t.Fatal(err)
			}
			m.revisions[name] = r.Revision
			if m.versions[name] == "" {
				m.versions[name] = r.Revision
			}
		}
	}
}

func backend(tag string) map[string]staging.Build {
	return map[string]staging.Build{"backend": {Image: "registry.example.com/shop/backend:" + tag}}
}

// check sends the request of a row as an actor, and compares the status.
func (m *matrix) check(r row, who rune) {
	m.seen[r.route], m.seen["{verb} "+r.verb] = true, true
	method, _, _ := strings.Cut(r.route, " ")
	status, text := m.send(method, r.path, r.body, m.tokens[who])
	allowed := status < 400 || status == http.StatusServiceUnavailable || r.early && status == http.StatusConflict // no Argo CD is connected
	if allowed != strings.ContainsRune(r.allowed, who) {
		m.t.Errorf("%c %s %s %v: status %d: %.300s", who, method, r.path, r.body, status, text)
		return
	}
	wants := []int{http.StatusForbidden}
	switch {
	case allowed:
		return
	case who == '-':
		wants = []int{http.StatusUnauthorized}
	case who == 'b':
		wants = []int{http.StatusNotFound} // to others, the project does not exist
	}
	if !slices.Contains(wants, status) {
		m.t.Errorf("%c %s %s: status %d, want %v: %.300s", who, method, r.path, status, wants, text)
	}
}

// send sends a request and returns its status and the beginning of its answer: an event
// stream has no end.
func (m *matrix) send(method, path string, body any, token string) (int, string) {
	m.t.Helper()
	var data []byte
	kind := "application/json"
	switch b := body.(type) {
	case url.Values:
		data, kind = []byte(b.Encode()), "application/x-www-form-urlencoded"
	case nil:
	default:
		var err error
		if data, err = json.Marshal(b); err != nil {
			m.t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(m.t.Context(), testenv.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, m.url+path, bytes.NewReader(data))
	if err != nil {
		m.t.Fatal(err)
	}
	if data != nil {
		r.Header.Set("Content-Type", kind)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultTransport.RoundTrip(r) // follows no redirect
	if err != nil {
		m.t.Fatal(err)
	}
	defer answer.Body.Close()
	text := make([]byte, 4000)
	n := 0
	if answer.StatusCode >= 400 {
		n, _ = io.ReadFull(answer.Body, text)
	}
	return answer.StatusCode, string(text[:n])
}

// covered fails for every route and verb without a row.
func (m *matrix) covered() {
	m.t.Helper()
	routes := append(m.apiRoutes(), literals(m.t, "../web/routes.go", `"((?:GET|POST) /[^"]*)"`)...)
	routes = append(routes, literals(m.t, "server.go", `"((?:GET|POST) /[^"]*)"`)...)
	for _, verb := range literals(m.t, "../web/actions.go", `(?m)^\t"([\w-]+)": +\{`) {
		routes = append(routes, "{verb} "+verb)
	}
	if len(routes) < 50 {
		m.t.Errorf("only %d routes were found", len(routes))
	}
	for _, route := range routes {
		if !m.seen[route] {
			m.t.Errorf("%s has no row: who may use it?", route)
		}
	}
}

// apiRoutes returns the operations and the verbs that the API publishes.
func (m *matrix) apiRoutes() []string {
	m.t.Helper()
	answer, err := http.Get(m.url + "/api/v1/openapi.json")
	if err != nil {
		m.t.Fatal(err)
	}
	defer answer.Body.Close()
	var api struct {
		Paths map[string]map[string]struct {
			Parameters []struct {
				Name   string
				Schema struct{ Enum []string }
			}
		}
	}
	if err := json.NewDecoder(answer.Body).Decode(&api); err != nil {
		m.t.Fatal(err)
	}
	var routes []string
	for _, path := range slices.Sorted(maps.Keys(api.Paths)) {
		for method, operation := range api.Paths[path] {
			routes = append(routes, strings.ToUpper(method)+" "+path)
			for _, p := range operation.Parameters {
				for _, value := range p.Schema.Enum {
					if p.Name == "verb" {
						routes = append(routes, "{verb} "+value)
					}
				}
			}
		}
	}
	return routes
}

// literals returns what the first group of a pattern matches in a source file.
func literals(t testing.TB, file, pattern string) []string {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(source), -1) {
		found = append(found, match[1])
	}
	return found
}
