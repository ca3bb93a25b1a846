package generator

import (
	"cmp"
	"context"
	"slices"

	"octopod/generator/compare"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// History lists the versions of a staging, newest first. Rollouts come from the feed:
// Argo CD is not queried.
func (a *Access) History(ctx context.Context, q staging.HistoryQuery) ([]staging.Event, error) {
	v, err := a.authorize(ctx, rights.Read, q.Name)
	if err == nil {
		err = v.Require(project.SectionHistory)
	}
	if err != nil {
		return nil, a.redactError(v, err)
	}
	plain := q
	plain.Rollouts = false
	events, err := a.stagings.History(envrepo.FromMemory(ctx), plain)
	if known := a.feed.View(q.Name); q.Rollouts && known != nil && err == nil {
		events, err = a.stagings.AttachRollouts(envrepo.FromMemory(ctx), q.Name, events, known.Rollouts)
	}
	return v.RedactEvents(events), a.redactError(v, err)
}

// Compare lists the news of a staging, for the actor.
func (a *Access) Compare(ctx context.Context, q compare.Query) (compare.Comparison, error) {
	names := []string{q.Name}
	if q.With != "" {
		names = append(names, q.With)
	}
	v, err := a.authorize(ctx, rights.Read, names...)
	if err == nil && q.Revision+q.Until != "" {
		err = v.Require(project.SectionHistory)
	}
	if err != nil {
		return compare.Comparison{}, a.redactError(v, err)
	}
	if q.SinceMark && !q.Anybody {
		q.Tester = a.by.Person
	}
	found, err := a.stagings.Compare(envrepo.FromMemory(ctx), q)
	return v.RedactComparison(found), a.redactError(v, err)
}

// Activity lists the newest actions on stagings that the actor may read, newest
// first; limit 0 means all.
func (a *Access) Activity(ctx context.Context, limit int) ([]staging.Event, error) {
	v, err := a.authorize(ctx, rights.Read)
	if err == nil {
		err = v.Require(project.SectionActivity)
	}
	if err != nil {
		return nil, a.redactError(v, err)
	}
	events, err := a.readableActivity(ctx, v.Project, limit)
	return v.RedactEvents(events), a.redactError(v, err)
}

// Histories lists the newest changes of all stagings that the actor may read, newest
// first: what History lists for each of them. A limit of 0 means all.
func (a *Access) Histories(ctx context.Context, limit int) ([]staging.Event, error) {
	v, err := a.authorize(ctx, rights.Read)
	if err == nil {
		err = v.Require(project.SectionHistory)
	}
	if err != nil {
		return nil, a.redactError(v, err)
	}
	events, err := a.readableActivity(ctx, v.Project, limit)
	return v.RedactEvents(events), a.redactError(v, err)
}

// readableActivity reads further back in the history until it has found as many actions
// as the limit says.
func (a *Access) readableActivity(ctx context.Context, p *project.Project, limit int) ([]staging.Event, error) {
	for request := limit; ; request *= 4 {
		events, err := a.stagings.Activity(envrepo.FromMemory(ctx), request)
		if err != nil {
			return nil, err
		}
		whole := limit == 0 || len(events) < request
		events = slices.DeleteFunc(events, func(e staging.Event) bool {
			return a.by.Authorize(p, rights.Read, cmp.Or(e.Staging, allNames)) != nil // a commit of several, or by hand, may name any
		})
		switch {
		case limit > 0 && len(events) >= limit:
			return events[:limit], nil
		case whole:
			return events, nil
		}
	}
}

// Files reads the files of a staging at a revision, with masked secrets; "" is now.
func (a *Access) Files(ctx context.Context, name, revision string) ([]staging.File, error) {
	v, err := a.authorize(ctx, rights.Read, name)
	if err == nil {
		err = v.Require(project.SectionFiles)
	}
	if err != nil {
		return nil, a.redactError(v, err)
	}
	files, err := a.stagings.StagingFiles(envrepo.FromMemory(ctx), name, revision)
	for i := range files {
		files[i] = v.MaskFile(files[i])
	}
	return files, a.redactError(v, err)
}

// ClusterState queries Argo CD for one staging.
func (a *Access) ClusterState(ctx context.Context, name string) (staging.ClusterState, error) {
	v, err := a.authorize(ctx, rights.Read, name)
	if err == nil {
		err = v.Require(project.SectionResources)
	}
	if err != nil {
		return staging.ClusterState{}, a.redactError(v, err)
	}
	found, err := a.stagings.ClusterState(envrepo.FromMemory(ctx), name)
	return found, a.redactError(v, err)
}
