package server

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"octopod/generator/staging"
)

// scraped is what a monitoring reads.
func scraped(t *testing.T, m *metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

// Every change counts once by how it ended, and what was so before the server
// began does not.
func TestDeploysAreCountedAndMeasured(t *testing.T) {
	m, name := newMetrics("test"), "shop"
	s := &servedProject{}
	s.name.Store(&name)
	d := newRolloutMetrics(s, m)
	at := func(seconds int) *time.Time {
		moment := time.Date(2026, 11, 25, 12, 0, seconds, 0, time.UTC)
		return &moment
	}
	ran := staging.Status{Phase: staging.PhaseRunning, Timings: staging.Timings{Committed: at(0), Seen: at(1), Synced: at(3), Running: at(9)}}
	d.observe("old", ran, false)
	d.observe("old", ran, true) // only its reason changed
	d.observe("login", staging.Status{Phase: staging.PhaseCreating, Timings: staging.Timings{Committed: at(0)}}, true)
	d.observe("login", ran, true)
	d.observe("login", ran, true)
	d.observe("login", staging.Status{Phase: staging.PhaseDegraded, Timings: ran.Timings}, true)
	d.observe("login", staging.Status{Phase: staging.PhaseFailed}, true)
	d.observe("login", staging.Status{Phase: staging.PhaseUnknown}, true)
	d.observe("login", staging.Status{Phase: staging.PhaseFailed}, true) // Argo CD is back
	text := scraped(t, m)
	for _, want := range []string{
		`octopod_deploys_total{project="shop",result="running"} 1`, `octopod_deploys_total{project="shop",result="degraded"} 1`,
		`octopod_deploys_total{project="shop",result="failed"} 1`, `octopod_deploy_step_seconds_sum{project="shop",step="seen"} 1`,
		`octopod_deploy_step_seconds_sum{project="shop",step="synced"} 2`, `octopod_deploy_step_seconds_sum{project="shop",step="running"} 6`,
		`octopod_deploy_step_seconds_sum{project="shop",step="all"} 9`, `octopod_deploy_step_seconds_count{project="shop",step="all"} 1`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %s:\n%s", want, text)
		}
	}
}

func TestTheOldestChangeThatArgoCDHasNotSeen(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	view := func(committed, seen time.Duration) *staging.View {
		var v staging.View
		at := now.Add(-committed)
		v.Status.Timings.Committed = &at
		if seen > 0 {
			at := now.Add(-seen)
			v.Status.Timings.Seen = &at
		}
		return &v
	}
	if got := unseen([]*staging.View{{}, view(time.Hour, time.Minute), view(20*time.Second, 0), view(time.Second, 0)}, now); got != 20*time.Second {
		t.Errorf("got %s", got)
	}
}
