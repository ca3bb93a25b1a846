package catalog

import (
	"context"
	"errors"
	"slices"

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// Query chooses stagings.
type Query struct {
	Names    []string // exactly these; empty means all that the rest allows
	Archived bool     // only the archived ones
	All      bool     // active and archived
	Where    []Term   // every term must hold
	Recorded bool     // the records alone: Argo CD is not asked
	Dated    bool     // a watch tells, after all else, when each last changed: it reads the history
}

// Unfiltered tells that nothing but the state of a record is asked for, so
// that what has no record any more is of interest too.
func (q Query) Unfiltered() bool { return len(q.Names) == 0 && len(q.Where) == 0 && !q.Archived }

// Views shows the records of the named stagings that the query chooses.
func (q Query) Views(ctx context.Context, tree *envrepo.Tree, p *project.Project, names []string) ([]staging.View, error) {
	if err := tree.LoadRecords(ctx, names); err != nil {
		return nil, err
	}
	views := []staging.View{}
	for _, name := range names {
		v, err := viewAt(tree, p, name)
		if err != nil {
			return nil, err
		}
		if q.holds(v) {
			views = append(views, v)
		}
	}
	return views, nil
}

// SelectNames are those asked for, each of which must exist, or all.
func (q Query) SelectNames(tree *envrepo.Tree) ([]string, error) {
	if len(q.Names) == 0 {
		return tree.Names()
	}
	for _, name := range q.Names {
		if !staging.IsLabel(name) || !tree.Has(name) {
			return nil, NotFound(tree, name)
		}
	}
	return q.Names, nil
}

// NotFound says that the env repo has no such staging, but perhaps one alike.
func NotFound(tree *envrepo.Tree, name string) error {
	names, _ := tree.Names() // the directory was read before
	return project.NotFound(name, names...)
}

// NotFoundFor says the same of an action. Restore is what people try on a staging
// that was deleted.
func NotFoundFor(tree *envrepo.Tree, a staging.Action) error {
	err := NotFound(tree, a.Name)
	var said *staging.Error
	if a.Verb == staging.Restore && errors.As(err, &said) {
		return said.WithHint("if it was deleted, `octopod rollback %s` brings it back; %s", a.Name, said.Hint)
	}
	return err
}

func viewAt(tree *envrepo.Tree, p *project.Project, name string) (staging.View, error) {
	s, err := tree.Staging(name)
	if err == nil {
		err = p.Check(s)
	}
	if err != nil && staging.CodeOf(err) == staging.CodeInvalid {
		return invalidView(name, tree.Revision(), err), nil
	}
	if err != nil {
		return staging.View{}, err
	}
	return View(p, s, tree.Revision()), nil
}

// Matches tells whether a staging is one that the query asks for.
func (q Query) Matches(v staging.View) bool {
	return (len(q.Names) == 0 || slices.Contains(q.Names, v.Metadata.Name)) && q.holds(v)
}

func (q Query) holds(v staging.View) bool {
	archived := v.Spec.State == staging.Archived
	if len(q.Names) == 0 && !q.All && q.Archived != archived {
		return false
	}
	return !slices.ContainsFunc(q.Where, func(t Term) bool { return !t.Holds(v) })
}
