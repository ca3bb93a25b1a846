package live

import (
	"context"
	"time"

	"octopod/generator/staging"
)

// How long Argo CD may miss a commit before it is asked again: first as after
// the push, then harder, and then from time to time.
const (
	askAgainAfter = 3 * time.Second
	askHardAfter  = 8 * time.Second
	askThenEvery  = 30 * time.Second
	reminderLimit = 5 * time.Second // one question takes no longer
)

// miss is a staging whose commit Argo CD has not seen yet.
type miss struct {
	since time.Time
	asked int
}

// due tells whether it is time to ask again.
func (m miss) due(now time.Time) bool {
	waits := []time.Duration{askAgainAfter, askHardAfter}
	if m.asked < len(waits) {
		return now.Sub(m.since) >= waits[m.asked]
	}
	return now.Sub(m.since) >= time.Duration(m.asked-len(waits)+1)*askThenEvery
}

// remind makes Argo CD look again at what it has missed. A reminder that fails
// is not worth a word: the status says that Argo CD has not seen the commit.
func (b *board) remind(ctx context.Context) {
	if b.Cluster == nil || !b.seen.AwaySince.IsZero() {
		return
	}
	members, now, p := false, b.Now(), b.Project // the watch moves on while somebody asks
	for name, s := range b.shown {
		if !b.waits(ctx, name, s.view) {
			delete(b.missed, name)
			continue
		}
		m, known := b.missed[name]
		if !known {
			m.since = now
		}
		if m.due(now) {
			m.asked++
			if b.seen.Has(name) && b.recorded(name) {
				b.ask(ctx, func(ctx context.Context) { _, _ = b.Cluster.Refresh(ctx, p.Application(name), m.asked > 1) })
			} else {
				members = true
			}
		}
		b.missed[name] = m
	}
	if members {
		b.ask(ctx, func(ctx context.Context) { _ = b.Cluster.UpsertApplicationSet(ctx, p) })
	}
}

// recorded reports whether the tip has a staging. It is true when the tip cannot be
// read: one refresh too many does no harm.
func (b *board) recorded(name string) bool {
	exists, err := b.Tip.Has(name)
	return err != nil || exists
}

// ask does not hold up the watch.
func (b *board) ask(ctx context.Context, question func(context.Context)) {
	b.asking.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, reminderLimit)
		defer cancel()
		question(ctx)
	})
}

// waits tells whether Argo CD has not seen what became of a staging.
func (b *board) waits(ctx context.Context, name string, v staging.View) bool {
	switch v.Status.Phase {
	case staging.PhaseRunning, staging.PhaseArchived, staging.PhaseDegraded, staging.PhaseInvalid:
		return false // what Argo CD says of them is of this commit
	}
	app, there := b.seen.Apps[name]
	if recorded := b.recorded(name); !there || !recorded {
		return there != recorded && app.DeletedAt == nil
	}
	same, err := b.SameContent(ctx, name, app.Revision)
	return err == nil && !same
}
