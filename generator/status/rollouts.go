package status

import (
	"context"
	"slices"
	"time"

	"octopod/generator/staging"
)

// memoryPatience bounds how long a history waits for what Argo CD remembers.
const memoryPatience = 3 * time.Second

// Remembered is what Argo CD remembers of a staging; nothing where it cannot be
// asked.
func (g *Reader) Remembered(ctx context.Context, name string) []staging.Memory {
	ctx, cancel := context.WithTimeout(ctx, memoryPatience)
	defer cancel()
	_, app, err := g.application(ctx, name)
	if err != nil {
		return nil
	}
	return staging.Remembered(app.Deployments)
}

// Recall completes a history by what is remembered of its versions.
func (g *Reader) Recall(ctx context.Context, name string, events []staging.Event, past []staging.Memory) ([]staging.Event, error) {
	past = slices.Clone(past)
	for i := range past {
		var err error
		if past[i].Held, err = g.Repo.HeldAt(ctx, name, past[i].Revision); err != nil {
			return nil, err
		}
	}
	return staging.Recall(events, past), nil
}

// History lists the versions of a staging, newest first, and where the query
// wants that what became of each.
func (g *Reader) History(ctx context.Context, q staging.HistoryQuery) ([]staging.Event, error) {
	events, err := g.Versions(ctx, q)
	if err != nil || !q.Rollouts {
		return events, err
	}
	return g.Recall(ctx, q.Name, events, g.Remembered(ctx, q.Name))
}
