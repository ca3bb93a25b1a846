package notify_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"octopod/generator/notify"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// seen returns the view of a version and a phase: "1 Running".
func seen(t *testing.T, what string) *staging.View {
	t.Helper()
	version, phase, ok := strings.Cut(what, " ")
	if !ok {
		t.Fatalf("%q is not a version and a phase", what)
	}
	s := staging.Staging{Name: "login"}
	return &staging.View{Document: s.Document(), Version: version, Status: staging.Status{Phase: staging.Phase(phase)}}
}

// A version that runs as soon as the tracker meets it is an event; a new record of the
// same content, such as a mark, is none.
func TestAVersionThatRunsAtOnceIsAnEvent(t *testing.T) {
	f := notify.NewTracker()
	f.Synced()
	view := func(what string, minute int) *staging.View {
		v := seen(t, what)
		if at := time.Date(2026, 11, 30, 13, minute, 0, 0, time.UTC); minute > 0 {
			v.Status.Timings.Running = &at
		}
		return v
	}
	for _, step := range []struct {
		view *staging.View
		want project.Trigger
	}{
		{view("1 Updating", 0), ""}, {view("1 Running", 1), project.OnRunning}, {view("2 Running", 1), ""}, {view("3 Running", 2), project.OnRunning},
	} {
		if got := f.Changed(step.view); got.On != step.want {
			t.Errorf("version %s: %q, want %q", step.view.Version, got.On, step.want)
		}
	}
}

func TestTrackerEvents(t *testing.T) {
	for _, c := range []struct {
		name   string
		before []string // the initial views
		then   []string
		want   []string
	}{
		{"a new staging starts", nil, []string{"1 Creating", "1 Running"}, []string{"running"}},
		{"an initial state is no event", []string{"1 Running"}, []string{"1 Running"}, nil},
		{"an initial state that Argo CD reports late is no event", []string{"1 Unknown"}, []string{"1 Running"}, nil},
		{"an initial update completes", []string{"1 Updating"}, []string{"1 Running"}, []string{"running"}},
		{"each version causes an event", nil, []string{"1 Running", "2 Updating", "2 Running"}, []string{"running", "running"}},
		{"a change of the record alone is no event", nil, []string{"1 Running", "2 Running"}, []string{"running"}},
		{"another rollout of the same version is no event", nil, []string{"1 Running", "1 Updating", "1 Running"}, []string{"running"}},
		{"an unknown phase is no event", nil, []string{"1 Running", "1 Unknown", "1 Running"}, []string{"running"}},
		{"a failure and a recovery", nil, []string{"1 Running", "1 Degraded", "1 Running"}, []string{"running", "degraded", "running again"}},
		{"a repeated failure causes one event", nil, []string{"1 Running", "1 Degraded", "1 Running", "1 Degraded", "1 Running", "1 Degraded"},
			[]string{"running", "degraded", "running again"}},
		{"a failure, fixed by the next version", nil, []string{"1 Creating", "1 Failed", "2 Updating", "2 Running"}, []string{"failed", "running"}},
		{"it is archived", []string{"1 Running"}, []string{"2 Archiving", "2 Archived"}, []string{"archived"}},
		{"it is deleted", []string{"1 Running"}, []string{"2 Deleting", "1 gone"}, []string{"deleted"}},
		{"an unknown staging is deleted", nil, []string{"1 gone"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := notify.NewTracker()
			for _, what := range c.before {
				if got := f.Changed(seen(t, what)); got != (notify.Event{}) {
					t.Errorf("%s causes an event before Synced: %v", what, got)
				}
			}
			f.Synced()
			var events []string
			for _, what := range c.then {
				record := f.Changed
				if what == "1 gone" {
					record = f.Deleted
				}
				if o := record(seen(t, what)); o.Again {
					events = append(events, string(o.On)+" again")
				} else if o.On != "" {
					events = append(events, string(o.On))
				}
			}
			if !slices.Equal(events, c.want) {
				t.Errorf("events %v, want %v", events, c.want)
			}
		})
	}
}

func TestTrackerWarnsOnce(t *testing.T) {
	f := notify.NewTracker()
	f.Synced()
	f.Changed(seen(t, "1 Running"))
	if !f.Warn(seen(t, "1 Running")) || f.Warn(seen(t, "1 Running")) {
		t.Error("a version does not warn exactly once")
	}
	f.Changed(seen(t, "2 Running"))
	if !f.Warn(seen(t, "2 Running")) {
		t.Error("the next version does not warn again")
	}
}
