package change

import (
	"context"
	"fmt"

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// SeedRequest names another database for a seed of the project.
type SeedRequest struct {
	Name, Template string
	By             rights.Actor
	DryRun         bool
}

// SetSeed names another database for a seed in octopod.yaml, and leaves every other byte. No
// staging changes: each keeps the database that its record names until its next reset.
func (w *Writer) SetSeed(ctx context.Context, r SeedRequest) (Result, error) {
	var plan []staging.PlanItem
	done, err := w.Commit(ctx, r.DryRun, func(_ context.Context, tree *envrepo.Tree) (envrepo.Edit, error) {
		data, err := tree.ReadFile(project.File)
		if err != nil {
			return envrepo.Edit{}, fmt.Errorf("reading %s: %w", project.File, err)
		}
		if data, err = project.SetSeed(data, r.Name, r.Template); err != nil {
			return envrepo.Edit{}, err
		}
		edit := envrepo.Edit{Verb: "seed", Subject: r.Name + " is the database " + r.Template,
			By: r.By.Person, Via: r.By.Via, Request: r.By.Request, Write: []staging.File{{Path: project.File, Data: data}}}
		plan, err = edit.Plan(tree)
		return edit, err
	})
	return Result{Changed: done.Changed, Revision: done.Revision, Plan: plan}, err
}
