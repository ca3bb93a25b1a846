package web_test

import (
	"bufio"
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>'`

// Pages escape every text from git, Argo CD and forms.
func TestNoTextBecomesMarkup(t *testing.T) {
	w := newWorld(t, func(yaml string) string {
		return strings.Replace(yaml, "help: How much", "help: <script>alert(1)</script> How much", 1)
	})
	title := evil
	mallory := rights.Actor{Person: staging.Person{Name: evil, Email: "m@example.com"}, Via: staging.ViaCLI}
	branch := `feature/"><script>alert(1)</script>`
	result, err := w.Apply(t.Context(), change.Request{By: mallory, Action: staging.Action{
		Verb: staging.Deploy, Branch: branch, Title: &title, Set: map[string]string{"LEGACY_FLAG": evil},
		PullRequest: &staging.PullRequest{Number: 1, URL: "javascript:alert(1)", Title: evil, Author: evil},
	}})
	if err != nil {
		t.Fatal(err)
	}
	name := result.Name
	if _, err := w.Apply(t.Context(), change.Request{By: mallory, Action: staging.Action{Verb: staging.PinVerb, Name: name, Reason: evil}}); err != nil {
		t.Fatal(err)
	}
	w.argo.Put(name, func(a *staging.Application) {
		a.Conditions = []staging.Condition{{Type: "InvalidSpecError", Message: evil}}
	})
	w.catchUp()
	w.becomes(name, staging.PhaseFailed)
	admin := w.as(evil, project.RoleAdmin)
	history, err := w.History(t.Context(), staging.HistoryQuery{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	q := url.QueryEscape(evil)
	for _, path := range []string{
		"/shop/", "/shop/?q=" + q, "/shop/?sort=" + q + "&status=" + q + "&tested=" + q, "/shop/new?branch=" + q + "&name=" + q + "&title=" + q,
		"/shop/stagings/" + name, "/shop/stagings/" + name + "/settings", "/shop/stagings/" + name + "/undo?to=" + history[0].Revision,
		"/shop/stagings/" + name + "/unset?name=" + q, "/shop/stagings/" + name + "/delete", "/shop/stagings/" + name + "/files",
		"/shop/stagings/" + name + "/files?at=" + q, "/shop/activity?q=" + q, "/shop/about", "/shop/" + url.PathEscape(evil), "/signin?next=" + q, "/signin?next=javascript:alert(1)",
	} {
		page := admin.get(path)
		page.Find("script").Each(func(_ int, s *goquery.Selection) {
			if !strings.HasPrefix(s.AttrOr("src", ""), "/assets/") || s.Text() != "" {
				t.Errorf("%s has a script of its own: %s", path, s.Text())
			}
		})
		if n := page.Find("[onerror], [onclick], [onload], [style], img[src=x]").Length(); n > 0 {
			t.Errorf("%s has %d injected elements", path, n)
		}
		page.Find("a[href], form[action]").Each(func(_ int, s *goquery.Selection) {
			if to := s.AttrOr("href", s.AttrOr("action", "")); strings.HasPrefix(strings.ToLower(strings.TrimSpace(to)), "javascript:") {
				t.Errorf("%s leads to %s", path, to)
			}
		})
	}
}

func TestEveryAnswerHasAStrictPolicy(t *testing.T) {
	w := newWorld(t, nil)
	for _, path := range []string{"/", "/shop/", "/shop/nothing", "/assets/app.css", "/assets/app.js", "/signin", "/nowhere/", "/assets/..%2fpages", "/assets/nothing"} {
		page := w.as("Vera", project.RoleViewer).get(path)
		policy := page.header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || page.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %q", path, policy)
		}
	}
}

// Sections hidden from a role are absent from its pages, fragments and streams.
func TestHiddenPartsAreNotReceived(t *testing.T) {
	w := newWorld(t, func(yaml string) string {
		return strings.Replace(yaml, "  lifecycle:", "  ui:\n    visible: {services: admin, settings: admin, author: admin, links: user}\n  lifecycle:", 1)
	})
	a := login()
	a.Set["LOG_LEVEL"] = "error"
	w.do(a)
	w.argo.Put("login", func(app *staging.Application) {
		app.Conditions = []staging.Condition{{Type: "InvalidSpecError", Message: "the-technical-detail"}}
	})
	w.becomes("login", staging.PhaseFailed)
	hidden := []string{"1f2e3d4", "registry.example.com", "LOG_LEVEL", "the-technical-detail", "pgadmin", "argocd", "Deployment/"}
	paths := []string{"/shop/", "/shop/?q=login", "/shop/?q=error", "/shop/stagings/login", "/shop/about", "/shop/archived"}
	for _, person := range []*person{w.as("Vera", project.RoleViewer), w.as("Quinn", project.RoleUser)} {
		for _, path := range append(paths, "/shop/new", "/shop/new?branch=other", "/shop/stagings/login/settings", "/shop/stagings/login/delete",
			"/shop/stagings/login/files", "/shop/activity", "/shop/activity/export.json", "/shop/activity/export.csv") {
			person.get(path).lacks(hidden...)
		}
		person.post("/shop/new", url.Values{"branch": {"other"}}).lacks(hidden...)
		person.get("/shop/?q=error").lacks(`id="s-login"`) // a search must not reveal it either
	}
	vera := w.as("Vera", project.RoleViewer)
	vera.get("/shop/").lacks("https://login.staging", ">ada<", "/delete", "/new")
	w.as("Quinn", project.RoleUser).get("/shop/").lacks(">ada<")
	if admin := w.as("Ada", project.RoleAdmin).get("/shop/stagings/login"); !strings.Contains(admin.body, "the-technical-detail") || !strings.Contains(admin.body, "LOG_LEVEL") {
		t.Error("admins are not shown what is theirs")
	}
	stream := vera.stream(vera.get("/shop/").Find("#results").AttrOr("data-events", ""))
	w.do(staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"LOG_LEVEL": "warn", "PAYMENT_GATEWAY": "production"}})
	if event := stream.next("row"); strings.Contains(event, "LOG_LEVEL") || strings.Contains(event, "1f2e3d4") {
		t.Errorf("the stream contains %s", event)
	}
}

