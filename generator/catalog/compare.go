package catalog

import (
	"context"
	"slices"
	"strings"
	"time"

	"octopod/generator/compare"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// commitPatience bounds how long a comparison waits for the repositories.
const commitPatience = 8 * time.Second

// Compare lists the news of a staging: since a revision, since its mark, against another
// staging, or else against the project's defaults. The commits come from the application's
// repositories, as far as these answer.
func (g *Catalog) Compare(ctx context.Context, q compare.Query) (compare.Comparison, error) {
	if err := q.Check(); err != nil {
		return compare.Comparison{}, err
	}
	to, err := g.stateAt(ctx, q.Name, q.Until)
	if err != nil {
		return compare.Comparison{}, err
	}
	from, err := g.earlierState(ctx, q, to)
	if err != nil {
		return compare.Comparison{}, err
	}
	found := compare.Of(from, to)
	patient, cancel := context.WithTimeout(ctx, commitPatience)
	defer cancel()
	found.AddCommits(patient, g.Logs)
	return found, nil
}

// earlierState returns what a query compares with.
func (g *Catalog) earlierState(ctx context.Context, q compare.Query, to compare.State) (compare.State, error) {
	switch {
	case q.SinceMark:
		return g.markedState(ctx, q)
	case q.Revision != "":
		return g.stateAt(ctx, q.Name, q.Revision)
	case q.With != "":
		return g.stateAt(ctx, q.With, "")
	}
	return compare.Defaults(to.Project), nil
}

// stateAt returns a staging as it was at a revision; "" is now.
func (g *Catalog) stateAt(ctx context.Context, name, revision string) (compare.State, error) {
	tree, err := g.tree(ctx, revision)
	if err != nil {
		return compare.State{}, err
	}
	record, err := tree.Staging(name)
	if err != nil {
		return compare.State{}, err
	}
	versions, err := g.Repo.History(ctx, name, 0)
	if err != nil {
		return compare.State{}, err
	}
	i := 0
	if revision != "" {
		i = slices.IndexFunc(versions, func(e staging.Event) bool { return e.Revision == tree.Revision() })
	}
	side := compare.Side{Staging: name, Revision: tree.Revision()}
	if i < 0 { // a commit of something else
		p, err := tree.Project()
		return compare.State{Side: side, Record: record, Project: p}, err
	}
	if revision == "" {
		side.Revision = ""
	}
	side.At, side.By = &versions[i].At, versions[i].By.Name
	p, err := g.projectOf(ctx, versions[i:])
	return compare.State{Side: side, Record: record, Project: p}, err
}

// recordOnly are the verbs whose commits leave the files of a staging as they are: a changed
// default of octopod.yaml stays pending.
var recordOnly = []staging.Verb{staging.Mark, staging.Keep, staging.Unkeep, staging.PinVerb, staging.Unpin, staging.Extend}

// projectOf returns the octopod.yaml by which the first of these versions was generated.
func (g *Catalog) projectOf(ctx context.Context, versions []staging.Event) (*project.Project, error) {
	i := slices.IndexFunc(versions, func(e staging.Event) bool { return !slices.Contains(recordOnly, e.Verb) })
	tree, err := g.tree(ctx, versions[max(i, 0)].Revision)
	if err != nil {
		return nil, err
	}
	return tree.Project()
}

// markedState returns the state that the newest mark is about: of the tester, if the query
// names one and they have tested, else of anybody.
func (g *Catalog) markedState(ctx context.Context, q compare.Query) (compare.State, error) {
	versions, err := g.Repo.History(ctx, q.Name, 0)
	if err != nil {
		return compare.State{}, err
	}
	var anybody *compare.State
	for _, e := range versions {
		if e.Verb != staging.Mark {
			continue
		}
		state, err := g.stateAt(ctx, q.Name, e.Revision)
		if err != nil {
			return compare.State{}, err
		}
		mark := state.Record.Spec.Tested
		if mark == nil { // it was cleared
			continue
		}
		state.By, state.Outcome = mark.By, mark.Outcome
		if q.Tester.Name == "" || strings.EqualFold(e.By.Email, q.Tester.Email) {
			return state, nil
		}
		if anybody == nil {
			anybody = &state
		}
	}
	if anybody == nil {
		return compare.State{}, staging.Errorf(staging.CodeNotFound, "nobody has tested %s yet", q.Name).
			WithHint("compare it with the defaults, or with an earlier version")
	}
	return *anybody, nil
}
