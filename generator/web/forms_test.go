package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/generator/web"
)

// twoRepositories are branches of two repositories that both have a pull request #42.
func twoRepositories() web.Branches {
	backend, frontend := "github.com/acme/shop-backend", "github.com/acme/shop-frontend"
	return web.Branches{
		In:      map[string][]string{"main": {backend, frontend}, "feature/gifts": {frontend}, "feature/SHOP-1851-express-delivery": {backend, frontend}, "fix/rounding": {backend}},
		Pulls:   map[string][]int{"feature/gifts": {42}, "fix/rounding": {42}, "feature/SHOP-1851-express-delivery": {77}},
		Numbers: map[string]map[int]string{backend: {42: "fix/rounding", 77: "feature/SHOP-1851-express-delivery"}, frontend: {42: "feature/gifts"}},
	}
}

// The addresses of every forge are understood, with the repository that they name.
func TestTheAddressesOfAllForges(t *testing.T) {
	w := newWorld(t, nil)
	w.branches = twoRepositories()
	quinn := w.as("Quinn", project.RoleUser)
	page := quinn.get("/shop/new")
	for typed, want := range map[string]string{
		"https://github.com/acme/shop-frontend/pull/42": "gifts", "https://github.com/acme/shop-backend/pull/42/files": "rounding", "#77": "shop-1851-express-delivery",
		"https://github.com/acme/shop-backend/pull/77/commits/0a1b2c3":                                    "shop-1851-express-delivery",
		"https://github.com/acme/shop-frontend/tree/feature/gifts":                                        "gifts",
		"https://gitlab.example.com/acme/sub/shop/-/tree/feature/gifts":                                   "gifts",
		"https://gitea.example.com/acme/shop/src/branch/feature/gifts":                                    "gifts",
		"https://bitbucket.org/acme/shop/branch/feature/gifts":                                            "gifts",
		"https://dev.azure.com/acme/shop/_git/frontend?version=GBfeature/gifts":                           "gifts",
		"https://bitbucket.example.com/projects/ACME/repos/shop/browse?at=refs%2Fheads%2Ffeature%2Fgifts": "gifts",
	} {
		quinn.submit(page, "preview", map[string]string{"branch": typed}).shows(200, "https://"+want+".staging.example.com")
	}
	for _, unknown := range []string{"#42", "#4711", "https://gitlab.example.com/acme/shop/-/merge_requests/42", "https://github.com/acme/other/pull/42/files"} {
		const says = "That is not a branch or pull request we know."
		quinn.submit(page, "preview", map[string]string{"branch": unknown}).shows(200, says)
		refused := quinn.submit(page, "save", map[string]string{"branch": unknown})
		refused.shows(http.StatusUnprocessableEntity, says)
		if value := refused.Find("#branch").AttrOr("value", ""); value != unknown {
			t.Errorf("%s became %q", unknown, value)
		}
	}
}

// A branch that does not exist has suggestions, and each branch without a staging is one
// click away.
func TestABranchIsSuggested(t *testing.T) {
	w := newWorld(t, nil)
	w.branches = twoRepositories()
	w.do(staging.Action{Verb: staging.Deploy, Branch: "main"})
	quinn := w.as("Quinn", project.RoleUser)
	form := quinn.get("/shop/new")
	for typed, want := range map[string]string{"SHOP-1851": "feature/SHOP-1851-express-delivery", "express": "feature/SHOP-1851-express-delivery", "feature/gift": "feature/gifts"} {
		quinn.submit(form, "preview", map[string]string{"branch": typed}).shows(200, "Did you mean "+want+"?")
	}
	quick := strings.Join(form.Find(".quick li strong").Map(func(_ int, s *goquery.Selection) string { return s.Text() }), " ")
	if quick != "feature/SHOP-1851-express-delivery feature/gifts fix/rounding" {
		t.Errorf("offered are %s", quick)
	}
	if label := form.Find(`#branches option[value="main"]`).Text(); !strings.Contains(label, "has a staging") {
		t.Errorf("main is offered as %q", label)
	}
	values := formValues(form.Find("#quick"))
	values.Set("branch", "feature/gifts")
	quinn.post("/shop/new", values).shows(200, "Created.", "feature/gifts")

	w.do(staging.Action{Verb: staging.Archive, Name: "gifts"})
	asleep := quinn.submit(form, "preview", map[string]string{"branch": "feature/gifts"})
	asleep.shows(200, "already has an archived staging", "Restore gifts")
}

