package catalog

import (
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

// Covers tells whether a path is one of those, or below one.
func Covers(name string, uses []string) bool {
	return len(uses) == 0 || slices.ContainsFunc(uses, func(use string) bool {
		return use == "." || name == use || strings.HasPrefix(name, use+"/")
	})
}

// Uncommitted is what a work tree holds that the tip does not, among the files
// that Octopod reads. It is looked at, and never committed.
type Uncommitted struct {
	written []staging.File
	removed []string
}

// Uncommitted compares a work tree with the tip.
func (g *Catalog) Uncommitted(ctx context.Context, work fs.FS) (*Uncommitted, error) {
	tree, err := g.Repo.Tip(ctx)
	if err != nil {
		return nil, err
	}
	u := &Uncommitted{}
	for _, root := range readRoots(work) {
		if err := u.compare(tree, work, root); err != nil {
			return nil, fmt.Errorf("comparing the work tree with what is committed: %w", err)
		}
	}
	return u, nil
}

// readRoots are the paths that Octopod reads, as the work tree's octopod.yaml
// has them.
func readRoots(work fs.FS) []string {
	roots := []string{project.File, ".octopod", "argocd", "templates", "jsonnet", envrepo.Dir}
	data, err := fs.ReadFile(work, project.File)
	if err != nil {
		return roots
	}
	p, err := project.Parse(data)
	if err != nil {
		return roots // lint says what is wrong with it
	}
	s := p.Spec
	for _, root := range slices.Concat([]string{s.Kustomize.Base, s.Jsonnet.File, s.Lifecycle.Teardown}, s.Kustomize.Components, s.Jsonnet.Libraries) {
		if root != "" && !slices.ContainsFunc(roots, func(known string) bool { return Covers(root, []string{known}) }) {
			roots = append(roots, root)
		}
	}
	return roots
}

// compare notes what differs at and below one path. Links and the like are what
// they are in the tip.
func (u *Uncommitted) compare(tree *envrepo.Tree, work fs.FS, root string) error {
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
		if file := (staging.File{Path: name, Data: data}); err == nil && tree.Differs([]staging.File{file}) {
			u.written = append(u.written, file)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	committed, err := tree.FilesUnder(root)
	for _, name := range committed {
		if !there[name] {
			u.removed = append(u.removed, name)
		}
	}
	return err
}

// Names lists the files that differ.
func (u *Uncommitted) Names() []string {
	if u == nil {
		return nil
	}
	names := slices.Clone(u.removed)
	for _, file := range u.written {
		names = append(names, file.Path)
	}
	slices.Sort(names)
	return names
}

// ApplyTo gives a tree as it would be if everything were committed.
func (u *Uncommitted) ApplyTo(ctx context.Context, tree *envrepo.Tree) (*envrepo.Tree, error) {
	if len(u.Names()) == 0 {
		return tree, nil
	}
	return envrepo.Edit{Write: u.written, Remove: u.removed}.After(ctx, tree)
}

// TipWith gives the tip with what is not committed over it.
func (g *Catalog) TipWith(ctx context.Context, u *Uncommitted) (*envrepo.Tree, error) {
	tree, err := g.Repo.Tip(ctx)
	if err != nil {
		return nil, err
	}
	return u.ApplyTo(ctx, tree)
}
