package change

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// MigrateSettings is the verb of a commit that adapts the settings of many stagings.
const MigrateSettings staging.Verb = "migrate-settings"

// MigrateRequest adapts the settings of all stagings to a changed octopod.yaml.
type MigrateRequest struct {
	Migration project.Migration
	By        rights.Actor
	DryRun    bool
	Edits     *staging.Uncommitted // applied to the tip in a dry run; may be nil

	images *imageResults
}

// MigrateSettings adapts the settings of all stagings, in one commit. A staging that
// would still not fit the project keeps its files and is reported.
func (w *Writer) MigrateSettings(ctx context.Context, r MigrateRequest) (RegenerateResult, error) {
	r.images = newImageResults()
	for {
		result, err := w.migrateOnce(ctx, r)
		if err != nil || !r.images.incomplete() {
			return result, err
		}
		r.images.query(ctx, w)
	}
}

// migrateOnce commits nothing while images are unchecked.
func (w *Writer) migrateOnce(ctx context.Context, r MigrateRequest) (RegenerateResult, error) {
	if r.DryRun {
		tree, err := w.TipWith(ctx, r.Edits)
		if err != nil {
			return RegenerateResult{}, err
		}
		result, _, err := w.planMigration(ctx, tree, r)
		result.Changed, result.Revision = len(result.Plan) > 0, tree.Revision()
		return result, err
	}
	var result RegenerateResult
	done, err := w.Repo.Change(ctx, func(ctx context.Context, tree *envrepo.Tree) (edit envrepo.Edit, err error) {
		if result, edit, err = w.planMigration(ctx, tree, r); r.images.incomplete() {
			return envrepo.Edit{}, err
		}
		return edit, err
	})
	result.Changed, result.Revision = done.Changed, done.Revision
	return result, err
}

// planMigration plans the migration of all stagings of a tree.
func (w *Writer) planMigration(ctx context.Context, tree *envrepo.Tree, r MigrateRequest) (RegenerateResult, envrepo.Edit, error) {
	p, names, err := prefetch(ctx, tree, nil)
	if err != nil {
		return RegenerateResult{}, envrepo.Edit{}, err
	}
	if err := p.CheckMigration(r.Migration); err != nil {
		return RegenerateResult{}, envrepo.Edit{}, err
	}
	items, dirs, pending := make([]Regenerated, len(names)), make([]envrepo.Directory, len(names)), make([][]string, len(names))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, name := range names {
		group.Go(func() error {
			items[i], dirs[i] = w.migrate(ctx, basis{tree, p}, name, r)
			if items[i].Changed {
				pending[i] = w.pendingOf(ctx, tree, p, name)
			}
			return nil
		})
	}
	_ = group.Wait() // each staging has its own error
	if err := ctx.Err(); err != nil {
		return RegenerateResult{}, envrepo.Edit{}, fmt.Errorf("migrating settings: %w", err)
	}
	edit := envrepo.Edit{Verb: MigrateSettings, By: r.By.Person, Via: r.By.Via, Request: r.By.Request, Key: r.By.Key}
	edit.Replace, edit.Subject, edit.Body = onlyChanged(items, dirs)
	edit.Body = strings.TrimPrefix(edit.Body+"\n\n"+r.Migration.Summary(), "\n\n")
	for i, objects := range pending {
		if len(objects) > 0 {
			edit.Body += fmt.Sprintf("\n%s, pending changes: %s", names[i], strings.Join(objects, ", "))
		}
	}
	plan, err := edit.Plan(tree)
	return RegenerateResult{Items: items, Plan: plan}, edit, err
}

// pendingOf lists the pending changes that a migration ships to a staging.
func (w *Writer) pendingOf(ctx context.Context, tree *envrepo.Tree, p *project.Project, name string) []string {
	before, err := tree.Staging(name)
	if err != nil {
		return nil
	}
	pending, _ := w.pending(ctx, target{tree: tree, project: p, name: name, exists: true, record: &before})
	return pending
}

// migrate returns one staging's directory with migrated settings. The error of a
// staging that still does not fit the project shows what is left to migrate.
func (w *Writer) migrate(ctx context.Context, b basis, name string, r MigrateRequest) (Regenerated, envrepo.Directory) {
	item, dir := Regenerated{Name: name}, envrepo.Directory{Path: staging.Dir(name)}
	before, err := b.tree.Staging(name)
	if err != nil {
		item.Err = err
		return item, dir
	}
	after, err := b.project.Migrate(before, r.Migration)
	if err == nil {
		after = b.project.WithDeclaredServices(after)
		err = b.project.Check(after)
	}
	if err != nil || sameSettings(before, after) {
		item.Err = err
		return item, dir
	}
	output, err := w.generateChecked(ctx, b, before, after, r.images)
	item.Changed, item.Err = err == nil, err
	dir.Files = output.files
	return item, dir
}

func sameSettings(a, b staging.Staging) bool {
	was, is := a.Spec.Overrides, b.Spec.Overrides
	return maps.Equal(was.App, is.App) && maps.Equal(was.Deployment, is.Deployment) && slices.Equal(a.Spec.Presets, b.Spec.Presets)
}
