package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// found posts a test result with a note.
func (p *person) found(page *answer, outcome, note string) *answer {
	p.t.Helper()
	form := page.Find(`form:has([name=outcome])`)
	if form.Length() != 1 {
		p.t.Fatalf("%s does not ask whether it works:\n%s", page.path, page.text())
	}
	values := formValues(form)
	values.Set("outcome", outcome)
	values.Set("note", note)
	return p.post(form.AttrOr("action", ""), values)
}

// A test result belongs to one version: everyone sees whether it is still current.
func TestAMarkIsAboutOneVersion(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	w.running("login")
	quinn, vera := w.as("Quinn", project.RoleUser), w.as("Vera", project.RoleViewer)

	page := quinn.get("/shop/stagings/login")
	page.shows(200, "Does it work?", "Nobody has tested this version yet")
	marked := quinn.found(page, "tested", "on a phone, too")
	marked.shows(200, "Everyone can see it", "Tested by Quinn on this version", "on a phone, too", "Test result: tested: on a phone, too", "Running")
	vera.get("/shop/stagings/login").shows(200, "Tested by Quinn on this version")
	if vera.get("/shop/stagings/login").Find("[name=outcome]").Length() > 0 {
		t.Error("a viewer is asked")
	}
	vera.post("/shop/stagings/login/mark", url.Values{"outcome": {"broken"}}).shows(http.StatusForbidden)
	vera.get("/shop/").shows(200, "Tested")
	vera.get("/shop/?q=phone+tested").shows(200, "login")

	again := login()
	again.Images = map[string]staging.Build{"frontend": {Image: "registry.example.com/shop/frontend:5c0ffee", Commit: "5c0ffee"}}
	w.do(again)
	page = vera.get("/shop/stagings/login")
	page.shows(200, "Tested earlier", "Tested by Quinn, ", "New versions were deployed since; nobody has tested them yet.", "1f2e3d4")

	w.do(staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"LOG_LEVEL": "warn"}})
	vera.get("/shop/stagings/login").shows(200, "New versions were deployed and settings changed since; nobody has tested this state yet.")
	broken := quinn.found(quinn.get("/shop/stagings/login"), "broken", "no button")
	broken.shows(200, "Found broken by Quinn on this version", "no button")
	w.do(staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"LOG_LEVEL": "debug"}})
	page = vera.get("/shop/stagings/login")
	page.shows(200, "Broken earlier", "Settings changed since; nobody has tested this state yet.")
	if strings.Contains(page.text(), "Tested versions") {
		t.Error("the page lists tested versions although they did not change")
	}
	broken = quinn.get("/shop/stagings/login")
	quinn.found(broken, "none", "").shows(200, "Nobody has tested this version yet")
}

// A result for a superseded version is a conflict, and the note is kept.
func TestAMarkOfAVersionThatIsGoneIsAConflict(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	w.running("login")
	quinn := w.as("Quinn", project.RoleUser)
	page := quinn.get("/shop/stagings/login")
	again := login()
	again.Images["frontend"] = staging.Build{Image: "registry.example.com/shop/frontend:5c0ffee"}
	w.do(again)
	w.running("login")
	lost := quinn.found(page, "tested", "all fine")
	lost.shows(http.StatusConflict, "Ada changed this a moment ago", "frontend 5c0ffee")
	if note := lost.Find("#note").AttrOr("value", ""); note != "all fine" {
		t.Errorf("the note is gone: %q", note)
	}
	if w.record("login").Spec.Tested != nil {
		t.Error("it is marked")
	}
	quinn.found(lost, "tested", "all fine").shows(200, "Tested by Quinn on this version")
}

func TestABadMarkIsExplained(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	quinn := w.as("Quinn", project.RoleUser)
	page := quinn.get("/shop/stagings/login")
	long := quinn.found(page, "broken", strings.Repeat("x", 2001))
	long.shows(http.StatusUnprocessableEntity, "longer than 2000 characters")
	quinn.found(page, "fine", "").shows(http.StatusUnprocessableEntity)
	hostile := quinn.found(page, "broken", `<script>alert(1)</script>`)
	hostile.shows(200, "<script>alert(1)</script>")
	hostile.lacks("<script>alert(1)")
}

