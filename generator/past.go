package generator

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// HistoryQuery asks how a staging was.
type HistoryQuery struct {
	Name     string
	Limit    int  // most versions; 0 means all
	Rollouts bool // also what became of each, as far as Argo CD remembers
}

// History lists the versions of a staging, newest first. It is read from git:
// that Argo CD is away costs no more than what it alone knows.
func (g *Stagings) History(ctx context.Context, q HistoryQuery) ([]staging.Event, error) {
	if !staging.IsLabel(q.Name) {
		return nil, project.NotFound(q.Name)
	}
	events, err := g.Repo.History(ctx, q.Name, q.Limit)
	if err == nil && len(events) == 0 {
		err = project.NotFound(q.Name)
	}
	if err != nil || !q.Rollouts {
		return events, err
	}
	return g.recall(ctx, q.Name, events, g.remembered(ctx, q.Name))
}

// memoryPatience bounds how long a history waits for what Argo CD remembers.
const memoryPatience = 3 * time.Second

// remembered is what Argo CD remembers of a staging; nothing where it cannot be
// asked.
func (g *Stagings) remembered(ctx context.Context, name string) []staging.Memory {
	ctx, cancel := context.WithTimeout(ctx, memoryPatience)
	defer cancel()
	_, app, err := g.application(ctx, name)
	if err != nil {
		return nil
	}
	return staging.Remembered(app.Deployments)
}

// recall completes a history by what is remembered of its versions.
func (g *Stagings) recall(ctx context.Context, name string, events []staging.Event, past []staging.Memory) ([]staging.Event, error) {
	past = slices.Clone(past)
	for i := range past {
		var err error
		if past[i].Held, err = g.Repo.HeldAt(ctx, name, past[i].Revision); err != nil {
			return nil, err
		}
	}
	return staging.Recall(events, past), nil
}

// Activity lists the actions on all stagings, newest first; limit 0 means all.
func (g *Stagings) Activity(ctx context.Context, limit int) ([]staging.Event, error) {
	return g.Repo.Activity(ctx, limit)
}

// Record reads the record of a staging as it was at a revision; "" is the tip.
func (g *Stagings) Record(ctx context.Context, name, revision string) (staging.Staging, error) {
	tree, err := g.tree(ctx, revision)
	if err != nil {
		return staging.Staging{}, err
	}
	return tree.Staging(name)
}

// Files reads what lies at and below a path of the env repo at a revision; "" is
// the tip.
func (g *Stagings) Files(ctx context.Context, path, revision string) ([]staging.File, error) {
	tree, err := g.tree(ctx, revision)
	if err != nil {
		return nil, err
	}
	if !fs.ValidPath(path) {
		return nil, staging.Errorf(staging.CodeInvalid, "%q is no path of the env repo", path)
	}
	if err := tree.Prefetch(ctx, path); err != nil {
		return nil, err
	}
	names, err := tree.FilesUnder(path)
	if err != nil {
		return nil, err
	}
	files := make([]staging.File, 0, len(names))
	for _, name := range names {
		data, err := tree.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		files = append(files, staging.File{Path: name, Data: data})
	}
	return files, nil
}

// StagingFiles reads what lies in the env repo for a staging at a revision; "" is
// the tip.
func (g *Stagings) StagingFiles(ctx context.Context, name, revision string) ([]staging.File, error) {
	if !staging.IsLabel(name) {
		return nil, project.NotFound(name)
	}
	files, err := g.Files(ctx, envrepo.StagingDir(name), revision)
	if err == nil && len(files) == 0 {
		err = project.NotFound(name)
	}
	return files, err
}

// Reversal gives the action that takes back what one commit changed of a
// staging, and nothing that came later.
func (g *Stagings) Reversal(ctx context.Context, name, revision string) (staging.Action, error) {
	after, err := g.Record(ctx, name, revision)
	if err != nil {
		return staging.Action{}, err
	}
	events, err := g.History(ctx, HistoryQuery{Name: name})
	if err != nil {
		return staging.Action{}, err
	}
	for i, e := range events {
		if e.Revision != revision || i+1 == len(events) || events[i+1].Gone {
			continue
		}
		before, err := g.Record(ctx, name, events[i+1].Revision)
		if err != nil {
			return staging.Action{}, err
		}
		return project.Reversal(before, after)
	}
	return staging.Action{}, staging.Errorf(staging.CodeNotFound, "staging %q has no change to take back at %s", name, revision).
		WithHint("its first version cannot be undone; archive or delete it instead")
}
