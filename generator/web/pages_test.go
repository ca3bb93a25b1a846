package web_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/generator/testenv"
	"octopod/generator/web"
)

// A tester creates, finds, changes, undoes, archives, restores and deletes a staging
// without JavaScript.
func TestATesterDoesItAllWithForms(t *testing.T) {
	w := newWorld(t, nil)
	quinn := w.as("Quinn", project.RoleUser)

	quinn.get("/shop/").shows(200, "No stagings yet", "Create your first staging")
	page := quinn.get("/shop/new")
	page.shows(200, "Branch")
	preview := quinn.submit(page, "preview", map[string]string{"branch": "feature/login", "title": "New login page"})
	preview.shows(200, "https://login.staging.example.com", "default version")
	made := quinn.submit(page, "save", map[string]string{"branch": "feature/login", "title": "New login page"})
	made.shows(200, "Created.", "New login page", "feature/login")
	if made.path != "/shop/stagings/login" {
		t.Fatalf("after creating one is at %s", made.path)
	}
	if by := w.record("login").Spec.Created.By; by != "Quinn" {
		t.Errorf("the author is %q", by)
	}

	quinn.get("/shop/?q=lgin").shows(200, "login")
	quinn.get("/shop/?q=nothing-like-it").shows(200, "No results for")

	form := quinn.get("/shop/stagings/login/settings")
	quinn.submit(form, "preview", map[string]string{"set.LOG_LEVEL": "debug"}).shows(200, "LOG_LEVEL", "debug")
	saved := quinn.submit(form, "save", map[string]string{"set.LOG_LEVEL": "debug"})
	saved.shows(200, "Saved.", "changed here")
	if got := w.record("login").Spec.Overrides.App["LOG_LEVEL"]; got != "debug" {
		t.Fatalf("LOG_LEVEL is %v", got)
	}

	undo, there := saved.Find(".history li a:contains('Undo this change')").Attr("href")
	if !there {
		t.Fatalf("no way to undo:\n%s", saved.body)
	}
	confirm := quinn.get(undo)
	confirm.shows(200, "LOG_LEVEL", "debug")
	quinn.submit(confirm, "", nil).shows(200, "Undone.")
	if _, set := w.record("login").Spec.Overrides.App["LOG_LEVEL"]; set {
		t.Error("the change is not undone")
	}

	quinn.submit(quinn.get("/shop/stagings/login/archive"), "", nil).shows(200, "Archived.")
	quinn.get("/shop/").shows(200, "No stagings yet")
	quinn.get("/shop/archived").shows(200, "login")
	quinn.submit(quinn.get("/shop/stagings/login/restore"), "", nil).shows(200, "Restoring.")

	remove := quinn.get("/shop/stagings/login/delete")
	remove.shows(200, "its database and its files", "https://login.staging.example.com")
	quinn.submit(remove, "", map[string]string{"confirm": "logn"}).shows(422, "The name doesn’t match")
	quinn.submit(remove, "", map[string]string{"confirm": "login"}).shows(200, "Deleted.")
	quinn.get("/shop/stagings/nothing").shows(404, "Not found")
}

func TestAVersionIsReturnedTo(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	w.do(staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"LOG_LEVEL": "warn"}})
	quinn := w.as("Quinn", project.RoleUser)
	back, _ := quinn.get("/shop/stagings/login").Find(".history a:contains('Restore this version')").Attr("href")
	confirm := quinn.get(back)
	confirm.shows(200, "warn", "debug", "paused")
	quinn.submit(confirm, "", nil).shows(200, "Restoring that version", "Updates paused by Quinn")
	if got := w.record("login").Spec.Overrides.App["LOG_LEVEL"]; got != "debug" {
		t.Errorf("LOG_LEVEL is %v", got)
	}
	quinn.submit(quinn.get("/shop/stagings/login/unpin"), "", nil).shows(200, "Updates resumed")
}

func TestFaultsStandBesideTheirFields(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	quinn := w.as("Quinn", project.RoleUser)

	page := quinn.submit(quinn.get("/shop/stagings/login/settings"), "save", map[string]string{"set.backend.replicas": "9"})
	page.shows(http.StatusUnprocessableEntity)
	field := page.Find("[id='f-backend.replicas']").Closest(".field")
	if !strings.Contains(field.Text(), "3") || !field.HasClass("wrong") {
		t.Errorf("no fault beside the field: %s", field.Text())
	}
	if value := page.Find("[id='f-backend.replicas']").AttrOr("value", ""); value != "9" {
		t.Errorf("what was typed is gone: %q", value)
	}

	for _, bad := range []string{"", "a b", "../../etc", "x.lock"} {
		page := quinn.submit(quinn.get("/shop/new"), "save", map[string]string{"branch": bad})
		page.shows(http.StatusUnprocessableEntity)
		if page.Find("#branch").Closest(".field").Find(".error").Length() == 0 {
			t.Errorf("no fault beside the branch %q:\n%s", bad, page.text())
		}
		page.lacks("octopod get", "--branch")
	}
	twice := quinn.submit(quinn.get("/shop/new"), "save", map[string]string{"branch": "feature/login"})
	twice.shows(http.StatusConflict, "already exists")
	quinn.submit(quinn.get("/shop/new"), "preview", map[string]string{"branch": "feature/login"}).shows(200, "already has a staging")
}

