package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// found sends what a page asks for: whether it works, and a note.
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

// A mark is bound to the version that was there: everybody sees whether it still is.
func TestAMarkIsAboutOneVersion(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	w.running("login")
	quinn, vera := w.as("Quinn", project.RoleUser), w.as("Vera", project.RoleViewer)

	page := quinn.get("/shop/stagings/login")
	page.shows(200, "Does it work?", "Nobody has said so yet")
	marked := quinn.found(page, "tested", "on a phone, too")
	marked.shows(200, "Thank you", "Tested by Quinn on this version", "on a phone, too", "Marked: tested: on a phone, too", "Running")
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
	page.shows(200, "Tested earlier", "Tested by Quinn, ", "Another version came since; nobody has tried that one yet.", "1f2e3d4")

	w.do(staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"LOG_LEVEL": "warn"}})
	vera.get("/shop/stagings/login").shows(200, "Another version came since, and its settings were changed; nobody has tried it like that yet.")
	broken := quinn.found(quinn.get("/shop/stagings/login"), "broken", "no button")
	broken.shows(200, "Found broken by Quinn on this version", "no button")
	w.do(staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"LOG_LEVEL": "debug"}})
	page = vera.get("/shop/stagings/login")
	page.shows(200, "Broken earlier", "Its settings were changed since; nobody has tried it like that yet.")
	if strings.Contains(page.text(), "It was") {
		t.Error("the same versions are told as others")
	}
	broken = quinn.get("/shop/stagings/login")
	quinn.found(broken, "none", "").shows(200, "Nobody has said so yet")
}

// Who tried what was replaced meanwhile is told so, and keeps their words.
func TestAMarkOfAVersionThatIsGoneIsAConflict(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	quinn := w.as("Quinn", project.RoleUser)
	page := quinn.get("/shop/stagings/login")
	again := login()
	again.Images["frontend"] = staging.Build{Image: "registry.example.com/shop/frontend:5c0ffee"}
	w.do(again)
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
	long := quinn.found(page, "broken", strings.Repeat("x", 501))
	long.shows(http.StatusUnprocessableEntity, "longer than 500 letters")
	quinn.found(page, "fine", "").shows(http.StatusUnprocessableEntity)
	hostile := quinn.found(page, "broken", `<script>alert(1)</script>`)
	hostile.shows(200, "<script>alert(1)</script>")
	hostile.lacks("<script>alert(1)")
}

// Saving a note is no change of what runs, whatever the feed knows by then.
func TestAMarkIsNoUpdate(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	w.running("login")
	quinn := w.as("Quinn", project.RoleUser)
	for _, verb := range []string{"pin", "unpin", "extend"} {
		quinn.submit(quinn.get("/shop/stagings/login/"+verb), "", nil).shows(200, "Running")
	}
}
