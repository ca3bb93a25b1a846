package web_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"octopod/generator"
	"octopod/generator/argocd"
	"octopod/generator/change"
	"octopod/generator/envrepo"
	"octopod/generator/gitstore"
	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/rights"
	"octopod/generator/setup"
	"octopod/generator/staging"
	"octopod/generator/status"
	"octopod/generator/testenv"
	"octopod/generator/testenv/testargo"
	"octopod/generator/web"
)

// world serves the pages of a real env repo on a real server.
type world struct {
	*generator.Stagings
	t    testing.TB
	repo *envrepo.Repo
	feed *live.Feed
	argo *testargo.ArgoCD
	url  string

	server   *web.Server
	refused  *refusals
	branches web.Branches // branches of the repositories
	now      func() time.Time
}

// refusals records the refused requests of the audit log.
type refusals struct {
	mu  sync.Mutex
	all []error
}

func (r *refusals) record(_ context.Context, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, err)
}

func (r *refusals) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.all)
}

// roleRights holds the rights of a role.
type roleRights project.Role

func (r roleRights) Role(*project.Project) project.Role { return project.Role(r) }

func (r roleRights) Check(_ *project.Project, verb staging.Verb, _ string) error {
	least := project.RoleUser
	switch verb {
	case rights.Read:
		least = project.RoleViewer
	case rights.Fix, rights.Sweep, staging.Regenerate:
		least = project.RoleAdmin
	}
	if !project.Role(r).Includes(least) {
		return staging.Errorf(staging.CodeForbidden, "the role %s may not %s", r, verb)
	}
	return nil
}

// personOf returns the viewer from the headers of a test request.
func personOf(r *http.Request) web.Viewer {
	name, role := r.Header.Get("X-Person"), r.Header.Get("X-Role")
	return web.Viewer{Actor: rights.Actor{
		Person: staging.Person{Name: name, Email: strings.ToLower(name) + "@example.com"}, Via: staging.ViaWeb, Rights: roleRights(role),
	}, NoSignIn: r.Header.Get("X-Unasked") != ""}
}

var ada = rights.Actor{Person: staging.Person{Name: "Ada", Email: "ada@example.com"}, Via: staging.ViaCLI}

// newWorld creates an env repo with the sample project; change edits its octopod.yaml.
func newWorld(t testing.TB, change func(string) string) *world {
	t.Helper()
	return newWorldAt(t, change, time.Now)
}

