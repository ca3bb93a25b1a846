package project_test

import (
	"strings"
	"testing"
	"time"

	"octopod/generator/project"
	"octopod/generator/staging"
)

var (
	monday  = staging.Stamp{At: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), By: "Quinn"}
	tuesday = staging.Stamp{At: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), By: "Quinn"}
)

// tried is a staging that runs one version of its backend.
func tried(image, commit string) staging.Staging {
	return staging.Staging{Name: "login", Spec: staging.Spec{Branch: "feature/login", State: staging.Active, Services: map[string]staging.Service{
		"backend": {Image: "registry.example.com/backend:" + image, Commit: commit, From: staging.FromBranch},
	}}}
}

func TestAMarkIsBoundToWhatWasTried(t *testing.T) {
	was := tried("v1", "1f2e3d4")
	marked := marks(t, was, staging.Action{Outcome: staging.Tested, Note: " fine "}, monday)
	if got := marked.Spec.Tested; got.By != "Quinn" || got.Note != "fine" || !got.At.Equal(monday.At) || got.Services["backend"].Commit != "1f2e3d4" {
		t.Errorf("the mark is %+v", got)
	}
	tests := []struct {
		name     string
		services map[string]staging.Service
		want     staging.Standing
	}{
		{"what was tried", was.Spec.Services, staging.StandsTested},
		{"another image", tried("v2", "1f2e3d4").Spec.Services, staging.Outdated},
		{"another commit by the same tag", tried("v1", "5c0ffee").Spec.Services, staging.Outdated},
		{"one service more", map[string]staging.Service{"backend": was.Spec.Services["backend"], "frontend": {Image: "f:1"}}, staging.Outdated},
		{"nothing", nil, staging.Outdated},
	}
	for _, tt := range tests {
		marked.Spec.Services = tt.services
		if got := marked.Spec.Standing(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestTheSameMarkTwiceIsOne(t *testing.T) {
	first := marks(t, tried("v1", ""), staging.Action{Outcome: staging.Broken, Note: "no button"}, monday)
	pat := staging.Stamp{At: tuesday.At, By: "Pat"}
	newer := first.Clone()
	newer.Spec.Services = tried("v2", "").Spec.Services
	tests := []struct {
		name string
		on   staging.Staging
		a    staging.Action
		at   staging.Stamp
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
	if gone := marks(t, first, staging.Action{Outcome: staging.Untested}, tuesday); gone.Spec.Tested != nil || gone.Spec.Standing() != "" {
		t.Errorf("the mark is still there: %+v", gone.Spec.Tested)
	}
}

func TestMarksThatAreNone(t *testing.T) {
	for name, a := range map[string]staging.Action{
		"no outcome":      {},
		"another outcome": {Outcome: "fine"},
		"a line break":    {Outcome: staging.Tested, Note: "a\nb"},
		"a long note":     {Outcome: staging.Tested, Note: strings.Repeat("ä", 501)},
	} {
		a.Verb = staging.Mark
		s := tried("v1", "")
		if _, err := new(project.Project).Apply(&s, a, monday); staging.CodeOf(err) != staging.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A record that somebody wrote by hand is looked at, too.
func TestAMarkByHandIsChecked(t *testing.T) {
	s := tried("v1", "")
	s.Spec.Tested = &staging.Test{Outcome: "fine", Note: "a\tb"}
	err := new(project.Project).Check(s)
	for _, field := range []string{"spec.tested.outcome", "spec.tested.note"} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("no word of %s: %v", field, err)
		}
	}
}

func marks(t *testing.T, s staging.Staging, a staging.Action, at staging.Stamp) staging.Staging {
	t.Helper()
	a.Verb, a.Name = staging.Mark, s.Name
	after, err := new(project.Project).Apply(&s, a, at)
	if err != nil {
		t.Fatal(err)
	}
	return after
}
