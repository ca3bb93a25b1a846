package envrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"octopod/generator/staging"
)

// ForeignManifests reads the YAML files outside the directories of stagings that name an
// API of Argo CD. It fetches them in one request.
func (t *Tree) ForeignManifests(ctx context.Context) ([]staging.File, error) {
	names, err := t.outsideStagings()
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return path.Ext(name) != ".yaml" && path.Ext(name) != ".yml" })
	if err := t.Prefetch(ctx, names...); err != nil {
		return nil, err
	}
	var files []staging.File
	for _, name := range names {
		data, err := t.ReadFile(name)
		if staging.CodeOf(err) == staging.CodeInvalid { // too large for a manifest
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		if bytes.Contains(data, []byte("argoproj.io/")) {
			files = append(files, staging.File{Path: name, Data: data})
		}
	}
	return files, nil
}

// outsideStagings lists the files that are in no directory with a record.
func (t *Tree) outsideStagings() ([]string, error) {
	entries, err := t.ReadDir(".")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listing the env repo: %w", err)
	}
	var roots []string
	for _, entry := range entries {
		if entry.Name() != staging.EnvsDir {
			roots = append(roots, entry.Name())
		}
	}
	stagings, err := t.Names()
	if err != nil {
		return nil, err
	}
	for _, name := range stagings {
		_, recorded, err := t.Entry(staging.RecordPath(name))
		if err != nil {
			return nil, err
		}
		if !recorded {
			roots = append(roots, staging.Dir(name))
		}
	}
	var files []string
	for _, root := range roots {
		below, err := t.FilesUnder(root)
		if err != nil {
			return nil, err
		}
		files = append(files, below...)
	}
	return files, nil
}
