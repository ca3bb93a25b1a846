package generator

import (
	"context"
	"errors"
	"fmt"
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

// Find lists stagings by name. A record that cannot be read is listed as
// Invalid and hides no other. A staging that was deleted is listed for as long
// as Argo CD is removing it.
func (g *Stagings) Find(ctx context.Context, q Query) ([]staging.View, error) {
	tree, p, err := g.latest(ctx)
	if err != nil {
		return nil, err
	}
	names, err := q.names(tree)
	if err != nil {
		return nil, err
	}
	views, err := q.views(ctx, tree, p, names)
	if err != nil || q.Recorded {
		return views, err
	}
	if cluster, seen := g.sight(ctx, p); seen != nil {
		if q.everything() {
			views = append(views, leftovers(tree, seen)...)
		}
		err = g.newJudge(cluster, tree, p).tellAll(ctx, seen, views)
	}
	g.awaited.tell(views)
	return views, err
}

// everything tells that nothing but the state of a record is asked for, so
// that what has no record any more is of interest too.
func (q Query) everything() bool { return len(q.Names) == 0 && len(q.Where) == 0 && !q.Archived }

// views shows the records of the named stagings that the query chooses.
func (q Query) views(ctx context.Context, tree *envrepo.Tree, p *project.Project, names []string) ([]staging.View, error) {
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

// names are those asked for, each of which must exist, or all.
func (q Query) names(tree *envrepo.Tree) ([]string, error) {
	if len(q.Names) == 0 {
		return tree.Names()
	}
	for _, name := range q.Names {
		if !staging.IsLabel(name) || !tree.Has(name) {
			return nil, notFound(tree, name)
		}
	}
	return q.Names, nil
}

// notFound says that the env repo has no such staging, but perhaps one alike.
func notFound(tree *envrepo.Tree, name string) error {
	names, _ := tree.Names() // the directory was read before
	return project.NotFound(name, names...)
}

// noneFor says the same of an action. Restore is what people try on a staging
// that was deleted.
func noneFor(tree *envrepo.Tree, a staging.Action) error {
	err := notFound(tree, a.Name)
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
	return view(p, s, tree.Revision()), nil
}

// chooses tells whether a staging is one that the query asks for.
func (q Query) chooses(v staging.View) bool {
	return (len(q.Names) == 0 || slices.Contains(q.Names, v.Metadata.Name)) && q.holds(v)
}

func (q Query) holds(v staging.View) bool {
	archived := v.Spec.State == staging.Archived
	if len(q.Names) == 0 && !q.All && q.Archived != archived {
		return false
	}
	return !slices.ContainsFunc(q.Where, func(t Term) bool { return !t.Holds(v) })
}

// Manifests gives the objects of a staging as committed at a revision; "" is the tip.
func (g *Stagings) Manifests(ctx context.Context, name, revision string) ([]staging.Object, error) {
	tree, err := g.tree(ctx, revision)
	if err != nil {
		return nil, err
	}
	p, a, err := open(ctx, tree, staging.Action{Name: name})
	if err != nil {
		return nil, err
	}
	if !staging.IsLabel(a.Name) || !tree.Has(a.Name) {
		return nil, notFound(tree, name)
	}
	objects, err := g.committed(ctx, tree, p, name)
	if err != nil {
		return nil, fmt.Errorf("rendering staging %s: %w", name, err)
	}
	return objects, nil
}

func (g *Stagings) tree(ctx context.Context, revision string) (*envrepo.Tree, error) {
	if revision == "" {
		return g.Repo.Tip(ctx)
	}
	return g.Repo.At(ctx, revision)
}

// Project reads octopod.yaml at the tip.
func (g *Stagings) Project(ctx context.Context) (*project.Project, error) {
	_, p, err := g.latest(ctx)
	return p, err
}

// latest is the env repo as it is now, and what octopod.yaml says there.
func (g *Stagings) latest(ctx context.Context) (*envrepo.Tree, *project.Project, error) {
	tree, err := g.Repo.Tip(ctx)
	if err != nil {
		return nil, nil, err
	}
	p, err := tree.Project()
	return tree, p, err
}
