package catalog

import (
	"context"
	"fmt"
	"io/fs"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Versions lists the versions of a staging, newest first. It reads git only, so
// it works while Argo CD is unreachable.
func (g *Catalog) Versions(ctx context.Context, q staging.HistoryQuery) ([]staging.Event, error) {
	if !staging.IsLabel(q.Name) {
		return nil, project.NotFound(q.Name)
	}
	events, err := g.Repo.History(ctx, q.Name, q.Limit)
	if err == nil && len(events) == 0 {
		err = project.NotFound(q.Name)
	}
	return events, err
}

// Activity lists the actions on all stagings, newest first; limit 0 means all.
func (g *Catalog) Activity(ctx context.Context, limit int) ([]staging.Event, error) {
	return g.Repo.Activity(ctx, limit)
}

// Record reads the record of a staging as it was at a revision; "" is the tip.
func (g *Catalog) Record(ctx context.Context, name, revision string) (staging.Staging, error) {
	tree, err := g.tree(ctx, revision)
	if err != nil {
		return staging.Staging{}, err
	}
	return tree.Staging(name)
}

// Files reads what lies at and below a path of the env repo at a revision; "" is
// the tip.
func (g *Catalog) Files(ctx context.Context, path, revision string) ([]staging.File, error) {
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
func (g *Catalog) StagingFiles(ctx context.Context, name, revision string) ([]staging.File, error) {
	if !staging.IsLabel(name) {
		return nil, project.NotFound(name)
	}
	files, err := g.Files(ctx, staging.Dir(name), revision)
	if err == nil && len(files) == 0 {
		err = project.NotFound(name)
	}
	return files, err
}