// Two people edit the same form; the second one sees the change of the first.
func TestTheSecondOfTwoKeepsTheirChange(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	quinn, pat := w.as("Quinn", project.RoleUser), w.as("Pat", project.RoleUser)
	hers, his := quinn.get("/shop/stagings/login/settings"), pat.get("/shop/stagings/login/settings")
	quinn.submit(hers, "save", map[string]string{"set.LOG_LEVEL": "error"}).shows(200, "Saved.")

	lost := pat.submit(his, "save", map[string]string{"set.PAYMENT_GATEWAY": "production"})
	lost.shows(http.StatusConflict, "Quinn changed this a moment ago", "LOG_LEVEL", "Your change is kept below")
	if got := lost.Find("#f-PAYMENT_GATEWAY option[selected]").AttrOr("value", ""); got != "production" {
		t.Errorf("his change is not kept: %q", got)
	}
	if got := lost.Find("#f-LOG_LEVEL option[selected]").AttrOr("value", ""); got != "error" {
		t.Errorf("her change is not shown: %q", got)
	}
	pat.submit(lost, "save", nil).shows(200, "Saved.")
	app := w.record("login").Spec.Overrides.App
	if app["LOG_LEVEL"] != "error" || app["PAYMENT_GATEWAY"] != "production" {
		t.Errorf("one change is lost: %v", app)
	}

	open := pat.get("/shop/stagings/login/archive")
	w.do(staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"LOG_LEVEL": "warn"}})
	pat.submit(open, "", nil).shows(http.StatusConflict, "Ada changed this")
}

func TestTheListSortsAndFilters(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	w.do(staging.Action{Verb: staging.Deploy, Branch: "checkout"})
	w.do(staging.Action{Verb: staging.Deploy, Branch: "old"})
	w.do(staging.Action{Verb: staging.Archive, Name: "old"})
	w.running("login")
	names := func(path string) string {
		return w.as("Ada", project.RoleUser).get(path).rows()
	}
	for path, want := range map[string]string{
		"/shop/?sort=name": "checkout login", "/shop/?sort=created": "checkout login", "/shop/?status=good": "login",
		"/shop/?status=busy": "checkout", "/shop/?q=debug": "login", "/shop/?q=ada+1f2e": "login", "/shop/?q=%2342": "login",
		"/shop/archived": "old", "/shop/?mine=1&sort=name": "checkout login", "/shop/?sort=status": "checkout login", "/shop/?sort=bogus&status=bogus": "checkout login",
	} {
		if got := names(path); got != want {
			t.Errorf("%s lists %q, want %q", path, got, want)
		}
	}
	page := w.as("Ada", project.RoleUser).get("/shop/?q=lgin")
	if got := page.rows(); got != "login" {
		t.Errorf("lgin finds %q", got)
	}
	if marked := page.Find(".row .slug mark").Text(); marked != "lgin" {
		t.Errorf("marked is %q", marked)
	}
}

// machinery matches technical words that testers must not read.
var machinery = regexp.MustCompile(`(?i)\b(kubernetes|k8s|kubectl|pods?|namespaces?|manifests?|deployments?/|argo ?cd|kustomize|jsonnet|ingress|configmap|replicaset|cluster|octopod\.yaml|yaml)\b`)

func TestTestersReadNoWordOfTheMachinery(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	w.argo.Put("login", func(a *staging.Application) {
		a.Conditions = []staging.Condition{{Type: "InvalidSpecError", Message: "namespace shop-login is not permitted"}}
	})
	w.catchUp()
	quinn := w.as("Quinn", project.RoleUser)
	w.becomes("login", staging.PhaseFailed)
	for _, path := range []string{
		"/shop/", "/shop/new", "/shop/archived", "/shop/about", "/shop/stagings/login", "/shop/stagings/login/settings",
		"/shop/stagings/login/archive", "/shop/stagings/login/delete", "/shop/stagings/login/pin", "/shop/stagings/login/extend",
		"/shop/stagings/nothing", "/shop/activity", "/shop/stagings/login/files", "/signin", "/signed-out",
	} {
		if found := machinery.FindAllString(quinn.get(path).text(), -1); found != nil {
			t.Errorf("%s contains %q:\n%s", path, found, quinn.get(path).text())
		}
	}
}

