package live

import (
	"context"
	"time"

	"octopod/generator/staging"
)

// refreshTimeout bounds one refresh of Argo CD.
const refreshTimeout = 10 * time.Second

// maxQueued bounds the queue. The watch refreshes Argo CD for changes beyond it.
const maxQueued = 10_000

// QueueRefresh announces a commit: the watch reads it now, and Argo CD is refreshed in
// the background. Commits made during one refresh share the next.
func (f *Feed) QueueRefresh(plan []staging.PlanItem) {
	f.source.Wake()
	f.mu.Lock()
	if len(f.refreshQueue) < maxQueued {
		f.refreshQueue = append(f.refreshQueue, plan...)
	}
	f.mu.Unlock()
	select {
	case f.queued <- struct{}{}:
	default: // it is signalled already
	}
}

// runRefreshQueue refreshes Argo CD for queued commits until ctx ends. A failed refresh
// is not retried here: the watch refreshes until Argo CD has seen the commit.
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
