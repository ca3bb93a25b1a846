package web_test

import (
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Whoever may change a staging may restart it, once they were told what that means.
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
	if strings.Contains(asked.text(), "What will change") {
		t.Error("a restart, which changes nothing, says what will change")
	}
	if before := w.record("login").Spec.Restarts; before != 0 {
		t.Fatalf("to look at the question restarts it: %d", before)
	}
	quinn.submit(asked, "", nil).shows(200, "It is starting again.", "Restarted")
	if count := w.record("login").Spec.Restarts; count != 1 {
		t.Errorf("it was restarted %d times", count)
	}

	vera.get(address).shows(403)
	if vera.get("/shop/stagings/login").Find("a:contains('Restart')").Length() > 0 {
		t.Error("a viewer is offered a restart")
	}
	w.do(staging.Action{Verb: staging.Archive, Name: "login"})
	if quinn.get("/shop/stagings/login").Find("a:contains('Restart')").Length() > 0 {
		t.Error("what sleeps is offered a restart")
	}
}
