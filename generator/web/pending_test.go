package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// A viewer of files sees that changes are pending; an admin can roll them out from the
// page.
func TestPendingChangesOnThePage(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	w.running("login")
	ada, quinn := w.as("Ada", project.RoleAdmin), w.as("Quinn", project.RoleUser)
	const pending = "/shop/stagings/login/pending"
	quinn.get(pending).shows(http.StatusForbidden, "does not see this: files")
	quinn.get("/shop/stagings/login").lacks(pending)
	if ada.get("/shop/stagings/login").Find(`[hx-get="`+pending+`"]`).Length() != 1 {
		t.Fatal("the page does not load the pending changes")
	}
	ada.get(pending).shows(200, "has everything")

	w.editProject(func(text string) string {
		return strings.Replace(text, `default: "on"`, `default: "off"`, 1)
	})
	page := ada.get(pending)
	page.shows(200, "The project has changed")
	address, _ := page.Find("a:contains('Preview and update')").Attr("href")
	asked := ada.get(address)
	asked.shows(200, "Update login now?", "ConfigMap", "LEGACY_FLAG")
	ada.submit(asked, "", nil).shows(200, "Updated")
	ada.get(pending).shows(200, "has everything")
	quinn.post(address, nil).shows(http.StatusForbidden)

	w.editProject(func(text string) string {
		return strings.Replace(text, `default: "off"`, `default: "on"`, 1)
	})
	w.write("envs/login/kustomization.yaml", "resources: [../../templates]\n")
	ada.get(pending).shows(200, "changed the files of this staging by hand")

	w.do(staging.Action{Verb: staging.PinVerb, Name: "login"})
	ada.get(pending).lacks("Update now")
	ada.get(address).shows(200, "pinned")
}

// A change that would delete data is refused with the reason; an admin may allow it.
func TestLosingDataIsAskedFor(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	w.running("login")
	w.editProject(func(text string) string {
		return strings.Replace(text, "naming:", "naming:\n    namespace: \"moved-{name}\"", 1)
	})
	ada, quinn := w.as("Ada", project.RoleAdmin), w.as("Quinn", project.RoleUser)
	change := map[string]string{"set.LOG_LEVEL": "error"}

	refused := quinn.submit(quinn.get("/shop/stagings/login/settings"), "save", change)
	refused.shows(http.StatusConflict, "would delete data of staging login", "ask one")
	refused.lacks("a moment ago", "--allow-data-loss")
	if refused.Find("[name=allowDataLoss]").Length() > 0 {
		t.Error("a user is offered what only an admin may do")
	}

	asked := ada.submit(ada.get("/shop/stagings/login/settings"), "save", change)
	asked.shows(http.StatusConflict, "would delete data of staging login", "Delete this data")
	change["allowDataLoss"] = "1"
	ada.submit(asked, "save", change).shows(200, "Saved.")

	form := url.Values{"allowDataLoss": {"1"}, "set.LOG_LEVEL": {"warn"}, "step": {"save"}}
	quinn.post("/shop/stagings/login/settings", form).shows(http.StatusForbidden)
}
