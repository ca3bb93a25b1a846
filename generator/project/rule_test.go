package project_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/project"
	"octopod/generator/staging"
)

const ruled = shop + `  rules:
    - {branches: [release/*], ttl: 60d, awake: true}
    - {authors: [Grace*], presets: [payments-production], sleep: {at: 0 12 * * *, wake: 0 7 * * *}}
    - {teams: [payments], ttl: 2d}
  cost:
    currency: EUR
    prices: {cpuHour: 0.03}
    teams: [{name: payments, branches: [pay/*]}]
`

// createdBy returns a new staging of a branch.
func createdBy(t *testing.T, p *project.Project, branch, author string) staging.Staging {
	t.Helper()
	s, err := p.Apply(nil, staging.Action{Verb: staging.Deploy, Name: "x", Branch: branch,
		Images: map[string]staging.Build{"frontend": {Image: "registry.example.com/shop/frontend:1", Commit: "1f2e3d4"}}},
		staging.Attribution{At: noon.At, By: author})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Branches, authors and teams have lifetimes, presets and nights of their own.
func TestRulesOfBranchesAuthorsAndTeams(t *testing.T) {
	p := parse(t, strings.Replace(ruled, "lifecycle: {ttl: 14d}", "lifecycle: {ttl: 14d, sleep: {at: 0 20 * * *, wake: 0 7 * * *}}", 1))
	const day = 24 * time.Hour
	evening := time.Date(2026, 11, 23, 21, 0, 0, 0, time.UTC)
	afternoon := evening.Add(-5 * time.Hour)
	for name, tt := range map[string]struct {
		branch, author  string
		ttl             time.Duration
		presets         []string
		evening, midday project.Step
	}{
		"others":    {"feature/x", "Ada", 14 * day, nil, project.StepSleep, project.StepKeep},
		"a release": {"release/3", "Ada", 60 * day, nil, project.StepKeep, project.StepKeep},
		"an author": {"feature/x", "Grace Hopper", 14 * day, []string{"payments-production"}, project.StepSleep, project.StepSleep},
		"a team":    {"pay/refunds", "Ada", 2 * day, nil, project.StepSleep, project.StepKeep},
		"both":      {"release/3", "Grace Hopper", 60 * day, []string{"payments-production"}, project.StepKeep, project.StepKeep},
	} {
		t.Run(name, func(t *testing.T) {
			s := createdBy(t, p, tt.branch, tt.author)
			if want := noon.At.Add(tt.ttl).Truncate(day).Add(day); !s.Spec.Expires.Equal(want) {
				t.Errorf("it expires %v; want %v", s.Spec.Expires, want)
			}
			if diff := cmp.Diff(tt.presets, s.Spec.Presets); diff != "" {
				t.Errorf("presets (-want +got):\n%s", diff)
			}
			s.Spec.Created.At = noon.At.Add(-time.Hour)
			for at, want := range map[time.Time]project.Step{evening: tt.evening, afternoon: tt.midday} {
				if d := p.Sweep([]staging.Staging{s}, project.SweepInput{Now: at, MaxShare: 100}); d[0].Step != want {
					t.Errorf("at %v: %+v; want %s", at, d[0], want)
				}
			}
		})
	}
}

func TestWrongRules(t *testing.T) {
	got := problemsIn(shop + `  rules:
    - {branches: [release/*]}
    - {teams: [payments], ttl: 1d}
    - {presets: [payment-production]}
    - {awake: true, sleep: {at: 0 20 * * *, wake: 0 7 * * *}}
    - {branches: [""], sleep: {at: late, wake: early}}
`)
	want := []string{
		"spec.rules[0]: has no effect: add ttl, sleep, awake or presets",
		`spec.rules[1].teams[0]: spec.cost.teams has no team "payments"`,
		`spec.rules[2].presets[0]: the project has no preset "payment-production"`,
		"spec.rules[3].awake: contradicts sleep: remove one of them",
		"spec.rules[4].branches[0]: is empty",
		`spec.rules[4].sleep: "late" is not a cron line: write at and wake like 0 20 * * 1-5 (minute, hour, day, month, weekday)`,
	}
	for i := range got {
		if i < len(want) && strings.HasPrefix(got[i], want[i]) {
			got[i] = want[i] // without the suggestions
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}
