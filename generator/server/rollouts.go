package server

import (
	"context"
	"strings"
	"time"

	"octopod/generator/live"
	"octopod/generator/staging"
)

// rolloutMetrics counts how rollouts end in the cluster, and measures their steps.
// It reads the feed, so it includes changes that this server did not commit.
type rolloutMetrics struct {
	project      *servedProject
	metrics      *metrics
	phases       map[string]staging.Phase // by staging, from the last event
	runningSince map[string]time.Time     // by staging, from the last event
}

func newRolloutMetrics(of *servedProject, m *metrics) *rolloutMetrics {
	return &rolloutMetrics{project: of, metrics: m, phases: map[string]staging.Phase{}, runningSince: map[string]time.Time{}}
}

// run reads the feed until ctx ends. The first state of a staging is not counted.
func (d *rolloutMetrics) run(ctx context.Context) {
	news := d.project.feed.SubscribeUncounted()
	for known := false; ; {
		u, err := news.Next(ctx)
		if err != nil {
			return
		}
		switch u.Kind {
		case live.Resync:
			known = false
		case live.Synced:
			known = true
		case live.Deleted:
			delete(d.phases, u.Staging.Metadata.Name)
			delete(d.runningSince, u.Staging.Metadata.Name)
		case live.Modified:
			d.observe(u.Staging.Metadata.Name, u.Staging.Status, known)
		}
	}
}

// observe compares a status with the previous one, and counts a rollout that ended.
func (d *rolloutMetrics) observe(name string, is staging.Status, news bool) {
	if is.Phase == staging.PhaseUnknown { // no transition
		return
	}
	was, ran := d.phases[name], d.runningSince[name]
	d.phases[name] = is.Phase
	running := is.Timings.Running
	if running != nil {
		d.runningSince[name] = *running
	}
	switch {
	case !news:
	case running != nil && !running.Equal(ran):
		d.metrics.deploys.WithLabelValues(d.project.title(), "running").Inc()
		d.observeSteps(is.Timings)
	case is.Phase != was && (is.Phase == staging.PhaseFailed || is.Phase == staging.PhaseDegraded):
		d.metrics.deploys.WithLabelValues(d.project.title(), strings.ToLower(string(is.Phase))).Inc()
	}
}

// observeSteps measures each step whose start and end are known.
func (d *rolloutMetrics) observeSteps(t staging.Timings) {
	for _, step := range []struct {
		name     string
		from, to *time.Time
	}{
		{"seen", t.Committed, t.Seen}, {"synced", t.Seen, t.Synced}, {"running", t.Synced, t.Running}, {"all", t.Committed, t.Running},
	} {
		if step.from != nil && step.to != nil && !step.to.Before(*step.from) {
			d.metrics.steps.WithLabelValues(d.project.title(), step.name).Observe(step.to.Sub(*step.from).Seconds())
		}
	}
}
