package notify_test

import (
	"slices"
	"strings"
	"testing"

	"octopod/generator/notify"
	"octopod/generator/staging"
)

// seen is a view in short: "1 Running" is version 1.
func seen(t *testing.T, what string) *staging.View {
	t.Helper()
	version, phase, ok := strings.Cut(what, " ")
	if !ok {
		t.Fatalf("%q is no view", what)
	}
	s := staging.Staging{Name: "login"}
	return &staging.View{Document: s.Document(), Version: version, Status: staging.Status{Phase: staging.Phase(phase)}}
}

func TestFollowerFindsOccasions(t *testing.T) {
	for _, c := range []struct {
		name   string
		before []string // what is there when following begins
		then   []string
		want   []string
	}{
		{"a new staging comes up", nil, []string{"1 Creating", "1 Running"}, []string{"running"}},
		{"what was there is no news", []string{"1 Running"}, []string{"1 Running"}, nil},
		{"nor is it when Argo CD answers late", []string{"1 Unknown"}, []string{"1 Running"}, nil},
		{"an update that was under way ends", []string{"1 Updating"}, []string{"1 Running"}, []string{"running"}},
		{"each version is told", nil, []string{"1 Running", "2 Updating", "2 Running"}, []string{"running", "running"}},
		{"a change of the record alone is not", nil, []string{"1 Running", "2 Running"}, []string{"running"}},
		{"nor the same version put in place again", nil, []string{"1 Running", "1 Updating", "1 Running"}, []string{"running"}},
		{"not knowing is not", nil, []string{"1 Running", "1 Unknown", "1 Running"}, []string{"running"}},
		{"trouble and its end", nil, []string{"1 Running", "1 Degraded", "1 Running"}, []string{"running", "degraded", "running again"}},
		{"trouble that comes and goes is told once", nil, []string{"1 Running", "1 Degraded", "1 Running", "1 Degraded", "1 Running", "1 Degraded"},
			[]string{"running", "degraded", "running again"}},
		{"it fails, and is mended", nil, []string{"1 Creating", "1 Failed", "2 Updating", "2 Running"}, []string{"failed", "running"}},
		{"it goes to sleep", []string{"1 Running"}, []string{"2 Archiving", "2 Archived"}, []string{"archived"}},
		{"it is deleted", []string{"1 Running"}, []string{"2 Deleting", "1 gone"}, []string{"deleted"}},
		{"what nobody saw cannot go", nil, []string{"1 gone"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := notify.NewFollower()
			for _, what := range c.before {
				if got := f.Changed(seen(t, what)); got != (notify.Occasion{}) {
					t.Errorf("%s is told before everything was seen: %v", what, got)
				}
			}
			f.Complete()
			var told []string
			for _, what := range c.then {
				look := f.Changed
				if what == "1 gone" {
					look = f.Gone
				}
				if o := look(seen(t, what)); o.Again {
					told = append(told, string(o.On)+" again")
				} else if o.On != "" {
					told = append(told, string(o.On))
				}
			}
			if !slices.Equal(told, c.want) {
				t.Errorf("told %v, want %v", told, c.want)
			}
		})
	}
}

func TestFollowerWarnsOnce(t *testing.T) {
	f := notify.NewFollower()
	f.Complete()
	f.Changed(seen(t, "1 Running"))
	if !f.Warned(seen(t, "1 Running")) || f.Warned(seen(t, "1 Running")) {
		t.Error("a version is warned of once")
	}
	f.Changed(seen(t, "2 Running"))
	if !f.Warned(seen(t, "2 Running")) {
		t.Error("the next version is warned of again")
	}
}
