package web_test

import (
	"net/http"
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// works reports whether a page offers "It works".
func (a *answer) works() bool { return a.Find(`button[name=outcome][value=tested]`).Length() > 0 }

// "It works" is offered only while the version runs that the result would be about: not
// while it starts, not while another one is still up, and not after it failed. A form from
// before is refused.
func TestAMarkIsAboutWhatRuns(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	w.becomes("login", staging.PhaseCreating)
	quinn := w.as("Quinn", project.RoleUser)
	page := quinn.get("/shop/stagings/login")
	page.shows(200, "It is broken", "not running yet")
	if page.works() {
		t.Error("a version that never ran can be marked as tested")
	}
	w.running("login")
	running := quinn.get("/shop/stagings/login")
	if !running.works() || !quinn.get("/shop/stagings/login/mark").works() {
		t.Error("what runs cannot be marked")
	}

	again := login()
	again.Images["frontend"] = staging.Build{Image: "registry.example.com/shop/frontend:5c0ffee", Commit: "5c0ffee"}
	w.do(again)
	w.becomes("login", staging.PhaseUpdating)
	page = quinn.get("/shop/stagings/login")
	page.shows(200, "Shop 5c0ffee is not running yet: you are still looking at 1f2e3d4")
	if page.works() || quinn.get("/shop/stagings/login/mark").works() {
		t.Error("a version that does not run yet can be marked as tested")
	}
	form := formValues(page.Find("form:has([name=outcome])"))
	form.Set("outcome", "tested")
	form.Set("note", "all fine")
	refused := quinn.post("/shop/stagings/login/mark", form)
	refused.shows(http.StatusConflict, "not running yet")
	if note := refused.Find("#note").AttrOr("value", ""); note != "all fine" || w.record("login").Spec.Tested != nil {
		t.Errorf("the note is %q, the mark %+v", note, w.record("login").Spec.Tested)
	}
	quinn.found(page, "broken", "no button").shows(200, "Found broken by Quinn")
}

// A staging on which no build of its branch runs says so, in grey; everything runs, but
// nothing that is worth a test.
func TestAStagingWithoutABuildOfItsBranch(t *testing.T) {
	w := newWorld(t, nil)
	w.do(staging.Action{Verb: staging.Create, Branch: "feature/cart"})
	w.running("cart")
	quinn := w.as("Quinn", project.RoleUser)
	page := quinn.get("/shop/stagings/cart")
	page.shows(200, "Nothing of this branch runs here yet")
	if page.Find("#status.asleep").Length() != 1 || page.works() || strings.Contains(page.text(), "Everything runs") {
		t.Errorf("it looks ready to test: %s", page.text())
	}
	quinn.get("/shop/").shows(200, "Nothing of this branch runs here yet")

	build := staging.Action{Verb: staging.Deploy, Branch: "feature/cart", Images: map[string]staging.Build{"frontend": {Image: "registry.example.com/shop/frontend:5c0ffee"}}}
	w.do(build)
	w.running("cart")
	page = quinn.get("/shop/stagings/cart")
	page.lacks("Nothing of this branch")
	if page.Find("#status.good").Length() != 1 || !page.works() {
		t.Errorf("a build of the branch runs: %s", page.text())
	}
	w.do(staging.Action{Verb: staging.Create, Branch: "main"})
	w.running("main")
	quinn.get("/shop/stagings/main").lacks("Nothing of this branch")
}