// An action that deploys nothing does not change the status.
func TestAMarkIsNoUpdate(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	w.running("login")
	quinn := w.as("Quinn", project.RoleUser)
	for _, verb := range []string{"pin", "unpin", "extend"} {
		quinn.submit(quinn.get("/shop/stagings/login/"+verb), "", nil).shows(200, "Running")
	}
}

// The list filters by test result, with the same values as the selectors of the
// command line.
func TestTheListIsFilteredByMark(t *testing.T) {
	w := newWorld(t, nil)
	for _, name := range []string{"fine", "bad", "later", "new"} {
		w.do(staging.Action{Verb: staging.Deploy, Branch: name})
	}
	quinn := w.as("Quinn", project.RoleUser)
	if page := quinn.get("/shop/"); page.Find(`nav[aria-label="Test result"]`).Length() != 0 {
		t.Error("without a test result, the list has filters for them")
	}
	for name, outcome := range map[string]staging.Outcome{"fine": staging.Tested, "bad": staging.Broken, "later": staging.Tested} {
		w.do(staging.Action{Verb: staging.Mark, Name: name, Outcome: outcome})
	}
	w.do(staging.Action{Verb: staging.Set, Name: "later", Set: map[string]string{"LOG_LEVEL": "warn"}})
	page := quinn.get("/shop/")
	for label, want := range map[string]string{"Tested": "fine", "Broken": "bad", "Retest": "later", "Untested": "new"} {
		link := page.Find(`nav[aria-label="Test result"] a`).FilterFunction(func(_ int, a *goquery.Selection) bool {
			return strings.TrimSpace(a.Contents().First().Text()) == label
		})
		path, _ := link.Attr("href")
		if got := link.Find(".count").Text(); got != "1" {
			t.Errorf("%s counts %s", label, got)
		}
		chosen := quinn.get(path)
		if got := chosen.rows(); got != want {
			t.Errorf("%s (%s) shows %q, want %q", label, path, got, want)
		}
		if found := chosen.Find("form.find [name=tested]").AttrOr("value", ""); !strings.HasSuffix(path, "="+found) || found == "" {
			t.Errorf("a search forgets that %s is chosen: %q", label, found)
		}
		if back := chosen.Find(`nav[aria-label="Test result"] [aria-current]`).AttrOr("href", ""); back != "/shop/" {
			t.Errorf("the link to reset %s is %q", label, back)
		}
		terms, err := staging.ParseSelector("tested=" + strings.TrimPrefix(path, "/shop/?tested="))
		if err != nil {
			t.Fatal(err)
		}
		found, err := w.Find(t.Context(), staging.Query{Selector: terms, Recorded: true})
		if err != nil || len(found) != 1 || found[0].Metadata.Name != want {
			t.Errorf("the selector of %s finds %d: %v", label, len(found), err)
		}
	}
	if got := quinn.get("/shop/?tested=none&mine=1").rows(); got != "" {
		t.Errorf("two filters show %q", got)
	}
	if got := quinn.get("/shop/?tested=bogus&sort=name").rows(); got != "bad fine later new" {
		t.Errorf("an invalid filter shows %q", got)
	}
}

// A staging leaves the filtered list when its test result changes.
func TestAMarkLeavesTheFilter(t *testing.T) {
	w := newWorld(t, nil)
	w.do(staging.Action{Verb: staging.Deploy, Branch: "new"})
	w.do(staging.Action{Verb: staging.Deploy, Branch: "other"})
	w.do(staging.Action{Verb: staging.Mark, Name: "other", Outcome: staging.Tested})
	b := w.browsers(t, w.as("Quinn", project.RoleUser))[0]
	b.Open("/shop/?tested=none")
	b.WaitFor("the one that is not tried", `document.querySelector('#s-new') && !document.querySelector('#s-other')`)
	w.do(staging.Action{Verb: staging.Mark, Name: "new", Outcome: staging.Broken})
	b.WaitFor("it is tried", `!document.querySelector('#s-new') || document.querySelector('#s-new').classList.contains('left')`)
	b.Click(`nav[aria-label="Test result"] a[aria-current]`)
	b.WaitFor("all", `document.querySelector('#s-new') && document.querySelector('#s-other') && !location.search`)
}

// rows returns the names of the stagings of a list, in order.
func (a *answer) rows() string {
	return strings.Join(a.Find(".row").Map(func(_ int, h *goquery.Selection) string { return strings.TrimPrefix(h.AttrOr("id", ""), "s-") }), " ")
}
