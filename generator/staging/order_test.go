package staging_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/staging"
)

func TestOlderThan(t *testing.T) {
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	run := func(n int) staging.Run { return staging.Run{Pipeline: "github.com/acme/shop/ci.yml", Number: n} }
	tests := []struct {
		name  string
		runs  staging.Service
		build staging.Build
		older bool
	}{
		{"an earlier run", staging.Service{Run: run(43)}, staging.Build{Image: "x:42", Run: run(42)}, true},
		{"a later run", staging.Service{Run: run(42)}, staging.Build{Image: "x:43", Run: run(43)}, false},
		{"another job of the same run", staging.Service{Run: run(42)}, staging.Build{Image: "x:1", Run: run(42)}, false},
		{"a later run of an older commit", staging.Service{Run: run(42), Committed: noon},
			staging.Build{Image: "x:43", Run: run(43), Committed: noon.Add(-time.Hour)}, false},
		{"another pipeline, an older commit", staging.Service{Run: run(42), Committed: noon},
			staging.Build{Image: "x:1", Run: staging.Run{Pipeline: "nightly", Number: 900}, Committed: noon.Add(-time.Hour)}, true},
		{"an older commit", staging.Service{Committed: noon}, staging.Build{Image: "x:1", Committed: noon.Add(-time.Second)}, true},
		{"a newer commit", staging.Service{Committed: noon}, staging.Build{Image: "x:1", Committed: noon.Add(time.Second)}, false},
		{"an older commit of another repository", staging.Service{Repository: "a", Committed: noon},
			staging.Build{Image: "x:1", Repository: "b", Committed: noon.Add(-time.Hour)}, false},
		{"a person, who has no run", staging.Service{Run: run(42), Committed: noon}, staging.Build{Image: "x:1"}, false},
		{"nothing to compare with", staging.Service{}, staging.Build{Image: "x:1", Run: run(1), Committed: noon}, false},
		{"the same build, built again", staging.Service{Image: "x:1", Commit: "c", Run: run(43)},
			staging.Build{Image: "x:1", Commit: "c", Run: run(42)}, false},
		{"the same build, pinned to its digest", staging.Service{Image: "x:1@sha256:0a", Commit: "c", Run: run(43)},
			staging.Build{Image: "x:1", Commit: "c", Run: run(42)}, false},
		{"the default image", staging.Service{From: staging.FromDefault, Run: run(43)}, staging.Build{Image: "x:1", Run: run(42)}, false},
		{"one that follows on it, by a clock that is wrong", staging.Service{Commit: "c", Committed: noon},
			staging.Build{Image: "x:1", Commit: "d", Replaces: "c", Committed: noon.Add(-time.Hour)}, false},
		{"one that follows on something else", staging.Service{Commit: "c", Committed: noon},
			staging.Build{Image: "x:1", Commit: "d", Replaces: "b", Committed: noon.Add(-time.Hour)}, true},
	}
	for _, tt := range tests {
		if got := tt.build.OlderThan(tt.runs); got != tt.older {
			t.Errorf("%s: older is %v", tt.name, got)
		}
	}
}

func TestWithoutOlderBuilds(t *testing.T) {
	run := func(n int) staging.Run { return staging.Run{Pipeline: "ci", Number: n} }
	current := &staging.Staging{Spec: staging.Spec{Services: map[string]staging.Service{"a": {Run: run(5)}, "b": {Run: run(3)}, "c": {Run: run(5)}}}}
	a := staging.Action{Images: map[string]staging.Build{
		"a": {Image: "a:4", Run: run(4)}, "b": {Image: "b:4", Run: run(4)}, "c": {Image: "c:4", Run: run(4)}, "new": {Image: "n:4", Run: run(4)}}}
	newer, older := a.WithoutOlderBuilds(current)
	if diff := cmp.Diff([]string{"a", "c"}, older); diff != "" {
		t.Errorf("older (-want +got):\n%s", diff)
	}
	if len(newer.Images) != 2 || newer.Images["b"].Image != "b:4" || newer.Images["new"].Image != "n:4" || len(a.Images) != 4 {
		t.Errorf("newer is %+v of %+v", newer.Images, a.Images)
	}
	a.Force = true
	if _, older := a.WithoutOlderBuilds(current); older != nil {
		t.Errorf("--force leaves %v out", older)
	}
	if _, older := a.WithoutOlderBuilds(nil); older != nil {
		t.Errorf("a new staging leaves %v out", older)
	}
}
