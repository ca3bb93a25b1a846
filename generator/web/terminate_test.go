package web_test

import (
	"strings"
	"testing"
	"time"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// The page says in plain words what hangs and since when. A person who may
// restart the staging can end it.
func TestASyncThatHangsIsEnded(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	w.running("login")
	quinn, vera := w.as("Quinn", project.RoleUser), w.as("Vera", project.RoleViewer)
	hangs := func(page *answer) bool { return page.Find("form[action$='/login/sync']").Length() > 0 }
	if hangs(quinn.get("/shop/stagings/login")) {
		t.Error("nothing hangs, and there is a button")
	}
	w.argo.Put("login", func(a *staging.Application) {
		a.Operation.Phase, a.Operation.StartedAt, a.Operation.FinishedAt = "Running", time.Now().Add(-12*time.Minute), time.Time{}
		a.Operation.Waits = []string{"Job/migrate"}
	})
	w.becomes("login", staging.PhaseUpdating)

	one := quinn.get("/shop/stagings/login")
	one.shows(200, "Migrate has not ended for 12 min; the change waits for it", "Stop waiting for it")
	if text := one.text(); strings.Contains(text, "octopod terminate") {
		t.Errorf("a tester reads a command:\n%s", text)
	}
	if hangs(vera.get("/shop/stagings/login")) {
		t.Error("a viewer has the button")
	}
	vera.post("/shop/stagings/login/sync", nil).shows(403)
	quinn.submit(one, "", nil).shows(200, "It was stopped. The newest change is applied now.")
	apps, err := w.argo.Applications(t.Context())
	if err != nil || apps[0].Operation.Phase != "Failed" {
		t.Errorf("the sync is %s, %v", apps[0].Operation.Phase, err)
	}
}
