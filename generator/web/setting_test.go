package web_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/chromedp/chromedp"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// withSecrets declares a second stored secret, which a preset sets, and lets
// users choose the first.
func withSecrets(yaml string) string {
	return strings.NewReplacer(
		"      role: admin\n", "",
		"  parameters:\n", "  parameters:\n    MAIL_KEY:\n      type: secret-reference\n      default: mail/sandbox\n      group: Mail\n      role: admin\n"+
			"      to: {patch: {kind: Deployment, name: backend, pointer: /spec/template/spec/containers/0/env/0/valueFrom/secretKeyRef}}\n",
		"app: {PAYMENT_GATEWAY: production,", "app: {PAYMENT_GATEWAY: production, STRIPE_KEY: stripe/live,",
	).Replace(yaml)
}

// offered returns the suggestions of a form for a setting.
func (a *answer) offered(name string) []string {
	list := a.Find("#f-"+name).AttrOr("list", "none")
	return a.Find("datalist#" + list + " option").Map(func(_ int, o *goquery.Selection) string { return o.AttrOr("value", "") })
}

// The form suggests the names of stored secrets that presets and other stagings use,
// if the viewer may change the setting and see those names.
func TestAStoredSecretIsChosenByItsName(t *testing.T) {
	w := newWorld(t, withSecrets)
	w.do(login())
	w.do(staging.Action{Verb: staging.Deploy, Branch: "checkout", Set: map[string]string{"STRIPE_KEY": "stripe/test", "MAIL_KEY": "mail/checkout"}})
	ada, quinn := w.as("Ada", project.RoleAdmin), w.as("Quinn", project.RoleUser)
	for _, path := range []string{"/shop/new", "/shop/stagings/login/settings"} {
		page := quinn.get(path)
		if got := page.offered("STRIPE_KEY"); !slices.Equal(got, []string{"stripe/live", "stripe/test"}) {
			t.Errorf("%s offers %q", path, got)
		}
		page.shows(200, "Enter the name of a stored secret and its key, as name/key. Never enter the secret itself.")
		if where := page.Find(`option[value="stripe/live"]`).Text(); where != "preset payments-production" {
			t.Errorf("%s shows %q as the user of the name", path, where)
		}
		if got := page.offered("MAIL_KEY"); len(got) > 0 {
			t.Errorf("%s offers what the viewer may not change: %q", path, got)
		}
		page.lacks("mail/checkout")
		if got := ada.get(path).offered("MAIL_KEY"); !slices.Equal(got, []string{"mail/checkout", "mail/sandbox"}) {
			t.Errorf("%s offers an admin %q", path, got)
		}
	}
	page := quinn.get("/shop/stagings/login/settings")
	secret := "sk_test_this-is-no-name"
	wrong := quinn.submit(page, "save", map[string]string{"set.STRIPE_KEY": secret})
	wrong.shows(http.StatusUnprocessableEntity)
	field := wrong.Find("#f-STRIPE_KEY").Closest(".field")
	if said := field.Find(".error").Text(); !field.HasClass("wrong") || !strings.Contains(said, "ust be a reference to a stored secret, <secret>/<key>, never the secret itself") {
		t.Errorf("the error of the field is %q", said)
	}
	if found := machinery.FindString(field.Text()); found != "" {
		t.Errorf("the field contains %q", found)
	}
	quinn.submit(page, "save", map[string]string{"set.STRIPE_KEY": "stripe/test"}).shows(200, "Saved.", "stripe/test")
	if got := w.record("login").Spec.Overrides.App["STRIPE_KEY"]; got != "stripe/test" {
		t.Errorf("saved is %v", got)
	}
	if body := quinn.submit(quinn.get("/shop/new"), "save", map[string]string{"branch": "other", "set.STRIPE_KEY": secret}); body.Find("#f-STRIPE_KEY").Closest(".field").Find(".error").Length() != 1 {
		t.Errorf("a new staging is made with a secret:\n%s", body.text())
	}
}

// Names of secrets are hidden from a role that does not see settings.
func TestNamesOfSecretsAreHiddenWithTheSettings(t *testing.T) {
	w := newWorld(t, func(yaml string) string {
		return strings.Replace(withSecrets(yaml), "\nspec:\n", "\nspec:\n  ui: {visible: {settings: admin}}\n", 1)
	})
	w.do(staging.Action{Verb: staging.Deploy, Branch: "checkout", Set: map[string]string{"STRIPE_KEY": "stripe/test"}})
	for _, path := range []string{"/shop/new", "/shop/stagings/checkout/settings"} {
		w.as("Quinn", project.RoleUser).get(path).lacks("stripe/", "<datalist id=\"k-")
	}
	if got := w.as("Ada", project.RoleAdmin).get("/shop/new").offered("STRIPE_KEY"); len(got) != 2 {
		t.Errorf("an admin is offered %q", got)
	}
}

// The secret field is accessible, and its content never appears in a URL.
func TestAStoredSecretIsPickedInABrowser(t *testing.T) {
	w := newWorld(t, withSecrets)
	w.do(staging.Action{Verb: staging.Deploy, Branch: "checkout", Set: map[string]string{"STRIPE_KEY": "stripe/test"}})
	w.do(login())
	axe, err := os.ReadFile("testdata/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	b := w.browsers(t, w.as("Quinn", project.RoleUser))[0]
	for _, l := range looks {
		b.look(l)
		b.Open("/shop/stagings/login/settings")
		if faults := b.axe(string(axe)); faults != "" {
			t.Errorf("%s:\n%s", l.name, faults)
		}
	}
	b.WaitFor("what is offered", `document.querySelector('#f-STRIPE_KEY').list.options[1].value === 'stripe/test'`)
	b.Do(chromedp.Focus("#f-STRIPE_KEY"), chromedp.SendKeys("#f-STRIPE_KEY", "sk_test_oops"))
	b.WaitFor("what is wrong, while it is typed", `document.querySelector('#preview').innerText.includes('never the secret itself')`)
	b.Fill("#f-STRIPE_KEY", "stripe/test")
	b.WaitFor("what will change", `/STRIPE_KEY[^]*stripe\/test/.test(document.querySelector('#preview').innerText)`)
	b.Press("Save")
	b.WaitText("Saved.")
	b.Open("/shop/new?branch=other")
	b.WaitFor("the preview", `document.querySelector('#preview').innerText.includes('https://other.staging.example.com')`)
	b.Do(chromedp.Click("//summary[starts-with(normalize-space(.), 'Settings')]"), chromedp.SendKeys("#f-STRIPE_KEY", "sk_test_oops"))
	b.WaitFor("what is wrong", `document.querySelector('#preview').innerText.includes('never the secret itself')`)
	b.WaitFor("it is in no URL", `!performance.getEntriesByType('resource').some(e => e.name.includes('oops'))`)
}
