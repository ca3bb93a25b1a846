package web_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"octopod/generator/project"
)

// typed declares a list with known items, and a decimal.
func typed(yaml string) string {
	return strings.Replace(yaml, "  parameters:\n", "  parameters:\n    COUNTRIES: {type: list, allowed: [de, fr, nl], default: \"de,fr\"}\n    RATIO: {type: decimal, default: \"0.25\"}\n", 1)
}

// A list with known items has a box for each, and none ticked is a list without items.
func TestAListIsTicked(t *testing.T) {
	w := newWorld(t, typed)
	w.do(login())
	quinn := w.as("Quinn", project.RoleUser)
	page := quinn.get("/shop/stagings/login/settings")
	if ticked := page.Find("[name='set.COUNTRIES'][checked]").Length(); ticked != 2 {
		t.Errorf("%d boxes are ticked; want de and fr", ticked)
	}
	if step := page.Find("#f-RATIO").AttrOr("step", ""); step != "any" {
		t.Errorf("the field of a decimal has step %q", step)
	}
	values := formValues(page.Find("form[method=post]"))
	values["set.COUNTRIES"] = []string{"", "nl", "de"}
	values.Set("set.RATIO", "0.5")
	values.Set("step", "save")
	quinn.post("/shop/stagings/login/settings", values)
	w.settled("login", map[string]any{"COUNTRIES": "nl,de", "RATIO": "0.5"})

	values = formValues(quinn.get("/shop/stagings/login/settings").Find("form[method=post]"))
	values["set.COUNTRIES"] = []string{""}
	values.Set("step", "save")
	quinn.post("/shop/stagings/login/settings", values)
	w.settled("login", map[string]any{"COUNTRIES": "", "RATIO": "0.5"})
}

// conditional declares a setting that applies only with production payments.
func conditional(yaml string) string {
	return strings.Replace(yaml, "  parameters:\n", "  parameters:\n    MERCHANT: {required: true, when: {PAYMENT_GATEWAY: [production]}}\n", 1)
}

// A form shows a setting while it applies, and demands it only then.
func TestAConditionalSettingIsShownWhenItApplies(t *testing.T) {
	w := newWorld(t, conditional)
	w.do(login())
	quinn := w.as("Quinn", project.RoleUser)
	page := quinn.get("/shop/stagings/login/settings")
	refused := quinn.submit(page, "save", map[string]string{"set.PAYMENT_GATEWAY": "production"})
	refused.shows(422, "Is required")
	b := w.browsers(t, quinn)[0]
	b.Open("/shop/stagings/login/settings")
	b.Do(chromedp.WaitVisible("#f-PAYMENT_GATEWAY"), chromedp.WaitNotVisible("#f-MERCHANT"))
	choose := func(value string) chromedp.Action {
		return chromedp.Evaluate(`{ const f = document.querySelector('#f-PAYMENT_GATEWAY'); f.value = '`+value+`'; f.dispatchEvent(new Event('change', { bubbles: true })) }`, nil)
	}
	b.Do(choose("production"), chromedp.WaitVisible("#f-MERCHANT"), choose("sandbox"), chromedp.WaitNotVisible("#f-MERCHANT"))
}

// A default that is made of the name of a staging is no change of a setting, so anybody may
// create a staging with it.
func TestADefaultOfTheNameNeedsNoRole(t *testing.T) {
	w := newWorld(t, func(yaml string) string {
		return strings.Replace(yaml, "  parameters:\n", "  parameters:\n    BUCKET: {default: \"files-{name}\", role: admin}\n", 1)
	})
	quinn := w.as("Quinn", project.RoleUser)
	quinn.submit(quinn.get("/shop/new"), "save", map[string]string{"branch": "feature/login"}).shows(200, "Created.")
	quinn.get("/shop/stagings/login/settings").shows(200, "BUCKET")
	if got := w.record("login").Spec.Overrides.App["BUCKET"]; got != nil {
		t.Errorf("the record has BUCKET %v", got)
	}
}

// A rule may give a new staging a setting that its creator may not change.
func TestARuleNeedsNoRole(t *testing.T) {
	w := newWorld(t, func(yaml string) string {
		yaml = strings.Replace(yaml, "      allowed: [sandbox, production]\n", "      allowed: [sandbox, production]\n      role: admin\n", 1)
		return strings.Replace(yaml, "  lifecycle:", "  rules: [{branches: [pay/*], presets: [payments-production]}]\n  lifecycle:", 1)
	})
	quinn := w.as("Quinn", project.RoleUser)
	quinn.submit(quinn.get("/shop/new"), "save", map[string]string{"branch": "pay/refunds"}).shows(200, "Created.")
	if got := w.record("pay-refunds").Spec.Presets; len(got) != 1 || got[0] != "payments-production" {
		t.Errorf("presets are %v", got)
	}
}

// settled fails the test unless the staging has these overrides.
func (w *world) settled(name string, want map[string]any) {
	w.t.Helper()
	got := w.record(name).Spec.Overrides.App
	for key, value := range want {
		if got[key] != value {
			w.t.Errorf("%s of %s is %v; want %v", key, name, got[key], value)
		}
	}
}
