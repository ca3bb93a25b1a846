package server

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"octopod/generator/giturl"
	"octopod/generator/lifecycle"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// SweepConfig says how a server sweeps. Several servers may: each change is
// made for the record as it was seen, so the second finds nothing to do.
type SweepConfig struct {
	// How often, give or take a tenth. Default 10m.
	Every project.Duration `yaml:"every,omitempty"`
	// Of a hundred stagings, how many may go at once. Default 25.
	MaxShare int `yaml:"maxShare,omitempty"`
	// Leaves the sweep to a CI job.
	Off bool `yaml:"off,omitempty"`
}

const defaultSweepInterval = project.Duration(10 * time.Minute)

// sweepLoop sweeps one project for as long as it is served.
type sweepLoop struct {
	*servedProject
	SweepConfig
	self    staging.Person // who sweeps
	metrics *metrics
}

// run sweeps again and again, but nothing where octopod.yaml has no lifecycle.
// The first time comes soon, and not for all servers in the same second.
func (s sweepLoop) run(ctx context.Context) {
	if s.Off {
		return
	}
	every := time.Duration(cmp.Or(s.Every, defaultSweepInterval))
	defer s.stagings.SweepsNext(time.Time{})
	for pause := rand.N(min(every, time.Minute)); ; pause = every*9/10 + rand.N(every/5) {
		s.stagings.SweepsNext(time.Now().Add(pause))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		if p, err := s.stagings.Project(ctx); err == nil && p.HasLifecycle() {
			s.sweep(ctx)
		}
	}
}

// sweep does what is due. What was begun is finished when the server ends.
func (s sweepLoop) sweep(ctx context.Context) {
	by := rights.Actor{Person: s.self, Via: staging.ViaSweep}
	result, err := s.stagings.As(by, s.feed).Sweep(context.WithoutCancel(ctx), lifecycle.SweepRequest{MaxShare: s.MaxShare})
	s.metrics.swept(s.title(), result, err)
	log := s.log.With("project", s.title())
	if err != nil {
		log.WarnContext(ctx, "the sweep failed", "error", err)
		return
	}
	logSweep(ctx, log, result)
}

// logSweep logs what an operator should know of a sweep.
func logSweep(ctx context.Context, log *slog.Logger, r lifecycle.SweepResult) {
	for _, h := range r.Repositories {
		if h.Err != nil {
			log.WarnContext(ctx, "the branches of a repository are not known", "repository", giturl.Redact(h.Repository), "error", h.Err)
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
