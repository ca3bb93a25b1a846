package live

import (
	"context"
	"maps"
	"slices"
	"time"

	"octopod/generator/staging"
)

// A server of Argo CD that answers is no sign that its controller works. So a watch
// refreshes an Application after a minute in which Argo CD compared nothing.
const (
	beatEvery = time.Minute
	idleAfter = 5 * time.Minute
	minBeats  = 2 // refreshes without effect, before Argo CD counts as idle
)

// heartbeat is what a watch knows about the controller of Argo CD, by its own clock.
type heartbeat struct {
	progress time.Time // when a comparison was last seen; at first, when the watch began
	next     time.Time // when the next refresh is due
	beats    int       // refreshes since progress
}

// observeCheck records that Argo CD has compared an Application, and reports whether that
// ends a time in which it compared nothing.
func (b *watchState) observeCheck(old, app staging.Application) (wasIdle bool) {
	if app.ReconciledAt.IsZero() || app.ReconciledAt.Equal(old.ReconciledAt) {
		return false
	}
	b.heartbeat = heartbeat{progress: b.Now()}
	b.handle(Event{Kind: ArgoChecked, Checked: b.heartbeat.progress})
	wasIdle = !b.argo.IdleSince.IsZero()
	b.argo.IdleSince = time.Time{}
	return wasIdle
}

// beat refreshes one Application when a heartbeat is due. It returns all stagings once
// Argo CD counts as idle.
func (b *watchState) beat(ctx context.Context) []string {
	if b.Cluster == nil || !b.argo.AwaySince.IsZero() || len(b.argo.Apps) == 0 {
		b.heartbeat = heartbeat{}
		return nil
	}
	now, h := b.Now(), &b.heartbeat
	if h.progress.IsZero() {
		h.progress = now
	}
	if now.Sub(h.progress) >= beatEvery && !now.Before(h.next) {
		h.next, h.beats = now.Add(beatEvery), h.beats+1
		names := slices.Sorted(maps.Keys(b.argo.Apps))
		application := b.argo.Apps[names[h.beats%len(names)]].Name
		b.inBackground(ctx, refreshLimit, func(ctx context.Context) { _, _ = b.Cluster.Refresh(ctx, application, false) })
	}
	if b.argo.IdleSince.IsZero() && h.beats >= minBeats && now.Sub(h.progress) >= idleAfter {
		idle := *b.argo
		idle.IdleSince = h.progress
		b.argo = &idle
		return b.names()
	}
	return nil
}
