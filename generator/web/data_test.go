package web_test

import (
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// withSharedDatabase makes Octopod keep the databases of the sample project.
func withSharedDatabase(text string) string {
	return text + `  database:
    kind: shared-postgres
    image: registry.example.com/octopod:2
    seeds:
      small: {help: "Ten customers, made up.", template: shop_seed_small_12}
      anonymised: {help: "Production of Sunday.", template: shop_seed_20261129, role: admin}
    defaultSeed: small
    server: {host: pg.databases.svc, admin: {secret: database-admin}}
    group: shop_app
    snapshots: {most: 2}
`
}

// The card of the test data: a tester saves, resets, undoes and restores without a command
// line, without JavaScript, and without a word of the server.
func TestTheCardOfTheTestData(t *testing.T) {
	w := newWorld(t, withSharedDatabase)
	w.do(login())
	quinn, vera := w.as("Quinn", project.RoleUser), w.as("Vera", project.RoleViewer)
	const one = "/shop/stagings/login"
	card := func(p *person, words ...string) *answer {
		t.Helper()
		page := p.get(one)
		text := page.Find("section.data").Text()
		for _, word := range words {
			if without, refused := strings.CutPrefix(word, "!"); refused == strings.Contains(text, strings.TrimPrefix(word, "!")) {
				t.Errorf("want %s (%s) in the card:\n%s", word, without, text)
			}
		}
		if strings.Contains(strings.ToLower(page.text()), "postgres") && strings.Contains(strings.ToLower(text), "postgres") {
			t.Errorf("the card names the server:\n%s", text)
		}
		return page
	}
	data := func() staging.Database { return w.record("login").Spec.Data() }

	page := card(quinn, "Started from small", "Ten customers", "Save a copy", "Reset…", "!Undo")
	save := page.Find("form.save-data")
	form := formValues(save)
	form.Set("label", "Two words")
	quinn.post(save.AttrOr("action", ""), form).shows(422, "is not a label")
	form.Set("label", "before-checkout")
	form.Set("note", "cart with 3 items")
	quinn.post(save.AttrOr("action", ""), form).shows(200, "Saving the test data")
	card(quinn, "before-checkout cart with 3 items", "by Quinn", "Restore…", "Remove…")

	reset := quinn.get(one + "/db-reset")
	reset.shows(200, "Reset the test data of login?", "You can take this back for 1 day")
	if choices := reset.Find("input[name=seed]").Length(); choices != 1 {
		t.Errorf("a user chooses between %d seeds", choices)
	}
	quinn.submit(reset, "", map[string]string{"confirm": "logout"}).shows(422, "The name doesn’t match.")
	if data().Number() != 1 {
		t.Fatal("a wrong name resets the data")
	}
	quinn.submit(reset, "", map[string]string{"confirm": "login", "reason": "refund test"}).shows(200, "Resetting the test data.")
	page = card(quinn, "by Quinn: refund test", "(1 reset)", "Undo the reset")
	if d := data(); d.Number() != 2 || d.From != "seed/small" || d.Since.Reason != "refund test" {
		t.Errorf("after the reset: %+v", d)
	}
	undo := page.Find("section.data .verbs form")
	quinn.post(undo.AttrOr("action", ""), formValues(undo)).shows(200, "Taking it back.")
	card(quinn, "!(1 reset)", "!Undo")

	restore := quinn.get(one + "/db-restore?label=before-checkout")
	restore.shows(200, "Saved copy: before-checkout")
	quinn.submit(restore, "", map[string]string{"confirm": "login"}).shows(200, "Restoring the test data.")
	card(quinn, "Restored from before-checkout", "Undo the restore")
	quinn.submit(quinn.get(one+"/db-restore?label=unknown"), "", map[string]string{"confirm": "login"}).shows(422, "has no snapshot")

	w.do(staging.Action{Verb: staging.SnapshotData, Name: "login", Label: "second"})
	card(quinn, "2 copies are saved, and that is the maximum", "!Save a copy")
	quinn.submit(quinn.get(one+"/db-forget?label=second"), "", nil).shows(200, "Removed.")

	card(vera, "Restored from", "!Reset…", "!Remove…", "!Save a copy", "!Undo")
	vera.get(one + "/db-reset").shows(403)
	admin := w.as("Ada", project.RoleAdmin).get(one + "/db-reset")
	if choices := admin.Find("input[name=seed]").Length(); choices != 2 {
		t.Errorf("an admin chooses between %d seeds", choices)
	}
	w.do(staging.Action{Verb: staging.Archive, Name: "login"})
	card(quinn, "Restored from", "!Reset…", "!Save a copy")
}

// Without a database of Octopod, there is no card.
func TestNoCardForTheDatabaseOfATemplate(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	if w.as("Quinn", project.RoleUser).get("/shop/stagings/login").Find("section.data").Length() > 0 {
		t.Error("there is a card of test data")
	}
}
