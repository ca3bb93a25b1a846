package web_test

import (
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// A user can restart a staging after reading the explanation.
func TestARestartIsExplainedAndDone(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	w.running("login")
	quinn, vera := w.as("Quinn", project.RoleUser), w.as("Vera", project.RoleViewer)

	one := quinn.get("/shop/stagings/login")
	address, there := one.Find("a:contains('Restart…')").Attr("href")
	if !there {
		t.Fatalf("no way to restart:\n%s", one.text())
	}
	asked := quinn.get(address)
	asked.shows(200, "Restart login?", "same versions, same settings, same data")
	if strings.Contains(asked.text(), "Changes") {
		t.Error("a restart shows a list of changes")
	}
	if before := w.record("login").Spec.Restarts; before != 0 {
		t.Fatalf("opening the page restarts the staging: %d", before)
	}
	quinn.submit(asked, "", nil).shows(200, "Restarting.", "Restarted")
	if count := w.record("login").Spec.Restarts; count != 1 {
		t.Errorf("it was restarted %d times", count)
	}

	vera.get(address).shows(403)
	if vera.get("/shop/stagings/login").Find("a:contains('Restart')").Length() > 0 {
		t.Error("a viewer has a restart button")
	}
	w.do(staging.Action{Verb: staging.Archive, Name: "login"})
	if quinn.get("/shop/stagings/login").Find("a:contains('Restart')").Length() > 0 {
		t.Error("an archived staging has a restart button")
	}
}
