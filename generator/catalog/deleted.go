package catalog

import (
	"context"
	"time"

	"octopod/generator/staging"
)

// Deletion is a staging that was deleted: its last record, and the commit that removed it.
type Deletion struct {
	Record staging.Staging
	Event  staging.Event
}

// maxDeletionSearch limits how many commits DeletedSince reads.
const maxDeletionSearch = 1000

// DeletedSince lists the stagings that were deleted after a moment and that do not exist
// now, the newest deletion first.
func (g *Catalog) DeletedSince(ctx context.Context, since time.Time) ([]Deletion, error) {
	tree, _, err := g.Latest(ctx)
	if err != nil {
		return nil, err
	}
	events, err := g.Activity(ctx, maxDeletionSearch)
	if err != nil {
		return nil, err
	}
	var all []Deletion
	seen := map[string]bool{}
	for _, e := range events {
		if e.At.Before(since) || e.Verb != staging.Delete || e.Staging == "" || seen[e.Staging] {
			continue
		}
		seen[e.Staging] = true
		if _, err := tree.Staging(e.Staging); staging.CodeOf(err) != staging.CodeNotFound || err == nil {
			continue
		}
		if d, ok := g.lastRecord(ctx, e.Staging); ok {
			all = append(all, d)
		}
	}
	return all, nil
}

// lastRecord returns the last record of a staging that was deleted. A record that cannot be
// read is left out.
func (g *Catalog) lastRecord(ctx context.Context, name string) (Deletion, bool) {
	events, err := g.Versions(ctx, staging.HistoryQuery{Name: name, Limit: 2})
	if err != nil || len(events) < 2 || !events[0].Gone {
		return Deletion{}, false
	}
	record, err := g.Record(ctx, name, events[1].Revision)
	return Deletion{Record: record, Event: events[0]}, err == nil
}
