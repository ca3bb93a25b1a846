package generator_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"octopod/generator/change"
	"octopod/generator/lifecycle"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

const production = "      values:\n        production: {reason: required, term: 4h, badge: Real payments, warning: Money moves.}\n      role: admin\n"

// shopWithGrants returns the sample project where production payments need an admin, a
// reason and an end.
func shopWithGrants(t testing.TB, engine project.Engine, output project.Output) *fixture {
	t.Helper()
	w := shop(t, engine, output)
	w.write(staging.File{Path: project.File, Data: []byte(strings.Replace(string(w.read(project.File)), "      group: Payments\n", "      group: Payments\n"+production, 1))})
	return w
}

// pays returns the payment gateway in the rendered ConfigMap of the staging.
func (w *fixture) pays(t *testing.T) string {
	t.Helper()
	objects, err := w.Manifests(t.Context(), "login", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if o.Kind == "ConfigMap" && strings.HasPrefix(o.Name, "app-config") {
			return map[bool]string{true: "production", false: "sandbox"}[strings.Contains(string(o.JSON), `"PAYMENT_GATEWAY":"production"`)]
		}
	}
	t.Fatal("the staging has no ConfigMap app-config")
	return ""
}

func (w *fixture) wantPays(t *testing.T, after, want string) {
	t.Helper()
	record, err := w.tip().Staging("login")
	if err != nil {
		t.Fatal(err)
	}
	if _, granted := record.Spec.Granted["PAYMENT_GATEWAY"]; granted != (want == "production") || w.pays(t) != want {
		t.Errorf("after %s: the staging pays in %s and its grants are %+v; want %s", after, w.pays(t), record.Spec.Granted, want)
	}
}

func (w *fixture) sweepNow(t *testing.T) lifecycle.SweepResult {
	t.Helper()
	result, err := w.Sweep(t.Context(), lifecycle.SweepRequest{By: ada})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// build returns a deploy of another build.
func build(commit string) staging.Action {
	a := pushed("feature/login")
	a.Images["backend"] = staging.Build{Image: "registry.example.com/shop/backend:" + commit, Commit: commit}
	return a
}

// problemText returns an error with its problems.
func problemText(err error) string {
	text := fmt.Sprint(err)
	for _, p := range staging.ProblemsOf(err) {
		text += "\n" + p.String()
	}
	return text
}

var realPayments = staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"PAYMENT_GATEWAY": "production"}, Reason: "refund test"}

// A value with a term begins with a reason, outlives deploys, and ends by a commit of the
// sweep; with both engines and outputs.
func TestAGrantEndsWithItsTerm(t *testing.T) {
	for _, engine := range []project.Engine{project.EngineKustomize, project.EngineJsonnet} {
		for _, output := range []project.Output{project.OutputSource, project.OutputRendered} {
			t.Run(string(engine)+" "+string(output), func(t *testing.T) {
				w := shopWithGrants(t, engine, output)
				w.do(pushed("feature/login"))
				w.wantPays(t, "the creation", "sandbox")
				w.do(realPayments)
				w.wantPays(t, "set", "production")
				w.clock.advance(3 * time.Hour)
				w.do(build("2222222"))
				w.wantPays(t, "a deploy", "production")
				w.clock.advance(time.Hour)
				result := w.sweepNow(t)
				w.wantPays(t, "the sweep", "sandbox")
				if !result.Changed || result.Items[0].Step != project.StepRevoke || !strings.Contains(result.Items[0].Reason, "PAYMENT_GATEWAY=production ended, by Ada until 2026-11-23") {
					t.Errorf("the sweep reports %+v", result.Items)
				}
				events, err := w.History(t.Context(), staging.HistoryQuery{Name: "login"})
				if err != nil {
					t.Fatal(err)
				}
				for i, want := range []string{"unset login: PAYMENT_GATEWAY=production ended, by Ada until", "deploy login", "set login: PAYMENT_GATEWAY=production: refund test"} {
					if !strings.HasPrefix(events[i].Subject, want) {
						t.Errorf("the history has %q, want %q", events[i].Subject, want)
					}
				}
				if again := w.sweepNow(t); again.Changed {
					t.Errorf("a second sweep changes something: %+v", again.Items)
				}
			})
		}
	}
}

