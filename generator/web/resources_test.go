package web_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Only viewers who see resources get the objects in Argo CD.
func TestObjectsAreForAdmins(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	w.running("login")
	w.argo.Put("login", func(a *staging.Application) {
		a.Health = "Degraded"
		a.Resources = []staging.Resource{
			{Kind: "Service", Name: "backend", Sync: "Synced", Health: "Healthy"},
			{Kind: "Deployment", Name: "backend", Sync: "OutOfSync", Health: "Degraded", Message: "exceeded its <b>progress</b> deadline"},
		}
		a.Conditions = []staging.Condition{{Type: "OrphanedResourceWarning", Message: "1 orphan"}}
	})
	w.argo.SetPods("login", staging.Pod{Name: "backend-1", Health: "Degraded", Status: "CrashLoopBackOff", Message: "back-off"})
	ada, quinn := w.as("Ada", project.RoleAdmin), w.as("Quinn", project.RoleUser)

	page := ada.get("/shop/stagings/login/resources")
	page.shows(200, "Deployment", "OutOfSync", "Degraded", "exceeded its <b>progress</b> deadline", "CrashLoopBackOff", "OrphanedResourceWarning: 1 orphan")
	if first := page.Find("tbody tr").First().Text(); !strings.Contains(first, "Deployment") {
		t.Errorf("first is %s, want the degraded object", first)
	}
	if ada.get("/shop/stagings/login").Find(`[hx-get="/shop/stagings/login/resources"]`).Length() != 1 {
		t.Error("the page of the staging does not load them")
	}
	quinn.get("/shop/stagings/login/resources").shows(http.StatusForbidden)
	quinn.get("/shop/stagings/login").lacks("/resources", "CrashLoopBackOff")

	w.argo.SetError(errors.New("connection refused"))
	ada.get("/shop/stagings/login/resources").shows(200, "Something went wrong")
}

func TestTheDoctorOnTheProjectPage(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	w.running("login")
	w.write("envs/broken/staging.yaml", "kind: {")
	ada, quinn := w.as("Ada", project.RoleAdmin), w.as("Quinn", project.RoleUser)
	ada.get("/shop/about").shows(200, "Run checks")
	ada.get("/shop/about?check=1").shows(200, "read the env repo", "ask Argo CD", "Applications: 1", "envs/broken/staging.yaml", "Run checks again")
	quinn.get("/shop/about?check=1").lacks("Run checks", "read the env repo", "envs/broken")
}
