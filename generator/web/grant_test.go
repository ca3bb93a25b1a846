package web_test

import (
	"net/http"
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// careful makes production payments of the sample project need an admin, a reason and an end.
func careful(yaml string) string {
	return strings.Replace(yaml, "      group: Payments\n", "      group: Payments\n      values:\n        production: {role: admin, reason: required, term: 4h, badge: Real payments, warning: Money moves.}\n", 1)
}

// The form lists the requirements of a value and asks for the reason. The list and the page of
// the staging show the badge to everybody.
func TestAValueThatNeedsCare(t *testing.T) {
	w := newWorld(t, careful)
	w.do(login())
	ada, quinn, vera := w.as("Ada", project.RoleAdmin), w.as("Quinn", project.RoleUser), w.as("Vera", project.RoleViewer)
	settings := "/shop/stagings/login/settings"
	page := ada.get(settings)
	page.shows(200, "Money moves. Only for admins, needs a reason, ends after 4h at most.")
	if quinn.get(settings).Find(`#f-PAYMENT_GATEWAY option[value="production"]`).AttrOr("disabled", "no") == "no" {
		t.Error("the form offers a user what only admins may choose")
	}
	chosen := map[string]string{"set.PAYMENT_GATEWAY": "production"}
	ada.submit(page, "save", chosen).shows(http.StatusUnprocessableEntity, "Production needs a reason")
	chosen["reason"], chosen["term"] = "refund test", "1h"
	ada.submit(page, "save", chosen)
	grant := w.record("login").Spec.Granted["PAYMENT_GATEWAY"]
	if grant.By != "Ada" || grant.Reason != "refund test" || grant.Until == nil || grant.Until.Sub(grant.At).Hours() > 1 {
		t.Fatalf("the grant is %+v", grant)
	}
	for _, one := range []*person{ada, quinn, vera} {
		one.get("/shop/stagings/login").shows(200, "Real payments until", "by Ada: refund test")
		one.get("/shop/").shows(200, "Real payments")
	}
	w.do(staging.Action{Verb: staging.Unset, Name: "login", Unset: []string{"PAYMENT_GATEWAY"}})
	vera.get("/shop/").lacks("Real payments")
}