// The form suggests the branches of the repositories that respond.
func TestABranchIsChosen(t *testing.T) {
	w := newWorld(t, nil)
	backend, frontend := "github.com/acme/shop-backend", "github.com/acme/shop-frontend"
	w.branches = web.Branches{In: map[string][]string{"main": {backend, frontend}, "feature/gifts": {frontend}},
		Pulls: map[string][]int{"feature/gifts": {42}}, Numbers: map[string]map[int]string{frontend: {42: "feature/gifts"}}}
	quinn := w.as("Quinn", project.RoleUser)
	page := quinn.get("/shop/new")
	var offered []string
	page.Find("#branches option").Each(func(_ int, o *goquery.Selection) { offered = append(offered, o.AttrOr("value", "")) })
	if got := strings.Join(offered, " "); got != "feature/gifts main" {
		t.Errorf("offered are %q", got)
	}
	preview := func(branch string) *answer {
		return quinn.submit(page, "preview", map[string]string{"branch": branch})
	}
	preview("feature/gifts").shows(200, "Shop has this branch")
	preview("main").shows(200, "Shop, Backend have this branch")
	preview("feature/gift").shows(200, "No repository has a branch with this name", "https://gift.staging.example.com")

	for _, pull := range []string{"#42", "https://github.com/acme/shop-frontend/pull/42"} {
		preview(pull).shows(200, "https://gifts.staging.example.com")
	}
	if label := page.Find(`#branches option[value="feature/gifts"]`).Text(); label != "#42, Shop" {
		t.Errorf("it is offered as %q", label)
	}
	quinn.submit(page, "save", map[string]string{"branch": "#42"}).shows(200, "Created.", "feature/gifts")

	w.branches.Unavailable = []string{backend}
	quinn.get("/shop/new").shows(200, "cannot reach "+backend, "You can type any branch")
	if text := preview("feature/gift").text(); strings.Contains(text, "No repository has") {
		t.Errorf("a repository is unavailable, but the preview says: %s", text)
	}
}

// A request that is refused before it reaches a page gets an error page.
func TestRefusalsLookLikePages(t *testing.T) {
	w := newWorld(t, nil)
	for name, tt := range map[string]struct {
		status int
		err    error
		says   []string
	}{
		"a stranger": {401, staging.Errorf(staging.CodeUnauthorized, "nobody is signed in").WithHint("sign in on the page, or set a token in OCTOPOD_TOKEN"),
			[]string{"You are not signed in", "Sign in", "Octopod"}},
		"too many":      {429, errors.New("too many requests"), []string{"Too many requests", "Wait a moment"}},
		"another site":  {403, staging.Errorf(staging.CodeForbidden, "the request comes from another site"), []string{"No access", "another site"}},
		"of the system": {500, errors.New("dial tcp 10.1.2.3: refused"), []string{"Something went wrong"}},
	} {
		got := httptest.NewRecorder()
		w.server.Refuse(got, httptest.NewRequest(http.MethodGet, "/shop/", nil), tt.status, tt.err)
		body := got.Body.String()
		for _, text := range tt.says {
			if !strings.Contains(body, text) {
				t.Errorf("%s: the page does not contain %q", name, text)
			}
		}
		if got.Code != tt.status || strings.Contains(body, "OCTOPOD_TOKEN") || strings.Contains(body, "10.1.2.3") || !strings.Contains(body, "<main") {
			t.Errorf("%s: %d\n%s", name, got.Code, body)
		}
	}
}

// A server that is still loading does not show an empty list.
func TestAServerThatHasJustStartedSaysSo(t *testing.T) {
	pages, err := web.New(web.Options{Unread: func() error {
		return staging.Errorf(staging.CodeUnavailable, "the server has not read all env repos yet").WithHint("try again in a moment")
	}, Viewer: personOf})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/shop/"} {
		got := httptest.NewRecorder()
		pages.ServeHTTP(got, httptest.NewRequest(http.MethodGet, path, nil))
		if got.Code != http.StatusServiceUnavailable || !strings.Contains(got.Body.String(), "has not read all env repos yet") || !strings.Contains(got.Body.String(), "Try again") {
			t.Errorf("%s: %d\n%s", path, got.Code, got.Body)
		}
	}
}

