package generator

import (
	"context"

	"octopod/generator/envrepo"
	"octopod/generator/live"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// Find lists stagings as recorded, with the status that the feed knows. It waits neither for
// git nor for Argo CD: Freshness returns their age. It includes every commit of this
// server. Only a query of names returns a Version.
func (a *Access) Find(ctx context.Context, q staging.Query) ([]staging.View, error) {
	v, err := a.authorize(ctx, rights.Read, q.Names...)
	if err != nil {
		return nil, a.redactError(v, err)
	}
	if err := v.CheckQuery(q); err != nil {
		return nil, err
	}
	found, err := a.feed.Find(envrepo.FromMemory(ctx), a.stagings, q, func(name string) bool {
		return a.by.Authorize(v.Project, rights.Read, name) == nil
	})
	if err != nil {
		return nil, a.redactError(v, err)
	}
	redact := v.RedactListed
	if len(q.Names) > 0 {
		redact = v.Redact
	}
	for i := range found {
		found[i] = *redact(&found[i])
	}
	return found, nil
}

// Freshness reports how current the answers of a reader are.
func (a *Access) Freshness(ctx context.Context) (live.Freshness, error) {
	v, err := a.authorize(ctx, rights.Read)
	if err != nil {
		return live.Freshness{}, a.redactError(v, err)
	}
	return redactFreshness(v, a.feed.Freshness()), nil
}
