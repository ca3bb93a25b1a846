package generator

import (
	"context"
	"reflect"
	"time"

	"octopod/generator/catalog"
	"octopod/generator/envrepo"
	"octopod/generator/live"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// settleTime limits how long a list waits until the feed shows a commit of this server.
const settleTime = time.Second

// Find lists stagings as recorded, with the status that the feed knows. It waits neither for
// git nor for Argo CD: Freshness returns their age. It includes every commit of this
// server.
func (a *Access) Find(ctx context.Context, q staging.Query) ([]staging.View, error) {
	v, err := a.authorize(ctx, rights.Read, q.Names...)
	if err != nil {
		return nil, a.redactError(v, err)
	}
	if err := v.CheckQuery(q); err != nil {
		return nil, err
	}
	found, err := a.find(envrepo.FromMemory(ctx), q)
	if err != nil {
		return nil, a.redactError(v, err)
	}
	views := []staging.View{}
	for _, view := range found {
		if a.by.Authorize(v.Project, rights.Read, view.Metadata.Name) == nil {
			views = append(views, *v.Redact(&view))
		}
	}
	return views, nil
}

func (a *Access) find(ctx context.Context, q staging.Query) ([]staging.View, error) {
	if q.Recorded || !a.feed.Synced() {
		return a.stagings.Find(ctx, q)
	}
	views, current, err := a.findKnown(ctx, q)
	if err == nil && !current {
		limit, cancel := context.WithTimeout(ctx, settleTime)
		_ = a.feed.CatchUp(limit) // on a timeout, the status says that it is updated
		cancel()
		views, _, err = a.findKnown(ctx, q)
	}
	if err != nil || !q.Pending {
		return views, err
	}
	// What is pending may need an earlier revision, which only git has.
	if err := a.stagings.AddPending(ctx, views); err != nil && !catalog.IsRepoFault(err) {
		return nil, err
	}
	return views, nil
}

// findKnown lists stagings without their pending changes. It reports whether the feed knows
// every record as it is.
func (a *Access) findKnown(ctx context.Context, q staging.Query) (views []staging.View, current bool, err error) {
	recorded := q
	recorded.Recorded, recorded.Pending = true, false
	if views, err = a.stagings.Find(ctx, recorded); err != nil {
		return nil, false, err
	}
	current = true
	for i := range views {
		known := a.feed.View(views[i].Metadata.Name)
		current = current && known != nil && reflect.DeepEqual(known.Document, views[i].Document)
		addStatus(&views[i], known, a.stagings.HasCluster())
		if !q.Dated {
			views[i].Status.Changed = nil
		}
	}
	if !q.Unfiltered() {
		return views, current, nil
	}
	tree, _, err := a.stagings.Latest(ctx)
	if err != nil {
		return nil, false, err
	}
	known, _ := a.feed.Views()
	for _, view := range known {
		exists, err := tree.Has(view.Metadata.Name)
		switch {
		case err != nil:
			return nil, false, err
		case exists:
		case view.Spec.State == staging.Deleting:
			views = append(views, *view)
		default:
			current = false
		}
	}
	return views, current, nil
}

// addStatus adds the status of the feed to a record. The status of an earlier record that
// deploys something else says that the change is under way.
func addStatus(view, known *staging.View, cluster bool) {
	s := &view.Status
	switch {
	case s.Phase == staging.PhaseInvalid:
	case known == nil && cluster, known != nil && known.Status.Phase != "" && !view.Spec.DeploysSame(known.Spec):
		s.Phase, s.Reason = staging.PhaseUpdating, staging.Reason{Code: staging.ReasonSaved}
	case known != nil:
		revision, tested, untested := s.Revision, s.Tested, s.Untested
		*s = known.Status
		s.Revision, s.Tested, s.Untested = revision, tested, untested
		view.Rollouts = known.Rollouts
	}
}

// Freshness reports how current the answers of a reader are.
func (a *Access) Freshness(ctx context.Context) (live.Freshness, error) {
	v, err := a.authorize(ctx, rights.Read)
	if err != nil {
		return live.Freshness{}, a.redactError(v, err)
	}
	return redactFreshness(v, a.feed.Freshness()), nil
}
