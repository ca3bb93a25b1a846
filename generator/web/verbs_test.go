package web_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// A staging is kept until a day, with a reason, without a command line.
func TestAStagingIsKeptUntilADay(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	quinn := w.as("Quinn", project.RoleUser)
	page := quinn.get("/shop/stagings/login/keep")
	friday := time.Now().UTC().AddDate(0, 0, 4).Truncate(24 * time.Hour)

	none := quinn.submit(page, "", map[string]string{"until": friday.Format(time.DateOnly)})
	none.shows(422, "Enter a reason.")
	if field := none.Find("#reason"); field.AttrOr("aria-invalid", "") != "true" || none.Find("#until").AttrOr("value", "") != friday.Format(time.DateOnly) {
		t.Error("the error is not at its field, or the day is lost")
	}
	quinn.submit(page, "", map[string]string{"reason": "a demo", "until": "2020-01-01"}).shows(422, "2020-01-01 is in the past")
	quinn.submit(page, "", map[string]string{"reason": "a demo", "until": "friday"}).shows(422, "is not a date")

	quinn.submit(page, "", map[string]string{"reason": "a demo", "until": friday.Format(time.DateOnly), "offset": "-60"}).shows(200, "Kept.")
	kept := w.record("login").Spec.Kept
	if want := friday.Add(23 * time.Hour); kept == nil || kept.Reason != "a demo" || !kept.Until.Equal(want) {
		t.Errorf("kept is %+v, want until %s", kept, want)
	}
	quinn.submit(quinn.get("/shop/stagings/login/unkeep"), "", nil).shows(200, "No longer kept")
}

// A staging is archived until a day, with a reason.
func TestAStagingIsArchivedUntilADay(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	quinn := w.as("Quinn", project.RoleUser)
	monday := time.Now().UTC().AddDate(0, 0, 3).Truncate(24 * time.Hour)
	quinn.submit(quinn.get("/shop/stagings/login/archive"), "", map[string]string{"reason": "a quiet weekend", "until": monday.Format(time.DateOnly)}).shows(200, "Archived.", "Restores automatically")
	if since := w.record("login").Spec.Since; since == nil || since.Reason != "a quiet weekend" || since.Wakes == nil || !since.Wakes.Equal(monday) {
		t.Errorf("since is %+v", since)
	}
}

// A notice is shown once, to the person who acted, and takes the change back at one
// click. No address has it.
func TestANoticeIsShownOnceAndTakesBack(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	quinn := w.as("Quinn", project.RoleUser)
	saved := quinn.submit(quinn.get("/shop/stagings/login/settings"), "save", map[string]string{"set.LOG_LEVEL": "warn"})
	saved.shows(200, "Saved.")
	if saved.path != "/shop/stagings/login" {
		t.Errorf("the notice is in the address %s", saved.path)
	}
	if again := quinn.get("/shop/stagings/login"); again.Find(".notice.good").Length() != 0 {
		t.Error("the notice is shown again")
	}
	undo := saved.Find(".notice form")
	quinn.post(undo.AttrOr("action", ""), formValues(undo)).shows(200, "Undone.")
	if got := w.record("login").Spec.Overrides.App["LOG_LEVEL"]; got != "debug" {
		t.Errorf("LOG_LEVEL is %v", got)
	}
	for _, verb := range []string{"pin", "unpin", "archive", "restore"} {
		done := quinn.submit(quinn.get("/shop/stagings/login/"+verb), "", nil)
		if done.Find(".notice form button").Text() != "Undo" {
			t.Errorf("after %s, there is no way back:\n%s", verb, done.Find(".notice").Text())
		}
	}
	archived := quinn.submit(quinn.get("/shop/stagings/login/archive"), "", nil).Find(".notice form")
	quinn.post(archived.AttrOr("action", ""), formValues(archived)).shows(200, "Undone.")
	if got := w.record("login").Spec.State; got != staging.Active {
		t.Errorf("the state is %s", got)
	}
	if page := quinn.get("/shop/?done=delete"); page.Find(".notice").Length() != 0 {
		t.Error("an address shows a notice")
	}
}

// Several stagings are archived, kept, extended and restarted at once; each that cannot
// be is named with the reason.
func TestSeveralStagingsAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	names := []string{"alpha", "beta", "gamma"}
	for _, name := range names {
		w.do(staging.Action{Verb: staging.Deploy, Branch: name})
	}
	quinn := w.as("Quinn", project.RoleUser)
	list := quinn.get("/shop/")
	if picks, verbs := list.Find(".row .pick input[form=bulk]").Length(), list.Find("#bulk button").Length(); picks != 3 || verbs != 4 {
		t.Fatalf("%d checkboxes, %d actions", picks, verbs)
	}
	ask := func(verb string) *answer {
		return quinn.get("/shop/bulk?" + url.Values{"verb": {verb}, "name": names}.Encode())
	}
	keep := ask("keep")
	keep.shows(200, "Keep 3 stagings?", "alpha", "gamma")
	quinn.submit(keep, "", nil).shows(422, "Enter a reason.")
	quinn.submit(keep, "", map[string]string{"reason": "the fair"}).shows(200, "3 stagings kept.")
	quinn.submit(ask("restart"), "", nil).shows(200, "3 stagings restarted.")
	for _, name := range names {
		if s := w.record(name).Spec; s.Kept == nil || s.Restarts != 1 {
			t.Errorf("%s: %+v", name, s)
		}
	}
	w.do(staging.Action{Verb: staging.Archive, Name: "beta"})
	some := quinn.submit(ask("restart"), "", nil)
	some.shows(409, "2 of 3 stagings restarted.", "is archived")
	if bad := some.Find("li:has(.dot.bad)").Text(); !strings.Contains(bad, "beta") {
		t.Errorf("refused is %q", bad)
	}
	quinn.submit(ask("archive"), "", nil).shows(200, "2 of 3 stagings archived.")
	quinn.submit(ask("restore"), "", nil).shows(200, "3 stagings restored.")

	quinn.get("/shop/bulk?verb=delete&name=alpha").shows(404)
	quinn.get("/shop/bulk?verb=archive").shows(422, "No staging is selected")
	w.as("Vera", project.RoleViewer).get("/shop/bulk?verb=archive&name=alpha").shows(403)
	if vera := w.as("Vera", project.RoleViewer).get("/shop/"); vera.Find(".pick, #bulk").Length() != 0 {
		t.Error("a viewer can select stagings")
	}
	quinn.post("/shop/bulk", url.Values{"verb": {"regenerate"}, "name": {"alpha"}}).shows(404)
	admin := w.as("Ada", project.RoleAdmin)
	admin.submit(admin.get("/shop/bulk?verb=regenerate&name=alpha&name=gamma"), "", nil).shows(200, "stagings updated.")
}