// Settings that need care come first, with their titles; each field has its help, its
// limits and its error, and the focus is at the first error.
func TestAFormExplainsItsFields(t *testing.T) {
	w := newWorld(t, moreSettings)
	w.do(staging.Action{Verb: staging.Create, Branch: "feature/login", Set: map[string]string{"CURRENCY": "PLN"}})
	quinn := w.as("Quinn", project.RoleUser)
	form := quinn.get("/shop/stagings/login/settings")
	labels := form.Find(".field > label[for^='f-']").Map(func(_ int, s *goquery.Selection) string { return s.Text() })
	if labels[0] != "Payments" {
		t.Errorf("the first settings are %v", labels[:3])
	}
	form.shows(200, "Take care with: production", "PAYMENT_GATEWAY")
	bad := quinn.submit(form, "save", map[string]string{"set.backend.replicas": "9", "set.frontend.replicas": "8"})
	bad.shows(422, "2 fields need fixing:", "backend.replicas", "at most 3")
	for i, name := range []string{"backend.replicas", "frontend.replicas"} {
		field := bad.Find(`[id="f-` + name + `"]`)
		for _, id := range strings.Fields(field.AttrOr("aria-describedby", "")) {
			if bad.Find(`[id="`+id+`"]`).Text() == "" {
				t.Errorf("%s is described by %s, which is empty", name, id)
			}
		}
		_, focused := field.Attr("autofocus")
		if !strings.Contains(field.AttrOr("aria-describedby", ""), "e-"+name) || focused != (i == 0) {
			t.Errorf("%s: %v", name, field.Nodes[0].Attr)
		}
	}
	for _, field := range form.Find("[id^='f-']:not([disabled])").EachIter() {
		if field.AttrOr("aria-describedby", "") == "" {
			t.Errorf("%s is described by nothing", field.AttrOr("id", ""))
		}
	}
}

// A setting is found by typing, unsaved edits survive leaving, and no form is wider than
// a small phone.
func TestAFormIsEasyToUse(t *testing.T) {
	w := newWorld(t, moreSettings)
	w.do(staging.Action{Verb: staging.Create, Branch: "feature/login", Set: map[string]string{"CURRENCY": strings.Repeat("PLN", 30)}})
	b := w.browsers(t, w.as("Quinn", project.RoleUser))[0]
	b.look(look{"", "light", 320, 700, 1})
	for _, path := range []string{"/shop/stagings/login/settings", "/shop/new?branch=feature/login-with-a-very-long-name-that-does-not-end", "/shop/", "/shop/stagings/login/keep"} {
		b.Open(path)
		b.WaitFor(path+" fits", `document.documentElement.scrollWidth <= 320`)
	}
	b.look(looks[0])
	b.Open("/shop/stagings/login/settings")
	const shown = `[...document.querySelectorAll('.field label[for^=f-]')].filter(e => e.checkVisibility()).map(e => e.innerText).join()`
	b.Do(chromedp.SendKeys("#find", "payment prod"))
	b.WaitFor("one setting", shown+` === 'Payments'`)
	b.Fill("#find", " ")
	b.Click("[data-changed]")
	b.WaitFor("the changed one", shown+` === 'CURRENCY'`)

	b.Click("[data-changed]")
	b.Fill("#title", "My title")
	var asked int
	chromedp.ListenTarget(b.Context(), func(ev any) {
		if dialog, is := ev.(*page.EventJavascriptDialogOpening); is && dialog.Type == page.DialogTypeBeforeunload {
			asked++
			go b.Do(page.HandleJavaScriptDialog(true))
		}
	})
	b.Do(chromedp.Navigate("about:blank"))
	if asked != 1 {
		t.Errorf("leaving asks %d times", asked)
	}
	b.Open("/shop/stagings/login/settings")
	b.WaitFor("the edit is back", `document.querySelector('#title').value === 'My title' && !document.querySelector('.restored').hidden`)
	b.WaitFor("its preview", `document.querySelector('#preview').innerText.includes('My title')`)
	b.Press("Save")
	b.WaitText("Saved.")
	b.Open("/shop/stagings/login/settings")
	b.WaitFor("nothing is restored", `document.querySelector('.restored').hidden`)
}