// newWorldAt is newWorld with a clock.
func newWorldAt(t testing.TB, change func(string) string, now func() time.Time) *world {
	t.Helper()
	path := filepath.Join(t.TempDir(), "env.git")
	if err := gitstore.InitBare(t.Context(), path, "main"); err != nil {
		t.Fatal(err)
	}
	store, err := gitstore.Open(t.Context(), gitstore.Options{
		URL: path, Committer: gitstore.Identity{Name: "Octopod", Email: "octopod@example.com"}, Now: now, MaxAttempts: 1000,
	})
	if err != nil {
		t.Fatal(err)
	}
	renderer := render.New(render.Options{Timeout: time.Minute})
	w := &world{t: t, repo: envrepo.New(store), argo: testargo.New(), now: now}
	w.Stagings = generator.New(generator.Parts{
		Repo: w.repo, Renderer: renderer, ArgoCD: argocd.Manifests, Now: now,
		Connect: func(*project.Project) (status.Cluster, error) { return w.argo, nil },
	})
	t.Cleanup(func() {
		if err := renderer.Close(); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	_, err = w.Init(t.Context(), setup.InitRequest{
		Name: "shop", Title: "The shop", Engine: project.EngineKustomize, Output: project.OutputSource,
		BaseDomain: "staging.example.com", RepoURL: "https://git.example.com/acme/shop-stagings.git", By: ada,
	})
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		w.editProject(change)
	}
	w.serve()
	return w
}

func (w *world) serve() {
	w.t.Helper()
	w.feed = live.NewFeed(w.Stagings, w.now)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); w.feed.Run(ctx) }()
	w.refused = &refusals{}
	var err error
	w.server, err = web.New(web.Options{
		Projects: []web.Project{{Name: "shop", Rules: w.Project, Access: w.access, ArgoCD: "https://argocd.example.com",
			Branches: func(context.Context, []string) web.Branches { return w.branches }}},
		Now: w.now, Viewer: personOf, Log: slog.New(slog.NewTextHandler(w.t.Output(), nil)),
		Refused: w.refused.record,
		SignIn:  &web.SignIn{Provider: "Acme Login", In: "/auth/login", Out: "/auth/logout"},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	listener := httptest.NewServer(http.NewCrossOriginProtection().Handler(w.server))
	w.url = listener.URL
	w.t.Cleanup(func() {
		listener.CloseClientConnections()
		listener.Close()
		cancel()
		<-done
	})
	w.catchUp()
}

// access returns the stagings for an actor.
func (w *world) access(by rights.Actor) *generator.Access { return w.As(by, w.feed) }

// editProject changes octopod.yaml by hand.
func (w *world) editProject(change func(string) string) {
	w.t.Helper()
	_, err := w.repo.Change(w.t.Context(), func(_ context.Context, tree *envrepo.Tree) (envrepo.Edit, error) {
		data, err := tree.ReadFile(project.File)
		return envrepo.Edit{Verb: "edit", By: ada.Person, Write: []staging.File{{Path: project.File, Data: []byte(change(string(data)))}}}, err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// write commits a file by hand, without Octopod's checks.
func (w *world) write(path, text string) {
	w.t.Helper()
	_, err := w.repo.Change(w.t.Context(), func(context.Context, *envrepo.Tree) (envrepo.Edit, error) {
		return envrepo.Edit{Verb: "edit", By: ada.Person, Write: []staging.File{{Path: path, Data: []byte(text)}}}, nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.catchUp()
}

// do applies an action that must succeed, without the page.
func (w *world) do(a staging.Action) change.Result {
	w.t.Helper()
	result, err := w.Apply(w.t.Context(), change.Request{Action: a, By: ada})
	if err != nil {
		w.t.Fatalf("%s %s: %v", a.Verb, a.Name, err)
	}
	w.catchUp()
	return result
}

func (w *world) catchUp() {
	w.t.Helper()
	if w.feed == nil {
		return
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), testenv.Timeout)
	defer cancel()
	if err := w.feed.CatchUp(ctx); err != nil {
		w.t.Fatalf("the feed does not catch up (%v): %v", err, w.feed.Freshness().EnvRepo.Err)
	}
}

// record returns a staging as currently committed.
func (w *world) record(name string) staging.Staging {
	w.t.Helper()
	s, err := w.Record(w.t.Context(), name, "")
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// running lets Argo CD report that the current version of a staging runs.
func (w *world) running(name string) {
	w.t.Helper()
	events, err := w.History(w.t.Context(), staging.HistoryQuery{Name: name, Limit: 1})
	if err != nil {
		w.t.Fatal(err)
	}
	s := w.record(name)
	var images []string
	for _, service := range s.Spec.Services {
		images = append(images, service.Image)
	}
	w.argo.SetRunning(name, events[0].Revision, events[0].At, images...)
	w.becomes(name, staging.PhaseRunning)
}

// becomes waits until the feed shows a staging in a phase.
func (w *world) becomes(name string, want staging.Phase) {
	w.t.Helper()
	testenv.Eventually(w.t, "the feed shows that "+name+" is "+string(want), func() (*staging.View, bool) {
		v := w.feed.View(name)
		return v, v != nil && v.Status.Phase == want
	})
}

// person is a user of a browser without JavaScript.
type person struct {
	*world
	name string
	role project.Role
	http http.Client
}

func (w *world) as(name string, role project.Role) *person {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &person{world: w, name: name, role: role, http: http.Client{Jar: jar}}
}

// answer is a received page.
type answer struct {
	*goquery.Document
	t      testing.TB
	status int
	path   string // after redirects
	header http.Header
	body   string
}

func (p *person) send(request *http.Request) *answer {
	p.t.Helper()
	request.Header.Set("X-Person", p.name)
	request.Header.Set("X-Role", string(p.role))
	// A redirect keeps the headers, as it stays on this server.
	response, err := p.http.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(string(body)))
	if err != nil {
		p.t.Fatal(err)
	}
	return &answer{Document: doc, t: p.t, status: response.StatusCode, path: response.Request.URL.RequestURI(), header: response.Header, body: string(body)}
}

func (p *person) get(path string) *answer {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.url+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.send(request)
}

func (p *person) post(path string, form url.Values) *answer {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return p.send(request)
}

// submit fills in a form of a page and posts it like a browser.
func (p *person) submit(page *answer, button string, fill map[string]string) *answer {
	p.t.Helper()
	form := page.Find("main form[method=post]").Not(".notice form").First()
	if form.Length() == 0 {
		p.t.Fatalf("%s has no form:\n%s", page.path, page.body)
	}
	values := formValues(form)
	if value, name := button, "step"; value != "" {
		values.Set(name, value)
	}
	for name, value := range fill {
		if _, there := values[name]; !there && form.Find(fmt.Sprintf(`[name="%s"]`, name)).Length() == 0 &&
			page.Find(fmt.Sprintf(`[name="%s"][form="%s"]`, name, form.AttrOr("id", ""))).Length() == 0 {
			p.t.Fatalf("the form of %s has no field %s", page.path, name)
		}
		values[name] = []string{value}
	}
	return p.post(form.AttrOr("action", page.path), values)
}

func formValues(form *goquery.Selection) url.Values {
	values := url.Values{}
	form.Find("input[name]:not([disabled])").Each(func(_ int, field *goquery.Selection) {
		_, checked := field.Attr("checked")
		if field.AttrOr("type", "") != "checkbox" || checked {
			values.Add(field.AttrOr("name", ""), field.AttrOr("value", ""))
		}
	})
	form.Find("select[name]").Each(func(_ int, field *goquery.Selection) {
		chosen := field.Find("option[selected]")
		if chosen.Length() == 0 {
			chosen = field.Find("option").First()
		}
		values.Add(field.AttrOr("name", ""), chosen.AttrOr("value", ""))
	})
	return values
}

// shows fails the test unless the page has a status and texts.
func (a *answer) shows(status int, texts ...string) {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s answers %d, want %d:\n%s", a.path, a.status, status, a.text())
	}
	for _, text := range texts {
		if !strings.Contains(a.text(), text) {
			a.t.Errorf("%s does not contain %q, but:\n%s", a.path, text, a.text())
		}
	}
}

func (a *answer) lacks(texts ...string) {
	a.t.Helper()
	for _, text := range texts {
		if strings.Contains(a.body, text) {
			a.t.Errorf("%s contains %q", a.path, text)
		}
	}
}

// text returns the text of the page.
func (a *answer) text() string {
	return strings.Join(strings.Fields(a.Find("main").Text()), " ")
}

// login deploys the branch feature/login with its own frontend.
func login() staging.Action {
	title := "New login page"
	return staging.Action{
		Verb: staging.Deploy, Branch: "feature/login", Title: &title,
		Images:      map[string]staging.Build{"frontend": {Image: "registry.example.com/shop/frontend:1f2e3d4", Commit: "1f2e3d40c4e9d2b7a6f5e8c1d3b4a5f6e7d8c9b0"}},
		PullRequest: &staging.PullRequest{Number: 42, URL: "https://github.com/acme/shop-frontend/pull/42", Title: "New login page", Author: "ada"},
		Set:         map[string]string{"LOG_LEVEL": "debug"},
	}
}
