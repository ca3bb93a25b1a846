package project_test

import (
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// A migration moves values to new names, scopes and types, and drops what is unknown.
func TestMigrate(t *testing.T) {
	p := parse(t, shop)
	s := deployed(t, p, nil)
	s.Spec.Overrides = staging.Overrides{
		App:        staging.Values{"LOGLEVEL": "verbose", "OLD": 1, "backend.replicas": "2"},
		Deployment: staging.Values{"LEGACY_FLAG": "false"},
	}
	s.Spec.Presets = []string{"gone", "payments-production"}
	m := project.Migration{
		Rename: []project.Renaming{{From: "LOGLEVEL", To: "LOG_LEVEL"}}, DropUnknown: true,
		Values: []project.ValueChange{{Parameter: "LOG_LEVEL", From: "verbose", To: "debug"}},
	}
	next, err := p.Migrate(s, m)
	if err != nil {
		t.Fatal(err)
	}
	o := next.Spec.Overrides
	if len(o.App) != 2 || o.App["LOG_LEVEL"] != "debug" || o.App["LEGACY_FLAG"] != false || len(o.Deployment) != 1 || o.Deployment["backend.replicas"] != 2 {
		t.Errorf("settings %v", o)
	}
	if len(next.Spec.Presets) != 1 || p.Check(next) != nil {
		t.Errorf("presets %v, %v", next.Spec.Presets, p.Check(next))
	}
	if len(s.Spec.Presets) != 2 || len(s.Spec.Overrides.App) != 3 {
		t.Error("the given record changed")
	}

	s.Spec.Overrides.App["LOG_LEVEL"] = "info"
	if _, err := p.Migrate(s, m); err == nil || !strings.Contains(err.Error(), "both LOGLEVEL and LOG_LEVEL") {
		t.Errorf("two values for one parameter: %v", err)
	}
	for _, bad := range []project.Migration{
		{Rename: []project.Renaming{{From: "LOGLEVEL", To: "LOG_LEVLE"}}},
		{Values: []project.ValueChange{{Parameter: "PAYMENT_GATEWAY", From: "sandbox", To: "sandpit"}}},
	} {
		if p.CheckMigration(bad) == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}
