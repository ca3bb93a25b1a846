package live

import (
	"context"
	"sync"
	"time"

	"octopod/generator/argocd"
	"octopod/generator/staging"
)

// EventKind is the kind of an Event.
type EventKind string

// The kinds of events.
const (
	Modified EventKind = "changed"  // the staging is new or has changed
	Deleted  EventKind = "gone"     // nothing is left of it, or it no longer matches the query
	Synced   EventKind = "complete" // the snapshot is complete; changes follow
	RepoDown EventKind = "stale"    // the env repo cannot be read; Err says why
	RepoUp   EventKind = "fresh"    // it can again
	ArgoDown EventKind = "away"     // Argo CD cannot be reached; Err says why
	ArgoUp   EventKind = "back"     // it can again
	Polled   EventKind = "looked"   // the branch was read because of Wake

	// Not for subscribers:
	ArgoChecked EventKind = "checked" // Argo CD has compared an Application with git
	AtTip       EventKind = "tip"     // every staging was sent as it is at Revision
)

// Event is one step of a watch.
type Event struct {
	Kind    EventKind
	Staging staging.View // with Changed and Gone
	Err     error        // with Stale and Away
	Wakes   uint64       // with Synced and Polled: wake-ups answered
	Checked time.Time    // with ArgoChecked

	Revision string // with AtTip
}

// Watch calls handle with each staging that matches the query, then with Synced, and
// then with every change, until ctx ends; it returns the error of ctx. It survives that
// Argo CD or the env repo is unreachable. Argo CD is refreshed while it has not seen a
// commit. Names of the query need not exist.
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
		wait := b.AskInBackground(ctx, func(name string) {
			select {
			case b.arrived <- name:
			case <-ctx.Done():
			}
		})
		defer func() { cancel(); wait() }()
		stream.Go(func() {
			_ = b.Cluster.Watch(ctx, func(e argocd.Event) { // it only ends with ctx
				select {
				case events <- e:
				case <-ctx.Done():
				}
			})
		})
	}
	return b.run(ctx, events)
}