// Whatever the verb, a value that needs a role, a reason or an end has no way around them.
func TestNoWayAroundAGrant(t *testing.T) {
	w := shopWithGrants(t, project.EngineKustomize, project.OutputSource)
	w.do(pushed("feature/login"))
	user := rights.Actor{Person: staging.Person{Name: "Grace"}, Rights: testRights{role: project.RoleUser}}
	preset := staging.Action{Verb: staging.Update, Name: "login", Presets: []string{"payments-production"}, Reason: "refund test"}
	long := realPayments
	late := w.clock.Now().Add(9 * time.Hour)
	long.Until = &late
	without := realPayments
	without.Reason = ""
	for _, tt := range []struct {
		what   string
		by     rights.Actor
		action staging.Action
		want   string
	}{
		{"no reason", ada, without, "needs a reason"},
		{"too long", ada, long, "possible for 4h at most"},
		{"set by a user", user, realPayments, "the role admin may change it"},
		{"a preset by a user", user, preset, "the role admin may change it"},
		{"a new staging", user, staging.Action{Verb: staging.Create, Name: "other", Branch: "other", Set: realPayments.Set, Reason: "x"}, "the role admin may change it"},
		{"an end without a grant", ada, staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"LOG_LEVEL": "debug"}, Until: &late}, "none of these settings has a term"},
	} {
		_, err := w.Apply(t.Context(), change.Request{Action: tt.action, By: tt.by})
		if err == nil || !strings.Contains(problemText(err), tt.want) {
			t.Errorf("%s: %v", tt.what, err)
		}
	}
	w.wantPays(t, "refusals", "sandbox")

	granted := w.do(realPayments)
	if _, err := w.Apply(t.Context(), change.Request{Action: realPayments, By: user}); err == nil {
		t.Error("a user renews the term of an admin")
	}
	w.clock.advance(5 * time.Hour)
	if _, err := w.Apply(t.Context(), change.Request{Action: build("3333333"), By: user}); err != nil {
		t.Errorf("a user may not deploy after the end: %v", err)
	}
	w.wantPays(t, "a deploy after the end, without a sweep", "sandbox")

	result := w.do(staging.Action{Verb: staging.Rollback, Name: "login", To: granted.Revision, Reason: "as it was"})
	w.wantPays(t, "a rollback to the version with the value", "sandbox")
	if !strings.Contains(result.Note, "without PAYMENT_GATEWAY of that version") {
		t.Errorf("the rollback says %q", result.Note)
	}
	w.do(staging.Action{Verb: staging.Unpin, Name: "login"})
	w.do(realPayments)
	off := w.do(staging.Action{Verb: staging.Unset, Name: "login", Unset: []string{"PAYMENT_GATEWAY"}})
	if err := w.refused(staging.Action{Verb: staging.Undo, Name: "login", To: off.Revision}); !strings.Contains(problemText(err), "needs a reason") {
		t.Errorf("undo of the end: %v", err)
	}
	w.do(staging.Action{Verb: staging.Undo, Name: "login", To: off.Revision, Reason: "one more refund"})
	w.wantPays(t, "an undo with a reason", "production")
}

// A preset keeps its other settings when its value ends; another deploy does not bring the
// value back, choosing the preset again does. An archived staging loses the value, too.
func TestAGrantOfAPreset(t *testing.T) {
	w := shopWithGrants(t, project.EngineKustomize, project.OutputSource)
	w.do(pushed("feature/login"))
	preset := staging.Action{Verb: staging.Update, Name: "login", Presets: []string{"payments-production"}, Reason: "refund test"}
	w.do(preset)
	w.wantPays(t, "the preset", "production")
	w.do(staging.Action{Verb: staging.Archive, Name: "login"})
	w.clock.advance(5 * time.Hour)
	w.sweepNow(t)
	w.do(staging.Action{Verb: staging.Restore, Name: "login"})
	w.wantPays(t, "the sweep", "sandbox")
	record, err := w.tip().Staging("login")
	if err != nil || !slices.Equal(record.Spec.Presets, []string{"payments-production"}) {
		t.Errorf("the presets are %q, %v", record.Spec.Presets, err)
	}
	w.do(build("2222222"))
	w.wantPays(t, "a deploy with the preset", "sandbox")
	w.do(preset)
	w.wantPays(t, "the preset again", "production")
}

// A value from before its rule, or written by hand, ends with the next sweep.
func TestAValueWithoutAGrantEnds(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(pushed("feature/login"))
	w.do(realPayments)
	w.write(staging.File{Path: project.File, Data: []byte(strings.Replace(string(w.read(project.File)), "      group: Payments\n", "      group: Payments\n"+production, 1))})
	result := w.sweepNow(t)
	w.wantPays(t, "the sweep", "sandbox")
	if !strings.Contains(result.Items[0].Reason, "was never granted") {
		t.Errorf("the sweep reports %+v", result.Items)
	}
}
