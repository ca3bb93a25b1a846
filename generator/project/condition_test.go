package project_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/staging"
)

const conditional = `
    TENANT: {required: true}
    MERCHANT: {required: true, when: {PAYMENT_GATEWAY: [production]}}
    SANDBOX_DELAY: {type: duration, default: 1s, when: {PAYMENT_GATEWAY: [sandbox]}}
`

// A required setting that a staging lacks is a problem with the field and the flag.
func TestRequiredSettings(t *testing.T) {
	p := parse(t, withParameters(conditional))
	for name, tt := range map[string]struct {
		set  map[string]string
		want []string
	}{
		"none":             {nil, []string{"spec.overrides.app.TENANT"}},
		"all":              {map[string]string{"TENANT": "acme"}, nil},
		"by its condition": {map[string]string{"TENANT": "acme", "PAYMENT_GATEWAY": "production"}, []string{"spec.overrides.app.MERCHANT"}},
		"with both":        {map[string]string{"TENANT": "acme", "PAYMENT_GATEWAY": "production", "MERCHANT": "m1"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := deployed(t, p, func(a *staging.Action) { a.Set = tt.set })
			_, err := p.Params(s)
			var got []string
			for _, problem := range staging.ProblemsOf(err) {
				got = append(got, problem.Field)
				if !strings.Contains(problem.Message, "is required: set a value, for example with --set ") {
					t.Errorf("%s says %q", problem.Field, problem.Message)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if s.Spec.State = staging.Archived; p.Check(s) != nil {
				t.Errorf("an archived staging: %v", p.Check(s))
			}
		})
	}
}

// A setting whose condition is not met reaches no object, and no command sets it.
func TestConditionalSettings(t *testing.T) {
	p := parse(t, withParameters(conditional))
	sandbox := deployed(t, p, func(a *staging.Action) { a.Set = map[string]string{"TENANT": "acme"} })
	params, err := p.Params(sandbox)
	if err != nil || params.App["SANDBOX_DELAY"] != "1s" {
		t.Fatalf("with sandbox: %v, %v", params.App, err)
	}
	_, err = p.Apply(&sandbox, staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"MERCHANT": "m1"}}, noon)
	want := "has no effect: it applies with PAYMENT_GATEWAY production"
	if problems := staging.ProblemsOf(err); len(problems) != 1 || problems[0].Message != want {
		t.Errorf("set: %v; want %q", err, want)
	}
	production, err := p.Apply(&sandbox, staging.Action{Verb: staging.Set, Name: "login",
		Set: map[string]string{"PAYMENT_GATEWAY": "production", "MERCHANT": "m1"}}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if params, err = p.Params(production); err != nil {
		t.Fatal(err)
	}
	if _, deployed := params.App["SANDBOX_DELAY"]; deployed || params.App["MERCHANT"] != "m1" {
		t.Errorf("with production: %v", params.App)
	}
	back, err := p.Apply(&production, staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"PAYMENT_GATEWAY": "sandbox"}}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if params, err = p.Params(back); err != nil || params.App["MERCHANT"] != "" {
		t.Errorf("back in the sandbox: %v, %v", params.App, err)
	}
}

func TestWrongConditions(t *testing.T) {
	got := problemsIn(withParameters(`
    A: {required: true, default: x}
    B: {when: {PAYMENTS: [production]}}
    C: {when: {C: [x]}}
    D: {when: {PAYMENT_GATEWAY: [live]}}
    E: {when: {PAYMENT_GATEWAY: []}}
    F: {when: {E: [x]}}
`))
	want := []string{
		"spec.parameters.A.required: has no effect with a default: remove one of them",
		"spec.parameters.B.when.PAYMENTS: the project has no such parameter: choose A, B, C, D, E, F, LEGACY_FLAG, LOG_LEVEL, PAYMENT_GATEWAY, STRIPE_KEY, backend.replicas",
		"spec.parameters.C.when.C: is the parameter itself: name another one",
		`spec.parameters.D.when.PAYMENT_GATEWAY: "live" is not allowed: choose sandbox, production`,
		"spec.parameters.E.when.PAYMENT_GATEWAY: is empty: list the values of PAYMENT_GATEWAY",
		"spec.parameters.F.when.E: E has a condition itself: write its condition here too, in place of this one",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}
