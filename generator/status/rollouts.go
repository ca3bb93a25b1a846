package status

import (
	"context"
	"slices"
	"time"

	"octopod/generator/catalog"
	"octopod/generator/staging"
)

// rolloutTimeout bounds how long a history waits for Argo CD.
const rolloutTimeout = 3 * time.Second

// RolloutRecords returns Argo CD's record of the last syncs of a staging, nothing when
// Argo CD is unreachable.
func (g *Reader) RolloutRecords(ctx context.Context, name string) []staging.RolloutRecord {
	ctx, cancel := context.WithTimeout(ctx, rolloutTimeout)
	defer cancel()
	_, app, err := g.application(ctx, name)
	if err != nil {
		return nil
	}
	return staging.RolloutRecords(app.Deployments)
}

// AttachRollouts completes a history with what is remembered of its versions. A record
// whose revision is not a commit of the env repo matches no version.
func (g *Reader) AttachRollouts(ctx context.Context, name string, events []staging.Event, past []staging.RolloutRecord) ([]staging.Event, error) {
	past = slices.Clone(past)
	for i := range past {
		var err error
		if past[i].Tree, err = g.Repo.TreeAt(ctx, name, past[i].Revision); catalog.IsRepoFault(err) {
			return nil, err
		}
	}
	return staging.AttachRollouts(events, past), nil
}

// History lists the changes of a staging, newest first, with the rollouts of its versions
// when the query wants them.
func (g *Reader) History(ctx context.Context, q staging.HistoryQuery) ([]staging.Event, error) {
	events, err := g.Changes(ctx, q)
	if err != nil || !q.Rollouts {
		return events, err
	}
	return g.AttachRollouts(ctx, q.Name, events, g.RolloutRecords(ctx, q.Name))
}
