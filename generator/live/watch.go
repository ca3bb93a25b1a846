package live

import (
	"context"
	"sync"

	"octopod/generator/argocd"
	"octopod/generator/staging"
)

// EventKind says what a News is about.
type EventKind string

// The kinds of news.
const (
	Modified EventKind = "changed"  // the staging is new, or different
	Deleted  EventKind = "gone"     // nothing is left of it, or the query does not choose it any more
	Synced   EventKind = "complete" // all that there is was told; what follows are changes
	RepoDown EventKind = "stale"    // the env repo cannot be read for now; Err says why
	RepoUp   EventKind = "fresh"    // it can again
	ArgoDown EventKind = "away"     // Argo CD cannot be asked for now; Err says why
	ArgoUp   EventKind = "back"     // it can again
	Polled   EventKind = "looked"   // the branch was read because somebody asked for it
)

// Event is one step of a watch.
type Event struct {
	Kind    EventKind
	Staging staging.View // with Changed and Gone
	Err     error        // with Stale and Away
	Wakes   uint64       // with Complete and Looked: requests to look that are answered
}

// Watch calls handle with each staging that the query chooses, then with
// Complete, and then with every change, for as long as ctx lasts; it gives
// ctx's error. It survives that Argo CD or the env repo is away. While it
// watches, it makes Argo CD look again at what Argo CD has missed. Names of the
// query need not exist.
func (g *Tracker) Watch(ctx context.Context, q staging.Query, handle func(Event)) error {
	b, err := g.newWatchState(ctx, q, handle)
	if err != nil {
		return err
	}
	var stream sync.WaitGroup
	defer stream.Wait()
	defer b.refreshes.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events := make(chan argocd.Event)
	if b.Cluster != nil {
		stream.Go(func() {
			_ = b.Cluster.Watch(ctx, func(e argocd.Event) { // it ends with ctx alone
				select {
				case events <- e:
				case <-ctx.Done():
				}
			})
		})
	}
	return b.run(ctx, events)
}
