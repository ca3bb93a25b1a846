package live

import (
	"context"
	"maps"
	"slices"
	"time"
)

// Argo CD compares with a copy of the cluster that it keeps, also when it cannot reach the
// cluster any more. So a watch makes it read an object from the cluster now and then.
const (
	probeEvery = time.Minute
	probeAgain = 10 * time.Second // after a failure
	minProbes  = 2                // failures, before the cluster counts as unreachable
	probeLimit = 15 * time.Second // timeout of one, longer than that of a call
)

// probe is what a watch knows about the connection of Argo CD to the cluster.
type probe struct {
	next   time.Time // when the next one is due
	turn   int       // which staging is next
	failed int       // in a row
	since  time.Time // when the first of them failed
}

// startProbe asks for an object of one staging when a probe is due.
func (b *watchState) startProbe(ctx context.Context) {
	now := b.Now()
	if b.Cluster == nil || !b.argo.AwaySince.IsZero() || len(b.argo.Apps) == 0 || now.Before(b.probe.next) {
		return
	}
	names := slices.Sorted(maps.Keys(b.argo.Apps))
	app := b.argo.Apps[names[b.probe.turn%len(names)]]
	b.probe.turn++
	b.probe.next = now.Add(probeEvery)
	b.inBackground(ctx, probeLimit, func(limited context.Context) {
		err := b.Cluster.Probe(limited, app)
		select {
		case b.probed <- err:
		case <-ctx.Done():
		}
	})
}

// handleProbe applies the result of a probe. It returns all stagings when the cluster counts
// as unreachable, or as reachable again.
func (b *watchState) handleProbe(err error) []string {
	p, argo := &b.probe, *b.argo
	lost := !argo.LostSince.IsZero()
	if err == nil {
		p.failed, argo.LostSince, argo.LostError = 0, time.Time{}, nil
	} else {
		now := b.Now()
		if p.failed++; p.failed == 1 {
			p.since = now
		}
		p.next = now.Add(probeAgain)
		if p.failed >= minProbes && !lost {
			argo.LostSince, argo.LostError = p.since, err
		}
	}
	if lost == !argo.LostSince.IsZero() {
		return nil
	}
	b.argo = &argo
	return b.names()
}