// stream is an open event stream.
type stream struct {
	t     testing.TB
	lines *bufio.Scanner
}

func (p *person) stream(path string) *stream {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testenv.Timeout)
	p.t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	request.Header.Set("X-Person", p.name)
	request.Header.Set("X-Role", string(p.role))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { response.Body.Close() })
	return &stream{p.t, bufio.NewScanner(response.Body)}
}

// next waits for an event of a kind and returns its data.
func (s *stream) next(kind string) string {
	s.t.Helper()
	for s.lines.Scan() {
		if s.lines.Text() != "event: "+kind {
			continue
		}
		var data []string
		for s.lines.Scan() && s.lines.Text() != "" {
			data = append(data, s.lines.Text())
		}
		return strings.Join(data, "\n")
	}
	s.t.Fatalf("the stream ends without %s: %v", kind, s.lines.Err())
	return ""
}

// The server checks roles on requests that no page offers.
func TestRolesHoldWithoutThePage(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	vera, quinn := w.as("Vera", project.RoleViewer), w.as("Quinn", project.RoleUser)
	before := w.record("login")
	barred := []string{"/shop/new", "/shop/stagings/login/settings", "/shop/stagings/login/archive", "/shop/stagings/login/delete"}
	for _, path := range barred {
		vera.post(path, url.Values{"step": {"save"}, "branch": {"x"}, "set.LOG_LEVEL": {"warn"}, "was.LOG_LEVEL": {"debug"}, "confirm": {"login"}}).shows(http.StatusForbidden)
	}
	if got := w.refused.count(); got != len(barred) {
		t.Errorf("the audit log has %d refusals, want %d", got, len(barred))
	}
	quinn.post("/shop/stagings/login/settings", url.Values{"step": {"save"}, "set.backend.memory": {"9Gi"}, "was.backend.memory": {"256Mi"}}).shows(200, "No changes to save")
	quinn.post("/shop/stagings/login/unset", url.Values{"name": {"nothing"}}).shows(http.StatusUnprocessableEntity)
	quinn.post("/shop/stagings/login/regenerate", nil).shows(http.StatusForbidden)
	refusals, nobody := w.refused.count(), w.as("Nobody", project.RoleNone)
	for _, path := range []string{"/shop/", "/shop/stagings/login", "/nothing/"} { // a stranger learns of no project
		nobody.get(path).shows(http.StatusNotFound, "you have no access")
	}
	if got := w.refused.count() - refusals; got != 2 {
		t.Errorf("the audit log has %d refusals of a stranger, want 2", got)
	}
	if w.record("login").Spec.Overrides.Deployment["backend.memory"] != before.Spec.Overrides.Deployment["backend.memory"] {
		t.Error("a user changed what is for admins")
	}
}

