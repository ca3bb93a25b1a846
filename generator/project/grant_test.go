package project_test

import (
	"strings"
	"testing"
	"time"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// withRules returns a small project with rules for values of one parameter.
func withRules(values string) string {
	return `apiVersion: octopod.dev/v1alpha1
kind: Project
metadata: {name: shop}
spec:
  engine: jsonnet
  hosts: {baseDomain: staging.example.com}
  services:
    frontend: {image: "registry.example.com/shop/frontend:main", host: "{name}"}
  parameters:
    PAY:
      type: enum
      allowed: [sandbox, production]
      default: sandbox
      title: Payments
      role: admin
      values: ` + values + "\n"
}

func TestRulesOfValuesAreChecked(t *testing.T) {
	for values, want := range map[string]string{
		"{production: {role: admin, reason: required, term: 4h, badge: Real payments, warning: Money moves.}}": "",
		"{live: {term: 4h}}":              "is not allowed: choose sandbox, production",
		"{sandbox: {term: 4h}}":           "is the default, which every staging has",
		"{production: {role: viewer}}":    "cannot choose a value",
		"{production: {reason: always}}":  "write required or optional",
		"{production: {term: soon}}":      "is not a duration",
		"{production: {until: tomorrow}}": "unknown field",
	} {
		_, err := project.Parse([]byte(withRules(values)))
		text := ""
		for _, p := range staging.ProblemsOf(err) {
			text += p.String()
		}
		if want == "" && err != nil || !strings.Contains(text, want) {
			t.Errorf("%s: %v %s, want %q", values, err, text, want)
		}
	}
	text := strings.Replace(withRules("{production: {term: 4h}}"), "type: enum", "type: list", 1)
	if _, err := project.Parse([]byte(text)); err == nil || !strings.Contains(staging.ProblemsOf(err)[0].String(), "is not possible for type list") {
		t.Errorf("a list with rules: %v", err)
	}
	for values, want := range map[string]string{
		"{production: {}}": "has no effect: add role", "{production: {role: user}}": "the parameter requires the role admin already", "{production: {term: 4h}}": "",
	} {
		text := withRules(values)
		var found string
		for _, p := range parse(t, text).Ineffective([]byte(text)) {
			found += p.String()
		}
		if (want == "") != !strings.Contains(found, "values") || !strings.Contains(found, want) {
			t.Errorf("%s: %q, want %q", values, found, want)
		}
	}
}

// A badge has the end, the author and the reason of its grant, and marks a grant that should have ended.
func TestBadges(t *testing.T) {
	p := parse(t, withRules("{production: {term: 4h}}"))
	s, err := p.Apply(nil, staging.Action{Verb: staging.Create, Name: "login", Branch: "login", Set: map[string]string{"PAY": "production"}, Reason: "refund test"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	badges := p.Badges(s)
	if len(badges) != 1 {
		t.Fatalf("the badges are %+v", badges)
	}
	for now, want := range map[time.Time]string{
		noon.At:                    "Payments production until 2026-11-23 16:00 UTC, by Ada: refund test",
		noon.At.Add(4 * time.Hour): "Payments production: should have ended at 2026-11-23 16:00 UTC, by Ada: refund test",
	} {
		if got := badges[0].Sentence(now); got != want {
			t.Errorf("the badge says %q, want %q", got, want)
		}
	}
	if shorter := parse(t, withRules("{production: {term: 1h}}")); !shorter.Badges(s)[0].Until.Equal(noon.At.Add(time.Hour)) {
		t.Errorf("a shorter term ends at %s", shorter.Badges(s)[0].Until)
	}
	if got := parse(t, strings.Replace(withRules("{}"), "      values: {}\n", "", 1)).Badges(s); len(got) != 0 {
		t.Errorf("without a rule: %+v", got)
	}
}
