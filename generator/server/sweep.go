package server

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"octopod/generator/lifecycle"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

const defaultSweepInterval = project.Duration(10 * time.Minute)

// sweepLoop sweeps one project until its server ends, as the configuration says at present.
type sweepLoop struct {
	*servedProject
	self    staging.Person // the author of sweeps
	metrics *metrics
}

// run sweeps at intervals, if octopod.yaml has a lifecycle. The first sweep comes
// within a minute, at a random moment, so that several servers do not collide.
func (s sweepLoop) run(ctx context.Context) {
	defer s.stagings.SetNextSweep(time.Time{})
	for ctx.Err() == nil {
		changed := s.nextChange()
		if config := s.sweeps.Load(); config.Off {
			s.stagings.SetNextSweep(time.Time{})
		} else {
			s.runEvery(ctx, time.Duration(cmp.Or(config.Every, defaultSweepInterval)), changed)
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// runEvery sweeps at intervals until the settings change.
func (s sweepLoop) runEvery(ctx context.Context, every time.Duration, changed <-chan struct{}) {
	for pause := rand.N(min(every, time.Minute)); ; pause = every*9/10 + rand.N(every/5) {
		s.stagings.SetNextSweep(time.Now().Add(pause))
		select {
		case <-time.After(pause):
		case <-changed:
			return
		case <-ctx.Done():
			return
		}
		if p, err := s.stagings.Project(ctx); err == nil && p.HasLifecycle() {
			s.sweep(ctx)
		}
	}
}

// sweep runs one sweep. It finishes even when the server drains.
func (s sweepLoop) sweep(ctx context.Context) {
	by := rights.Actor{Person: s.self, Via: staging.ViaSweep}
	result, err := s.access(by).Sweep(context.WithoutCancel(ctx), lifecycle.SweepRequest{MaxShare: s.sweeps.Load().MaxShare})
	s.metrics.swept(s.title(), result, err)
	log := s.log.With("project", s.title())
	if err != nil {
		log.WarnContext(ctx, "the sweep failed", "error", err)
		return
	}
	logSweep(ctx, log, result)
}

// logSweep logs the result of a sweep.
func logSweep(ctx context.Context, log *slog.Logger, r lifecycle.SweepResult) {
	for _, h := range r.Repositories {
		if h.Err != nil {
			log.WarnContext(ctx, "cannot list the branches of a repository", "repository", h.Repository, "error", h.Err)
		}
	}
	for _, o := range r.Orphans {
		log.WarnContext(ctx, "orphan", "name", o.Name, "in", o.In, "reason", o.Reason)
	}
	for _, item := range r.Items {
		level := slog.LevelDebug
		switch {
		case item.Err != nil || item.Step == project.StepHold:
			level = slog.LevelWarn
		case item.Changed:
			level = slog.LevelInfo
		}
		log.LogAttrs(ctx, level, "swept", slog.String("staging", item.Staging), slog.String("step", string(item.Step)),
			slog.String("reason", item.Reason), slog.Bool("changed", item.Changed), slog.Any("error", item.Err))
	}
}
