package project_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"octopod/generator/project"
	"octopod/generator/staging"
)

var (
	monday  = staging.Attribution{At: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), By: "Quinn"}
	tuesday = staging.Attribution{At: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), By: "Quinn"}
)

// tried returns a staging with one version of its backend.
func tried(image, commit string) staging.Staging {
	return staging.Staging{Name: "login", Spec: staging.Spec{Branch: "feature/login", State: staging.Active, Services: map[string]staging.Service{
		"backend": {Image: "registry.example.com/backend:" + image, Commit: commit, From: staging.FromBranch},
	}}}
}

func TestMarkIsValidForItsVersions(t *testing.T) {
	was := tried("v1", "1f2e3d4")
	marked := marks(t, was, staging.Action{Outcome: staging.Tested, Note: " fine "}, monday)
	if got := marked.Spec.Tested; got.By != "Quinn" || got.Note != "fine" || !got.At.Equal(monday.At) || got.Services["backend"].Commit != "1f2e3d4" {
		t.Errorf("the mark is %+v", got)
	}
	tests := []struct {
		name     string
		services map[string]staging.Service
		want     staging.TestState
	}{
		{"what was tried", was.Spec.Services, staging.TestStateTested},
		{"another image", tried("v2", "1f2e3d4").Spec.Services, staging.TestStateOutdated},
		{"another commit by the same tag", tried("v1", "5c0ffee").Spec.Services, staging.TestStateOutdated},
		{"one service more", map[string]staging.Service{"backend": was.Spec.Services["backend"], "frontend": {Image: "f:1"}}, staging.TestStateOutdated},
		{"nothing", nil, staging.TestStateOutdated},
	}
	for _, tt := range tests {
		marked.Spec.Services = tt.services
		if got, _ := new(project.Project).TestState(marked, ""); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// The effective settings count, not where each value is defined.
func TestMarkIsValidForItsSettings(t *testing.T) {
	p := parse(t, shop)
	was := deployed(t, p, func(a *staging.Action) { a.Set = map[string]string{"LOG_LEVEL": "debug"} })
	marked := marksIn(t, p, was, staging.Action{Outcome: staging.Tested}, monday)
	settings, both := []staging.TestedPart{staging.TestedSettings}, []staging.TestedPart{staging.TestedVersions, staging.TestedSettings}
	tests := []struct {
		name    string
		project string
		do      []staging.Action
		want    []staging.TestedPart
	}{
		{name: "nothing changes", project: shop},
		{name: "a setting", project: shop, do: []staging.Action{{Verb: staging.Set, Set: map[string]string{"LOG_LEVEL": "warn"}}}, want: settings},
		{name: "a setting that is left out", project: shop, do: []staging.Action{{Verb: staging.Set, Absent: []string{"LEGACY_FLAG"}}}, want: settings},
		{name: "one left out that has no default", project: strings.Replace(shop, "boolean, default: true", "boolean", 1),
			do: []staging.Action{{Verb: staging.Set, Absent: []string{"LEGACY_FLAG"}}}, want: settings},
		{name: "how it is deployed", project: shop, do: []staging.Action{{Verb: staging.Set, Set: map[string]string{"backend.replicas": "2"}}}, want: settings},
		{name: "a preset", project: shop, do: []staging.Action{{Verb: staging.Set, Presets: []string{"payments-production"}}}, want: settings},
		{name: "the default, written out", project: shop, do: []staging.Action{{Verb: staging.Set, Set: map[string]string{"PAYMENT_GATEWAY": "sandbox"}}}},
		{name: "there and back", project: shop, do: []staging.Action{
			{Verb: staging.Set, Set: map[string]string{"LOG_LEVEL": "warn"}}, {Verb: staging.Set, Set: map[string]string{"LOG_LEVEL": "debug"}},
		}},
		{name: "another default", project: strings.Replace(shop, "default: sandbox", "default: production", 1), want: settings},
		{name: "a default that does not count here", project: strings.Replace(shop, "default: info", "default: warn", 1)},
		{name: "a new parameter without a default", project: strings.Replace(shop, "  parameters:", "  parameters:\n    NEW: {}", 1)},
		{name: "what is noted for people", project: shop, do: []staging.Action{{Verb: staging.PinVerb, Reason: "the demo"}}},
		{name: "asleep", project: shop, do: []staging.Action{{Verb: staging.Archive}}},
		{name: "a version and a setting", project: shop, want: both, do: []staging.Action{{Verb: staging.Deploy, Branch: "feature/login",
			Images: map[string]staging.Build{"frontend": {Image: "registry.example.com/shop/frontend:5c0ffee"}}, Set: map[string]string{"LOG_LEVEL": "warn"}}}},
	}
	for _, tt := range tests {
		now, s := parse(t, tt.project), marked
		for _, a := range tt.do {
			a.Name = "login"
			var err error
			if s, err = now.Apply(&s, a, tuesday); err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
		}
		wanted := staging.TestStateTested
		if tt.want != nil {
			wanted = staging.TestStateOutdated
		}
		if got, untried := now.TestState(s, ""); got != wanted || !slices.Equal(untried, tt.want) {
			t.Errorf("%s: %q, untried is %v; want %q, %v", tt.name, got, untried, wanted, tt.want)
		}
	}
}

// A mark without settings, from an older Octopod, is valid for its versions. Making it
// again adds the settings.
func TestMarkWithoutSettings(t *testing.T) {
	p := parse(t, shop)
	was := deployed(t, p, nil)
	was.Spec.Tested = &staging.Test{By: "Quinn", At: monday.At, Outcome: staging.Tested, Services: was.Spec.Versions()}
	changed, err := p.Apply(&was, staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"LOG_LEVEL": "warn"}}, monday)
	if err != nil {
		t.Fatal(err)
	}
	if got := standing(t, p, changed); got != staging.TestStateTested {
		t.Errorf("an old mark stands as %q", got)
	}
	again := marksIn(t, p, changed, staging.Action{Outcome: staging.Tested}, tuesday)
	if got := again.Spec.Tested; got.Settings == "" || !got.At.Equal(tuesday.At) {
		t.Errorf("made again it is %+v", got)
	}
}