func TestASecretIsNeverShown(t *testing.T) {
	w := newWorld(t, func(yaml string) string {
		return strings.Replace(yaml, "    LEGACY_FLAG:", "    TOKEN_HEADER:\n      help: A header.\n    LEGACY_FLAG:", 1)
	})
	a := login()
	a.Set["TOKEN_HEADER"] = "hunter2-hunter2"
	w.do(a)
	admin := w.as("Ada", project.RoleAdmin)
	for _, path := range []string{"/shop/", "/shop/?q=hunter2-hunter2", "/shop/stagings/login", "/shop/stagings/login/settings", "/shop/stagings/login/files", "/shop/activity/export.json"} {
		page := admin.get(path)
		if strings.Contains(strings.ReplaceAll(page.body, "q=hunter2-hunter2", ""), "hunter2-hunter2") && !strings.Contains(path, "?q=") {
			t.Errorf("%s shows the secret", path)
		}
	}
	admin.get("/shop/?q=hunter2-hunter2").lacks(`id="s-login"`)
	admin.submit(admin.get("/shop/stagings/login/settings"), "save", map[string]string{"set.LOG_LEVEL": "warn"}).shows(200, "Saved.")
	if got := w.record("login").Spec.Overrides.App["TOKEN_HEADER"]; got != "hunter2-hunter2" {
		t.Errorf("saving something else made the secret %q", got)
	}
}

func TestAFormFromAnotherSiteIsRefused(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/shop/stagings/login/archive", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Sec-Fetch-Site", "same-site") // a staging next to Octopod
	request.Header.Set("Origin", "https://login.staging.example.com")
	if answer := w.as("Quinn", project.RoleUser).send(request); answer.status != http.StatusForbidden {
		t.Errorf("answered with %d", answer.status)
	}
}

// No URL of this server redirects to another site, as //evil.com and /\evil.com would.
func TestNoAddressLeadsToAnotherSite(t *testing.T) {
	w := newWorld(t, nil)
	quinn := w.as("Quinn", project.RoleUser)
	quinn.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, path := range []string{"/%2Fevil.com", "/%5Cevil.com", "/%09%2Fevil.com", "/%2F%2Fevil.com"} {
		to := quinn.get(path).header.Get("Location")
		if rest, ok := strings.CutPrefix(to, "/"); !ok || strings.ContainsAny(strings.TrimSuffix(rest, "/"), "/\\\t") {
			t.Errorf("%s leads to %q", path, to)
		}
	}
	if to := quinn.get("/shop").header.Get("Location"); to != "/shop/" {
		t.Errorf("/shop leads to %q", to)
	}
}

func TestALargeFormIsRefused(t *testing.T) {
	w := newWorld(t, nil)
	answer := w.as("Quinn", project.RoleUser).post("/shop/new", url.Values{"branch": {strings.Repeat("x", 10<<20)}})
	answer.shows(http.StatusUnprocessableEntity, "larger than the server accepts")
}

// The logo is a file of the env repo. It cannot run scripts.
func TestALogoCanDoNothing(t *testing.T) {
	w := newWorld(t, func(yaml string) string {
		return strings.Replace(yaml, "  lifecycle:", "  ui: {logo: templates/logo.svg, accent: \"#ffee00\"}\n  lifecycle:", 1)
	})
	w.write("templates/logo.svg", `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)
	vera := w.as("Vera", project.RoleViewer)
	logo := vera.get("/shop/logo")
	if policy := logo.header.Get("Content-Security-Policy"); logo.status != 200 || !strings.Contains(policy, "sandbox") || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("%d %s", logo.status, policy)
	}
	theme := vera.get("/shop/theme.css")
	if !strings.Contains(theme.body, "--accent:#") || strings.Contains(theme.body, "--accent:#ffee00;--on-accent:#ffffff") {
		t.Errorf("yellow is not made readable: %s", theme.body)
	}
}
