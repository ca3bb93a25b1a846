package catalog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// Covers reports whether a path is one of uses, or below one.
func Covers(name string, uses []string) bool {
	return len(uses) == 0 || slices.ContainsFunc(uses, func(use string) bool {
		return use == "." || name == use || strings.HasPrefix(name, use+"/")
	})
}

// Uncommitted compares a work tree with the tip of the env repo.
func (g *Catalog) Uncommitted(ctx context.Context, work fs.FS) (*staging.Uncommitted, error) {
	tree, err := g.Repo.Tip(ctx)
	if err != nil {
		return nil, err
	}
	u := &staging.Uncommitted{}
	for _, root := range readRoots(work) {
		if err := compareTrees(u, tree, work, root); err != nil {
			return nil, fmt.Errorf("comparing the work tree with what is committed: %w", err)
		}
	}
	return u, nil
}

// readRoots lists the paths that Octopod reads, according to the work tree's
// octopod.yaml.
func readRoots(work fs.FS) []string {
	roots := []string{project.File, ".octopod", "argocd", "templates", "jsonnet", staging.EnvsDir}
	data, err := fs.ReadFile(work, project.File)
	if err != nil {
		return roots
	}
	p, err := project.Parse(data)
	if err != nil {
		return roots // lint reports its faults
	}
	s := p.Spec
	var charts []string
	for _, chart := range s.Helm.Charts {
		charts = append(append(charts, chart.Path), chart.ValueFiles...)
	}
	for _, root := range slices.Concat([]string{s.Kustomize.Base, s.Jsonnet.File, s.Lifecycle.Teardown}, s.Kustomize.Components, s.Jsonnet.Libraries, charts) {
		if root != "" && !slices.ContainsFunc(roots, func(known string) bool { return Covers(root, []string{known}) }) {
			roots = append(roots, root)
		}
	}
	return roots
}

// compareTrees adds the differences at and below one path. Links and the like count as
// in the tip.
func compareTrees(u *staging.Uncommitted, tree *envrepo.Tree, work fs.FS, root string) error {
	there := map[string]bool{}
	err := fs.WalkDir(work, root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		there[name] = true
		if !entry.Type().IsRegular() {
			return nil
		}
		data, err := fs.ReadFile(work, name)
		if err != nil {
			return err
		}
		file := staging.File{Path: name, Data: asCommitted(tree, name, data)}
		differs, err := tree.Differs([]staging.File{file})
		if differs {
			u.Written = append(u.Written, file)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	committed, err := tree.FilesUnder(root)
	for _, name := range committed {
		if !there[name] {
			u.Removed = append(u.Removed, name)
		}
	}
	return err
}

// asCommitted returns the content that git would commit. A clone with core.autocrlf, the
// default of Git for Windows, has CRLF on disk where the repository has LF.
func asCommitted(tree *envrepo.Tree, name string, data []byte) []byte {
	if !bytes.Contains(data, []byte("\r\n")) {
		return data
	}
	committed, err := tree.ReadFile(name)
	if err != nil || bytes.Contains(committed, []byte("\r\n")) {
		return data
	}
	return bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
}

// WithUncommitted returns a tree as it would be if everything were committed.
func WithUncommitted(ctx context.Context, tree *envrepo.Tree, u *staging.Uncommitted) (*envrepo.Tree, error) {
	if len(u.Names()) == 0 {
		return tree, nil
	}
	return envrepo.Edit{Write: u.Written, Remove: u.Removed}.ApplyTo(ctx, tree)
}

// TipWith returns the tip with uncommitted files applied.
func (g *Catalog) TipWith(ctx context.Context, u *staging.Uncommitted) (*envrepo.Tree, error) {
	tree, err := g.Repo.Tip(ctx)
	if err != nil {
		return nil, err
	}
	return WithUncommitted(ctx, tree, u)
}