func TestSameMarkAgain(t *testing.T) {
	first := marks(t, tried("v1", ""), staging.Action{Outcome: staging.Broken, Note: "no button"}, monday)
	pat := staging.Attribution{At: tuesday.At, By: "Pat"}
	newer := first.Clone()
	newer.Spec.Services = tried("v2", "").Spec.Services
	tests := []struct {
		name string
		on   staging.Staging
		a    staging.Action
		at   staging.Attribution
		keep bool
	}{
		{"the same", first, staging.Action{Outcome: staging.Broken, Note: "no button"}, tuesday, true},
		{"by somebody else", first, staging.Action{Outcome: staging.Broken, Note: "no button"}, pat, false},
		{"another note", first, staging.Action{Outcome: staging.Broken}, tuesday, false},
		{"another outcome", first, staging.Action{Outcome: staging.Tested, Note: "no button"}, tuesday, false},
		{"another version", newer, staging.Action{Outcome: staging.Broken, Note: "no button"}, tuesday, false},
	}
	for _, tt := range tests {
		got := marks(t, tt.on, tt.a, tt.at).Spec.Tested
		if kept := got.At.Equal(monday.At); kept != tt.keep {
			t.Errorf("%s: the first mark is kept: %v", tt.name, kept)
		}
	}
	if gone := marks(t, first, staging.Action{Outcome: staging.Untested}, tuesday); gone.Spec.Tested != nil || standing(t, new(project.Project), gone) != "" {
		t.Errorf("the mark is still there: %+v", gone.Spec.Tested)
	}
}

func TestInvalidMarks(t *testing.T) {
	for name, a := range map[string]staging.Action{
		"no outcome":      {},
		"another outcome": {Outcome: "fine"},
		"a line break":    {Outcome: staging.Tested, Note: "a\nb"},
		"a long note":     {Outcome: staging.Tested, Note: strings.Repeat("ä", 2001)},
	} {
		a.Verb = staging.Mark
		s := tried("v1", "")
		if _, err := new(project.Project).Apply(&s, a, monday); staging.CodeOf(err) != staging.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Somebody may edit a record by hand.
func TestMarkInARecordIsChecked(t *testing.T) {
	s := tried("v1", "")
	s.Spec.Tested = &staging.Test{Outcome: "fine", Note: "a\tb"}
	err := new(project.Project).Check(s)
	for _, field := range []string{"spec.tested.outcome", "spec.tested.note"} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("no word of %s: %v", field, err)
		}
	}
}

func standing(t *testing.T, p *project.Project, s staging.Staging) staging.TestState {
	t.Helper()
	got, _ := p.TestState(s, "")
	return got
}

func marks(t *testing.T, s staging.Staging, a staging.Action, at staging.Attribution) staging.Staging {
	t.Helper()
	return marksIn(t, new(project.Project), s, a, at)
}

func marksIn(t *testing.T, p *project.Project, s staging.Staging, a staging.Action, at staging.Attribution) staging.Staging {
	t.Helper()
	a.Verb, a.Name = staging.Mark, s.Name
	after, err := p.Apply(&s, a, at)
	if err != nil {
		t.Fatal(err)
	}
	return after
}
