package catalog

import (
	"context"
	"errors"
	"slices"

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// Views returns the records of the named stagings that match the query. A record that
// cannot be read is a view with the phase Invalid: it never hides the others.
func Views(ctx context.Context, tree *envrepo.Tree, p *project.Project, q staging.Query, names []string) ([]staging.View, error) {
	if err := tree.PrefetchRecords(ctx, names); IsRepoFault(err) {
		return nil, err
	}
	views := []staging.View{}
	for _, name := range names {
		if !staging.IsLabel(name) || p.Excludes(name) {
			continue // a directory that is not a staging: lint reports it
		}
		v, err := viewAt(ctx, tree, p, name)
		if err != nil {
			return nil, err
		}
		if q.MatchesRecord(v) {
			views = append(views, v)
		}
	}
	return views, nil
}

// ViewsExcept returns the records that a query chooses. The names of the query must exist,
// except those of the given views, which have no record any more.
func ViewsExcept(ctx context.Context, tree *envrepo.Tree, p *project.Project, q staging.Query, gone []staging.View) ([]staging.View, error) {
	names := slices.DeleteFunc(slices.Clone(q.Names), func(name string) bool {
		return slices.ContainsFunc(gone, func(v staging.View) bool { return v.Metadata.Name == name })
	})
	if len(names) == 0 && len(q.Names) > 0 {
		return []staging.View{}, nil
	}
	names, err := SelectNames(tree, p, names)
	if err != nil {
		return nil, err
	}
	return Views(ctx, tree, p, q, names)
}

// SelectNames returns the given names, each of which must exist, or without any all
// names. Directories that octopod.yaml excludes are no stagings.
func SelectNames(tree *envrepo.Tree, p *project.Project, names []string) ([]string, error) {
	if len(names) == 0 {
		all, err := tree.Names()
		return slices.DeleteFunc(all, p.Excludes), err
	}
	for _, name := range names {
		if p.Excludes(name) {
			return nil, NotFound(tree, name)
		}
		if err := MustExist(tree, name); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// MustExist returns a not_found error when the tree has no such staging.
func MustExist(tree *envrepo.Tree, name string) error {
	if !staging.IsLabel(name) {
		return NotFound(tree, name)
	}
	if exists, err := tree.Has(name); err != nil || exists {
		return err
	}
	return NotFound(tree, name)
}

// NotFound returns a not_found error that suggests similar names.
func NotFound(tree *envrepo.Tree, name string) error {
	names, _ := tree.Names() // the directory was read before
	return project.NotFound(name, names...)
}

// NotFoundFor is NotFound for an action. Its hint for restore names rollback, which
// brings a deleted staging back.
func NotFoundFor(tree *envrepo.Tree, a staging.Action) error {
	err := NotFound(tree, a.Name)
	var said *staging.Error
	if a.Verb == staging.Restore && errors.As(err, &said) {
		return said.WithTechnicalHint("if it was deleted, `octopod rollback %s` brings it back; %s", a.Name, said.Hint)
	}
	return err
}

func viewAt(ctx context.Context, tree *envrepo.Tree, p *project.Project, name string) (staging.View, error) {
	s, err := tree.Staging(name)
	if err == nil {
		err = p.Check(s)
	}
	switch {
	case IsRepoFault(err):
		return staging.View{}, err
	case err != nil:
		return invalidView(name, tree.Revision(), err), nil
	}
	content := ""
	if s.Spec.Tested.IsOfFiles() {
		if content, err = tree.ContentHash(ctx, name); err != nil {
			return staging.View{}, err
		}
	}
	return View(p, s, tree.Revision(), content), nil
}
