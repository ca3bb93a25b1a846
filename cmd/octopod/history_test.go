package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"octopod/generator/staging"
)

// The table has the column OUTCOME if the rollout of any version is known.
func TestHistoryShowsOutcomes(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	after := func(d time.Duration) *time.Time { then := at.Add(d); return &then }
	tests := []struct {
		rollout *staging.Rollout
		want    string
	}{
		{nil, noValue},
		{&staging.Rollout{Applied: after(7 * time.Second)}, "applied after 7s"},
		{&staging.Rollout{Applied: after(7 * time.Second), Running: after(3 * time.Minute), Phase: staging.PhaseRunning}, "running after 3m"},
		{&staging.Rollout{Applied: after(7 * time.Second), Phase: staging.PhaseFailed, Reason: staging.Reason{Code: staging.ReasonCrash, Parts: "backend"}}, "Failed: backend keeps crashing"},
		{&staging.Rollout{Phase: staging.PhaseUpdating}, "Updating"},
	}
	var events []staging.Event
	for _, test := range tests {
		events = append(events, staging.Event{Revision: strings.Repeat("a", 40), At: at, Verb: staging.Set, Subject: "set login", Rollout: test.rollout})
	}
	print := func(events []staging.Event) []string {
		var out bytes.Buffer
		c := &cli{stdout: &printer{w: &out}}
		c.tableOfEvents(events, true)
		return strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
	}
	lines := print(events)
	if !strings.HasSuffix(lines[0], "OUTCOME") {
		t.Errorf("titles %q", lines[0])
	}
	for i, test := range tests {
		if line := lines[i+1]; !strings.HasSuffix(strings.TrimRight(line, " "), "  "+test.want) {
			t.Errorf("%q does not end with %q", line, test.want)
		}
	}
	if lines := print(events[:1]); strings.Contains(lines[0], "OUTCOME") {
		t.Errorf("no rollout is known, and the titles are %q", lines[0])
	}
}
