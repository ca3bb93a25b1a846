package catalog

import (
	"cmp"
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

// Changes lists the versions of a staging, newest first, and between them the commits that
// changed the template, where Argo CD renders it: these reach the staging as well, also a
// pinned one. Commits are ordered by their time.
func (g *Catalog) Changes(ctx context.Context, q staging.HistoryQuery) ([]staging.Event, error) {
	versions, err := g.Versions(ctx, q)
	if err != nil {
		return nil, err
	}
	_, p, err := g.Latest(ctx)
	if err != nil {
		return versions, nil // lint and doctor report it; the versions do not depend on it
	}
	for _, root := range p.TemplateRoots() {
		templates, err := g.Repo.TemplateHistory(ctx, root, q.Limit)
		if err != nil {
			return nil, err
		}
		versions = withTemplates(versions, templates)
	}
	return versions[:min(len(versions), cmp.Or(q.Limit, len(versions)))], nil
}

// withTemplates inserts commits that people made to the template while the staging existed.
// Both lists have the newest commit first. Octopod's own commit to the template, init, comes
// before every staging; so does any commit in the second in which the staging was created.
func withTemplates(versions, templates []staging.Event) []staging.Event {
	var merged []staging.Event
	for _, t := range templates {
		for len(versions) > 0 && !versions[0].At.Before(t.At) {
			merged, versions = append(merged, versions[0]), versions[1:]
		}
		if len(versions) == 0 {
			break
		}
		if t.Via == staging.ViaGit && !versions[0].Gone && versions[0].Revision != t.Revision {
			merged = append(merged, t)
		}
	}
	return append(merged, versions...)
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
