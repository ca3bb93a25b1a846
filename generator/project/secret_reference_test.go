package project_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// The project and its stagings are the source of references. An invalid value is not a
// reference.
func TestSecretReferences(t *testing.T) {
	p := parse(t, strings.NewReplacer(
		"STRIPE_KEY: {type: secret-reference,", "STRIPE_KEY: {type: secret-reference, default: stripe/test,",
		"{app: {PAYMENT_GATEWAY: production}}", "{app: {PAYMENT_GATEWAY: production, STRIPE_KEY: stripe/live}}",
	).Replace(shop))
	with := func(name string, value any) staging.Staging {
		return staging.Staging{Name: name, Spec: staging.Spec{Overrides: staging.Overrides{App: staging.Values{"STRIPE_KEY": value, "LOG_LEVEL": "other/name"}}}}
	}
	among := []staging.Staging{
		with("a", "stripe/test"), with("b", "acme/stripe"), with("c", "sk_live_no_reference"), with("d", nil), {Name: "e"}, with("f", 7),
		with("g", "acme/stripe"), with("h", "acme/stripe"), with("i", "acme/stripe"),
	}
	got := map[string]string{}
	var order []string
	for _, r := range p.SecretReferences("STRIPE_KEY", among) {
		got[r.Name] = r.UsedInText()
		order = append(order, r.Name)
	}
	want := map[string]string{"acme/stripe": "b, g, h and 1 more", "stripe/live": "preset payments-production", "stripe/test": "default, a"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("offered (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"acme/stripe", "stripe/live", "stripe/test"}, order); diff != "" {
		t.Errorf("in order (-want +got):\n%s", diff)
	}
	listed := parse(t, strings.Replace(shop, "STRIPE_KEY: {type: secret-reference,", "STRIPE_KEY: {type: secret-reference, allowed: [stripe/test],", 1))
	for name, in := range map[string]*project.Project{"LOG_LEVEL": p, "nothing": p, "STRIPE_KEY": listed} {
		if offered := in.SecretReferences(name, among); offered != nil {
			t.Errorf("%s is offered %v", name, offered)
		}
	}
}
