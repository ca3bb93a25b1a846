package change

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"octopod/generator/catalog"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// RegenerateRequest writes stagings out again, after a template changed.
type RegenerateRequest struct {
	Names    []string // empty: all
	DryRun   bool
	By       rights.Actor
	Edits    *staging.Uncommitted                    // looked at too, in a dry run; may be nil
	Progress func(item Regenerated, done, total int) // called from one goroutine at a time; may be nil
}

// Regenerated says what became of one staging.
type Regenerated struct {
	Name    string
	Changed bool
	Removed []string // files of its directory that are not Octopod's
	Skipped string   // why it was left alone, "" when it was not
	Err     error    // why it could not be written out; the others go on
}

// RegenerateResult says what became of all, in the order of their names.
type RegenerateResult struct {
	Items    []Regenerated
	Changed  bool
	Revision string
	Plan     []staging.PlanItem
}

// Failed counts the stagings that could not be written out.
func (r RegenerateResult) Failed() int {
	n := 0
	for _, item := range r.Items {
		if item.Err != nil {
			n++
		}
	}
	return n
}

// Regenerate writes stagings out again in one commit, in parallel. A staging
// that fails stays as it is and is reported; a pinned one is left alone.
func (g *Writer) Regenerate(ctx context.Context, r RegenerateRequest) (RegenerateResult, error) {
	if r.DryRun {
		return g.wouldRegenerate(ctx, r)
	}
	if len(r.Edits.Names()) > 0 {
		return RegenerateResult{}, staging.Errorf(staging.CodeInvalid, "what is not committed can be looked at, but not built upon").
			WithHint("commit it first")
	}
	var result RegenerateResult
	done, err := g.Repo.Change(ctx, func(ctx context.Context, tree *envrepo.Tree) (envrepo.Edit, error) {
		edit, items, err := g.planAll(ctx, tree, r)
		if err != nil {
			return envrepo.Edit{}, err
		}
		plan, err := edit.Plan(tree)
		result = RegenerateResult{Items: items, Plan: plan}
		return edit, err
	})
	if err != nil {
		return RegenerateResult{}, err
	}
	result.Changed, result.Revision = done.Changed, done.Revision
	return result, nil
}

// wouldRegenerate works everything out on the tip with the edits over it.
func (g *Writer) wouldRegenerate(ctx context.Context, r RegenerateRequest) (RegenerateResult, error) {
	tree, err := g.TipWith(ctx, r.Edits)
	if err != nil {
		return RegenerateResult{}, err
	}
	edit, items, err := g.planAll(ctx, tree, r)
	if err != nil {
		return RegenerateResult{}, err
	}
	plan, err := edit.Plan(tree)
	return RegenerateResult{Items: items, Plan: plan, Changed: len(plan) > 0, Revision: tree.Revision()}, err
}

func (g *Writer) planAll(ctx context.Context, tree *envrepo.Tree, r RegenerateRequest) (envrepo.Edit, []Regenerated, error) {
	p, names, err := g.loadAll(ctx, tree, r.Names)
	if err != nil {
		return envrepo.Edit{}, nil, err
	}
	items := make([]Regenerated, len(names))
	dirs := make([]envrepo.Directory, len(names))
	report := reporter(r.Progress, len(names))
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(runtime.GOMAXPROCS(0))
	for i, name := range names {
		work.Go(func() error {
			items[i], dirs[i] = g.regenerate(ctx, tree, p, name)
			report(items[i])
			return ctx.Err()
		})
	}
	if err := work.Wait(); err != nil {
		return envrepo.Edit{}, nil, fmt.Errorf("regenerating: %w", err)
	}
	edit := envrepo.Edit{Verb: staging.Regenerate, By: r.By.Person, Via: r.By.Via, Request: r.By.Request}
	edit.Replace, edit.Subject, edit.Body = changedOnly(items, dirs)
	return edit, items, nil
}

// loadAll reads the project and fetches, at once, everything that the named
// stagings (all when none is named) need.
func (g *Writer) loadAll(ctx context.Context, tree *envrepo.Tree, names []string) (*project.Project, []string, error) {
	paths := []string{project.File, "templates", "jsonnet"}
	for _, name := range names {
		paths = append(paths, staging.Dir(name))
	}
	if len(names) == 0 {
		paths = append(paths, staging.EnvsDir)
	}
	if err := tree.Prefetch(ctx, paths...); err != nil {
		return nil, nil, err
	}
	p, err := tree.Project()
	if err != nil {
		return nil, nil, err
	}
	names, err = catalog.SelectNames(tree, names)
	return p, names, err
}

// reporter serialises progress, which workers report side by side.
func reporter(progress func(Regenerated, int, int), total int) func(Regenerated) {
	var mu sync.Mutex
	done := 0
	return func(item Regenerated) {
		mu.Lock()
		defer mu.Unlock()
		done++
		if progress != nil {
			progress(item, done, total)
		}
	}
}

func (g *Writer) regenerate(ctx context.Context, tree *envrepo.Tree, p *project.Project, name string) (Regenerated, envrepo.Directory) {
	item, dir := Regenerated{Name: name}, envrepo.Directory{Path: staging.Dir(name)}
	s, err := tree.Staging(name)
	if err != nil {
		item.Err = err
		return item, dir
	}
	if s.Spec.Pinned != nil {
		item.Skipped = "pinned"
		return item, dir
	}
	after, err := p.Apply(&s, staging.Action{Verb: staging.Regenerate, Name: name}, staging.Attribution{At: time.Time{}})
	if err != nil {
		item.Err = err
		return item, dir
	}
	made, err := g.generate(ctx, tree, p, after, true)
	if err != nil {
		item.Err = err
		return item, dir
	}
	dir.Files = made.files
	plan, err := envrepo.Edit{Replace: []envrepo.Directory{dir}}.Plan(tree)
	item.Changed, item.Err = len(plan) > 0, err
	for _, p := range plan {
		if p.Action == staging.Removed {
			item.Removed = append(item.Removed, p.Path)
		}
	}
	return item, dir
}

// changedOnly keeps the directories to commit and says in words which they are.
func changedOnly(items []Regenerated, dirs []envrepo.Directory) (changed []envrepo.Directory, subject, body string) {
	var names []string
	for i, item := range items {
		if item.Changed && item.Err == nil {
			changed = append(changed, dirs[i])
			names = append(names, item.Name)
		}
	}
	if len(names) == 1 {
		return changed, names[0], ""
	}
	return changed, fmt.Sprintf("%d stagings", len(names)), strings.Join(names, "\n")
}
