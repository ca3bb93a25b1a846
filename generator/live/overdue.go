package live

import (
	"context"
	"time"

	"octopod/generator/staging"
)

// How long a commit may be unseen before Argo CD is refreshed again: first with a
// normal refresh, then with hard ones.
const (
	refreshAfter     = 3 * time.Second
	hardRefreshAfter = 8 * time.Second
	refreshEvery     = 30 * time.Second
	refreshLimit     = 5 * time.Second // timeout of one refresh
)

// overdue is a staging whose commit Argo CD has not seen yet.
type overdue struct {
	since    time.Time
	attempts int
	busy     <-chan struct{} // open while a refresh of the Application runs; nil before the first
}

// due reports whether the next refresh is due. A slow Argo CD gets one at a time, so that
// a hard refresh never overtakes a normal one.
func (m overdue) due(now time.Time) bool {
	if m.busy != nil {
		select {
		case <-m.busy:
		default:
			return false
		}
	}
	waits := []time.Duration{refreshAfter, hardRefreshAfter}
	if m.attempts < len(waits) {
		return now.Sub(m.since) >= waits[m.attempts]
	}
	return now.Sub(m.since) >= time.Duration(m.attempts-len(waits)+1)*refreshEvery
}

// refreshOverdue refreshes Argo CD again for commits that it has not seen. A failed
// refresh is not reported: the status already says that Argo CD has not seen the
// commit.
func (b *watchState) refreshOverdue(ctx context.Context) {
	if b.Cluster == nil || !b.argo.AwaySince.IsZero() {
		return
	}
	members, now, p := false, b.Now(), b.Project // a refresh in the background outlives this tip
	for name, s := range b.sent {
		if !b.commitUnseen(ctx, name, s.view) {
			delete(b.overdue, name)
			continue
		}
		m, known := b.overdue[name]
		if !known {
			m.since = now
		}
		if m.due(now) {
			m.attempts++
			if b.argo.Has(name) && b.recorded(name) {
				answered := make(chan struct{})
				m.busy = answered
				b.inBackground(ctx, refreshLimit, func(ctx context.Context) {
					defer close(answered)
					_, _ = b.Cluster.Refresh(ctx, p.Application(name), m.attempts > 1)
				})
			} else {
				members = true
			}
		}
		b.overdue[name] = m
	}
	if members {
		b.inBackground(ctx, refreshLimit, func(ctx context.Context) { _ = b.Upsert(ctx, b.Cluster, p) })
	}
}

// recorded reports whether the tip has a staging. It is true when the tip cannot be
// read: one refresh too many does no harm.
func (b *watchState) recorded(name string) bool {
	exists, err := b.Tip.Has(name)
	return err != nil || exists
}

// inBackground runs a call to Argo CD without blocking the watch.
func (b *watchState) inBackground(ctx context.Context, limit time.Duration, question func(context.Context)) {
	b.refreshes.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		question(ctx)
	})
}

// commitUnseen reports whether Argo CD has not seen the current commit of a staging, or
// its removal.
func (b *watchState) commitUnseen(ctx context.Context, name string, v staging.View) bool {
	switch v.Status.Phase {
	case staging.PhaseRunning, staging.PhaseArchived, staging.PhaseDegraded, staging.PhaseInvalid:
		return false // the phase is about the current commit
	}
	if r := v.Status.Reason; r.Code == staging.ReasonWrongImage || r.Code == staging.ReasonImagesUnknown || r.Code == staging.ReasonStarting && r.Parts != "" {
		return true // Argo CD's list of live images may be old, for example after its redis was away
	}
	app, there := b.argo.Apps[name]
	if recorded := b.recorded(name); !there || !recorded {
		return there != recorded && app.DeletedAt == nil
	}
	same, err := b.SameContent(ctx, name, app.Revision)
	return err == nil && !same
}