// While octopod.yaml is invalid, pages show the last known state, and errors do not
// blame the form or the address.
func TestAFaultOfTheProjectIsNoFaultOfItsReaders(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	quinn, ada := w.as("Quinn", project.RoleUser), w.as("Ada", project.RoleAdmin)
	form := quinn.get("/shop/stagings/login/settings")
	w.editProject(func(yaml string) string { return yaml + "bogus: [" })
	testenv.Eventually(t, "the pages know that the file has a fault", func() (string, bool) {
		text := quinn.get("/shop/").text()
		return text, strings.Contains(text, "Can’t reach the stored stagings")
	})
	quinn.get("/shop/stagings/login").shows(200, "login", "feature/login")
	for path, page := range map[string]*answer{
		"a form": quinn.get("/shop/stagings/login/settings"), "a question": quinn.get("/shop/stagings/login/archive"),
		"a save": quinn.submit(form, "save", map[string]string{"set.LOG_LEVEL": "debug"}),
	} {
		page.shows(http.StatusServiceUnavailable, "The project’s settings cannot be read right now.", "Nothing is lost")
		if text := page.text(); strings.Contains(text, "Please check your input") || strings.Contains(text, "YAML") {
			t.Errorf("%s: %s", path, text)
		}
	}
	ada.get("/shop/stagings/login/settings").shows(http.StatusServiceUnavailable, "octopod.yaml:")
	preview := quinn.post("/shop/new", url.Values{"branch": {"feature/other"}})
	preview.shows(200, "The project’s settings cannot be read right now.")
	preview.lacks("YAML")
}

// The page and the list show when a staging is archived or deleted automatically.
func TestTheEndOfAStagingIsShown(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	quinn := w.as("Quinn", project.RoleUser)
	quinn.get("/shop/stagings/login").shows(200, "Archives automatically")
	w.do(staging.Action{Verb: staging.Keep, Name: "login", Reason: "the demo on Friday"})
	kept := quinn.get("/shop/stagings/login")
	kept.shows(200, "Kept", "the demo on Friday (Ada)", "Stop keeping")
	if kept.Find(`dt:contains("Archives automatically")`).Length() > 0 {
		t.Error("the page shows an end")
	}
	quinn.get("/shop/").shows(200, "kept")
	quinn.submit(quinn.get("/shop/stagings/login/unkeep"), "", nil).shows(200, "No longer kept", "Archives automatically")

	w.do(staging.Action{Verb: staging.Archive, Name: "login"})
	quinn.get("/shop/archived").shows(200, "deletes")
	quinn.get("/shop/stagings/login").shows(200, "Deletes automatically")
}

// A server with several projects links to the list of projects.
func TestTheWayToOtherProjects(t *testing.T) {
	w := newWorld(t, nil)
	if w.as("Quinn", project.RoleUser).get("/shop/").Find(`header a:contains("All projects")`).Length() > 0 {
		t.Error("there is only one")
	}
	two, err := web.New(web.Options{Viewer: personOf, Projects: []web.Project{
		{Name: "shop", Rules: w.Project, Access: w.access}, {Name: "books", Rules: w.Project, Access: w.access},
	}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(two)
	defer server.Close()
	w.url = server.URL
	quinn := w.as("Quinn", project.RoleUser)
	if quinn.get("/books/").Find(`header a:contains("All projects")`).AttrOr("href", "") != "/" {
		t.Error("no way back")
	}
	quinn.get("/").shows(200, "Projects", "The shop")
}

// mainBuild returns a deploy of the default branch with a new backend.
func mainBuild(tag string) staging.Action {
	return staging.Action{
		Verb: staging.Deploy, Branch: "main",
		Images: map[string]staging.Build{"backend": {Image: "registry.example.com/shop/backend:" + tag, Commit: tag}},
	}
}

// Restoring an earlier version of the default branch's staging offers to do so for
// everyone.
func TestAnEarlierVersionForEveryone(t *testing.T) {
	w := newWorld(t, nil)
	w.do(mainBuild("1f2e3d4"))
	w.do(mainBuild("bad0bad"))
	quinn := w.as("Quinn", project.RoleUser)
	back, _ := quinn.get("/shop/stagings/main").Find(".history a:contains('Restore this version')").Attr("href")
	confirm := quinn.get(back)
	confirm.shows(200, "For everyone")
	quinn.submit(confirm, "", map[string]string{"withDefault": "1"}).shows(200, "Restoring that version")
	p, err := w.Project(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Spec.Services["backend"].Image; !strings.HasSuffix(got, ":1f2e3d4") || w.record("main").Spec.Pinned != nil {
		t.Errorf("default %s, pin %v", got, w.record("main").Spec.Pinned)
	}
}

// A user may undo a build: it is no deploy of an older build that skips a check.
func TestAUserUndoesABuild(t *testing.T) {
	w := newWorld(t, nil)
	w.do(mainBuild("1f2e3d4"))
	w.do(mainBuild("bad0bad"))
	quinn := w.as("Quinn", project.RoleUser)
	undo, _ := quinn.get("/shop/stagings/main").Find(".history a:contains('Undo')").Attr("href")
	quinn.submit(quinn.get(undo), "", nil).shows(200, "Undone.")
	if got := w.record("main").Spec.Services["backend"].Commit; got != "1f2e3d4" {
		t.Errorf("backend %s", got)
	}
}
