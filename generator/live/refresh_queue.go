package live

import (
	"context"
	"time"

	"octopod/generator/staging"
)

// refreshTimeout bounds one attempt to make Argo CD look.
const refreshTimeout = 10 * time.Second

// maxQueued bounds what waits for Argo CD to look. What is left out, Argo CD
// is reminded of by the watch.
const maxQueued = 10_000

// QueueRefresh tells the feed of a commit that was just made: the watch reads it
// now, and Argo CD is made to look at it, in the background. What is committed
// while Argo CD is being asked is asked for together.
func (f *Feed) QueueRefresh(plan []staging.PlanItem) {
	f.source.Wake()
	f.mu.Lock()
	if len(f.refreshQueue) < maxQueued {
		f.refreshQueue = append(f.refreshQueue, plan...)
	}
	f.mu.Unlock()
	select {
	case f.queued <- struct{}{}:
	default: // it is on its way
	}
}

// runRefreshQueue makes Argo CD look at commits for as long as ctx lasts. A look that fails
// is not repeated here: while Argo CD has not seen a commit, the watch reminds it.
func (f *Feed) runRefreshQueue(ctx context.Context) {
	for {
		select {
		case <-f.queued:
		case <-ctx.Done():
			return
		}
		f.mu.Lock()
		plan := f.refreshQueue
		f.refreshQueue = nil
		f.mu.Unlock()
		limit, cancel := context.WithTimeout(ctx, refreshTimeout)
		_ = f.source.Refresh(limit, plan)
		cancel()
	}
}
