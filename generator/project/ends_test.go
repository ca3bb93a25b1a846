package project_test

import (
	"testing"
	"time"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// The sweep acts on a staging at the time that Ends returns, and not a day before.
func TestEnds(t *testing.T) {
	noon := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	in := func(d time.Duration) *time.Time { at := noon.Add(d); return &at }
	p := &project.Project{}
	p.Spec.Lifecycle = project.Lifecycle{TTL: project.Duration(14 * day), ArchiveRetention: project.Duration(30 * day), Permanent: []string{"main"}}
	asleep := staging.Spec{State: staging.Archived, Since: &staging.Transition{At: noon}}
	with := func(s staging.Spec, change func(*staging.Spec)) staging.Spec { change(&s); return s }
	tests := []struct {
		name string
		is   string
		spec staging.Spec
		want *time.Time
		step project.Step
	}{
		{"active", "login", staging.Spec{State: staging.Active, Expires: in(3 * day)}, in(3 * day), project.StepArchive},
		{"active, for ever", "login", staging.Spec{State: staging.Active}, nil, ""},
		{"permanent", "main", staging.Spec{State: staging.Active, Expires: in(3 * day)}, nil, ""},
		{"archived", "login", asleep, in(30 * day), project.StepDelete},
		{"asleep for a while", "login", with(asleep, func(s *staging.Spec) { s.Since = &staging.Transition{At: noon, Wakes: in(400 * day)} }), nil, ""},
		{"kept", "login", with(asleep, func(s *staging.Spec) { s.Kept = &staging.Protection{} }), nil, ""},
		{"kept for longer than that", "login", with(asleep, func(s *staging.Spec) { s.Kept = &staging.Protection{Until: in(40 * day)} }), in(40 * day), project.StepDelete},
		{"kept for less than that", "login", with(asleep, func(s *staging.Spec) { s.Kept = &staging.Protection{Until: in(day)} }), in(30 * day), project.StepDelete},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.spec.Branch = "feature/login"
			s := staging.Staging{Name: tt.is, Spec: tt.spec}
			got := p.Ends(s)
			if (got == nil) != (tt.want == nil) || got != nil && !got.Equal(*tt.want) {
				t.Fatalf("ends at %v, want %v", got, tt.want)
			}
			at := noon.Add(365 * day)
			if got != nil {
				at = *got
				if d := p.Sweep([]staging.Staging{s}, project.SweepInput{Now: at.Add(-time.Hour)}); d[0].Step == tt.step {
					t.Errorf("an hour before, the sweep does %s", d[0].Step)
				}
			}
			d := p.Sweep([]staging.Staging{s}, project.SweepInput{Now: at.Add(time.Second)})
			if acts := d[0].Step == project.StepArchive || d[0].Step == project.StepDelete; acts != (got != nil) || got != nil && d[0].Step != tt.step {
				t.Errorf("then, the sweep does %s (%s)", d[0].Step, d[0].Reason)
			}
		})
	}
}
