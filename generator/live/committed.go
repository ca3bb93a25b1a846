package live

import (
	"context"
	"time"

	"octopod/generator/staging"
)

// lookLimit bounds one attempt to make Argo CD look.
const lookLimit = 10 * time.Second

// mostPlanned bounds what waits for Argo CD to look. What is left out, Argo CD
// is reminded of by the watch.
const mostPlanned = 10_000

// Committed tells the feed of a commit that was just made: the watch reads it
// now, and Argo CD is made to look at it, in the background. What is committed
// while Argo CD is being asked is asked for together.
func (f *Feed) Committed(plan []staging.PlanItem) {
	f.source.LookNow()
	f.mu.Lock()
	if len(f.plan) < mostPlanned {
		f.plan = append(f.plan, plan...)
	}
	f.mu.Unlock()
	select {
	case f.planned <- struct{}{}:
	default: // it is on its way
	}
}

// look makes Argo CD look at commits for as long as ctx lasts. A look that fails
// is not repeated here: while Argo CD has not seen a commit, the watch reminds it.
func (f *Feed) look(ctx context.Context) {
	for {
		select {
		case <-f.planned:
		case <-ctx.Done():
			return
		}
		f.mu.Lock()
		plan := f.plan
		f.plan = nil
		f.mu.Unlock()
		limit, cancel := context.WithTimeout(ctx, lookLimit)
		_ = f.source.Look(limit, plan)
		cancel()
	}
}
