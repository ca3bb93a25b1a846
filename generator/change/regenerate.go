package change

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"octopod/generator/catalog"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// RegenerateRequest regenerates the files of stagings, after a template changed.
type RegenerateRequest struct {
	Names    []string // empty: all
	DryRun   bool
	By       rights.Actor
	Edits    *staging.Uncommitted                    // applied to the tip in a dry run; may be nil
	Progress func(item Regenerated, done, total int) // called from one goroutine at a time; may be nil

	AllowDataLoss bool // regenerate also what removes objects that hold data
	KeepImages    bool // keep the images of services that are on an earlier default

	images *imageResults // nil: images are not checked, as lint does
}

// Regenerated is the outcome for one staging.
type Regenerated struct {
	Name    string
	Changed bool
	Removed []string // generated files that are needed no longer
	Skipped string   // why its files were left alone, or ""
	Err     error    // why its files could not be generated
}

// RegenerateResult is the outcome for all stagings, ordered by name.
type RegenerateResult struct {
	Items    []Regenerated
	Changed  bool
	Revision string
	Plan     []staging.PlanItem
}

// Failed returns the number of stagings that could not be regenerated.
func (r RegenerateResult) Failed() int {
	n := 0
	for _, item := range r.Items {
		if item.Err != nil {
			n++
		}
	}
	return n
}

// Regenerate generates the files of stagings again, in parallel, and commits them
// together. A staging that fails keeps its files and is reported. A pinned staging
// keeps its files too.
func (w *Writer) Regenerate(ctx context.Context, r RegenerateRequest) (RegenerateResult, error) {
	if !r.KeepImages {
		r.images = newImageResults()
	}
	for {
		result, err := w.regenerateOnce(ctx, r)
		if err != nil || !r.images.incomplete() {
			return result, err
		}
		r.images.query(ctx, w)
	}
}

// regenerateOnce commits nothing while images are unchecked.
func (w *Writer) regenerateOnce(ctx context.Context, r RegenerateRequest) (RegenerateResult, error) {
	if r.DryRun {
		return w.planRegenerate(ctx, r)
	}
	if len(r.Edits.Names()) > 0 {
		return RegenerateResult{}, staging.Errorf(staging.CodeInvalid, "uncommitted edits cannot be part of a commit of Octopod").
			WithHint("commit them first")
	}
	var result RegenerateResult
	done, err := w.Repo.Change(ctx, func(ctx context.Context, tree *envrepo.Tree) (envrepo.Edit, error) {
		edit, items, err := w.regenerateAll(ctx, tree, r)
		if err != nil {
			return envrepo.Edit{}, err
		}
		if r.images.incomplete() {
			return envrepo.Edit{}, nil
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

// planRegenerate is the dry run, on the tip with the uncommitted edits applied.
func (w *Writer) planRegenerate(ctx context.Context, r RegenerateRequest) (RegenerateResult, error) {
	tree, err := w.TipWith(ctx, r.Edits)
	if err != nil {
		return RegenerateResult{}, err
	}
	edit, items, err := w.regenerateAll(ctx, tree, r)
	if err != nil {
		return RegenerateResult{}, err
	}
	plan, err := edit.Plan(tree)
	return RegenerateResult{Items: items, Plan: plan, Changed: len(plan) > 0, Revision: tree.Revision()}, err
}

// regenerateAll regenerates stagings of a tree in parallel. The edit writes the
// changed ones.
func (w *Writer) regenerateAll(ctx context.Context, tree *envrepo.Tree, r RegenerateRequest) (envrepo.Edit, []Regenerated, error) {
	p, names, err := prefetch(ctx, tree, r.Names)
	if err != nil {
		return envrepo.Edit{}, nil, err
	}
	items := make([]Regenerated, len(names))
	dirs := make([]envrepo.Directory, len(names))
	report := reporter(r.Progress, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, name := range names {
		group.Go(func() error {
			items[i], dirs[i] = w.regenerate(ctx, basis{tree, p}, name, r)
			report(items[i])
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return envrepo.Edit{}, nil, fmt.Errorf("regenerating: %w", err)
	}
	edit := envrepo.Edit{Verb: staging.Regenerate, By: r.By.Person, Via: r.By.Via, Request: r.By.Request}
	edit.Replace, edit.Subject, edit.Body = onlyChanged(items, dirs)
	return edit, items, nil
}

// prefetch fetches in one request everything that rendering the named stagings
// needs; without names, all stagings. It returns the project and the names.
func prefetch(ctx context.Context, tree *envrepo.Tree, names []string) (*project.Project, []string, error) {
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
	names, err = catalog.SelectNames(tree, p, names)
	return p, names, err
}

// reporter returns a function that passes progress on from many goroutines, one
// call at a time.
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

// regenerate returns one staging's directory as Octopod generates it now.
func (w *Writer) regenerate(ctx context.Context, b basis, name string, r RegenerateRequest) (Regenerated, envrepo.Directory) {
	item, dir := Regenerated{Name: name}, envrepo.Directory{Path: staging.Dir(name)}
	s, err := b.tree.Staging(name)
	if err != nil {
		item.Err = err
		return item, dir
	}
	if s.Spec.Pinned != nil {
		item.Skipped = "pinned"
		return item, dir
	}
	after := b.project.WithDeclaredServices(s)
	if !r.KeepImages {
		if after, err = b.project.Apply(&s, staging.Action{Verb: staging.Regenerate, Name: name}, staging.Attribution{}); err != nil {
			item.Err = err
			return item, dir
		}
	}
	output, err := w.generateChecked(ctx, b, s, after, r.images)
	if err != nil {
		item.Err = err
		return item, dir
	}
	dir.Files = output.files
	plan, err := envrepo.Edit{Replace: []envrepo.Directory{dir}}.Plan(b.tree)
	item.Changed, item.Err = len(plan) > 0, err
	if item.Changed && !r.AllowDataLoss {
		before, _ := w.CommittedObjects(ctx, b.tree, b.project, name) // broken files must not prevent their repair
		item.Err = dataLossError(name, DataLoss(before, output.objects))
	}
	for _, file := range plan {
		if file.Action == staging.Removed {
			item.Removed = append(item.Removed, file.Path)
		}
	}
	return item, dir
}

// generateChecked generates the files of a staging that is regenerated. Its new default
// images are pinned, and its new images are checked in their registries.
func (w *Writer) generateChecked(ctx context.Context, b basis, before, after staging.Staging, images *imageResults) (output generated, err error) {
	a := staging.Action{Verb: staging.Regenerate, Name: after.Name}
	if images == nil || !w.checksImages(b.project, a) {
		return w.generate(ctx, b, after, true)
	}
	if err := images.check(w.pinDefaults(b.project, a, &before, &after, images.digests)); err != nil {
		return output, err
	}
	if output, err = w.generate(ctx, b, after, true); err != nil {
		return output, err
	}
	u := update{target: target{tree: b.tree, project: b.project, name: after.Name}, action: a, output: output}
	missing, _ := w.uncheckedObjects(ctx, u, images.digests)
	return output, images.check(missing)
}

// onlyChanged returns the directories to commit, with subject and body of the
// commit.
func onlyChanged(items []Regenerated, dirs []envrepo.Directory) (changed []envrepo.Directory, subject, body string) {
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
