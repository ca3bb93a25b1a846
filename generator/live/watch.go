package live

import (
	"context"
	"sync"

	"octopod/generator/argocd"
	"octopod/generator/staging"
)

// NewsKind says what a News is about.
type NewsKind string

// The kinds of news.
const (
	Changed  NewsKind = "changed"  // the staging is new, or different
	Gone     NewsKind = "gone"     // nothing is left of it, or the query does not choose it any more
	Complete NewsKind = "complete" // all that there is was told; what follows are changes
	Stale    NewsKind = "stale"    // the env repo cannot be read for now; Err says why
	Fresh    NewsKind = "fresh"    // it can again
	Away     NewsKind = "away"     // Argo CD cannot be asked for now; Err says why
	Back     NewsKind = "back"     // it can again
	Looked   NewsKind = "looked"   // the branch was read because somebody asked for it
)

// News is one step of a watch.
type News struct {
	Kind    NewsKind
	Staging staging.View // with Changed and Gone
	Err     error        // with Stale and Away
	Looks   uint64       // with Complete and Looked: requests to look that are answered
}

// Watch calls handle with each staging that the query chooses, then with
// Complete, and then with every change, for as long as ctx lasts; it gives
// ctx's error. It survives that Argo CD or the env repo is away. While it
// watches, it makes Argo CD look again at what Argo CD has missed. Names of the
// query need not exist.
func (g *Tracker) Watch(ctx context.Context, q staging.Query, handle func(News)) error {
	b, err := g.newBoard(ctx, q, handle)
	if err != nil {
		return err
	}
	var stream sync.WaitGroup
	defer stream.Wait()
	defer b.asking.Wait()
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
