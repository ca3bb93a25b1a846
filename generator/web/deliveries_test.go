package web_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"octopod/generator/branch"
	"octopod/generator/project"
	"octopod/generator/receiver"
	"octopod/generator/staging"
)

// Only admins see the webhook log.
func TestDeliveriesAreForAdmins(t *testing.T) {
	w := newWorld(t, nil)
	ada, quinn := w.as("Ada", project.RoleAdmin), w.as("Quinn", project.RoleUser)
	ada.get("/shop/about").shows(200, "Webhook log")
	ada.get("/shop/deliveries").shows(200, "No webhooks received yet")
	w.receive("feature/<b>login</b>", "<script>grace")
	page := ada.get("/shop/deliveries")
	page.shows(200, "feature/<b>login</b>", "1f2e3d4", "<script>grace", "queued", "a ping")
	if first := page.Find(".history li").First().Text(); !strings.Contains(first, "push") {
		t.Errorf("first is %s: the newest should be", first)
	}
	quinn.get("/shop/deliveries").shows(http.StatusForbidden)
	quinn.get("/shop/about").lacks("Webhook log")
}

// receive delivers a ping and a push of a branch, as a forge does.
func (w *world) receive(name, by string) {
	w.t.Helper()
	f := receiver.NewQueue(w.Stagings.Receiver, func([]staging.PlanItem) {}, slog.New(slog.DiscardHandler))
	for _, call := range []branch.Webhook{
		{ID: "d1", Host: "github.com", Event: "ping", Ping: true},
		{ID: "d2", Host: "github.com", Event: "push", Events: []branch.Event{{
			Kind: branch.Pushed, Repository: "github.com/acme/shop-backend", Branch: name, Commit: strings.Repeat("1f2e3d4", 6)[:40],
			By: staging.Person{Name: by},
		}}},
	} {
		if err := f.Accept(call, []byte(call.ID)); err != nil {
			w.t.Fatal(err)
		}
	}
}
