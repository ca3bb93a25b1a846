package generator_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// Argo CD goes on reporting Healthy when it has lost the cluster: a probe finds out. One
// failure is none.
func TestALostCluster(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	r := w.do(login("v1"))
	g, argo, clock := withArgo(t, w)
	argo.SetRunning("login", r.Revision, clock.Now(), w.images("login")...)
	f := startWatch(t, g, staging.Query{})
	f.phase("login", staging.PhaseRunning)
	argo.LoseCluster(errors.New("dial tcp: no route to host"))
	probe := func(n int) {
		t.Helper()
		clock.advance(time.Minute)
		testenv.Eventually(t, "a probe", func() (int, bool) { return argo.Probes(), argo.Probes() >= n })
	}
	before := argo.Probes()
	probe(before + 1)
	began := clock.Now()
	probe(before + 2)
	s := f.phase("login", staging.PhaseUnknown).Staging.Status
	if s.Reason.Code != staging.ReasonClusterUnreachable || !s.Reason.Since.Equal(began) || s.LastKnown == nil || s.LastKnown.Phase != staging.PhaseRunning {
		t.Errorf("%s since %s, last known %+v; lost at %s", s.Reason, s.Reason.Since, s.LastKnown, began)
	}
	if !strings.Contains(s.Detail, "no route to host") {
		t.Errorf("detail %q", s.Detail)
	}
	argo.LoseCluster(nil)
	probe(before + 3)
	f.until("back", func(n live.Event) bool {
		return n.Staging.Status.Phase == staging.PhaseRunning && n.Staging.Status.LastKnown == nil
	})
}
