package generator

import (
	"context"
	"slices"

	"octopod/generator/change"
	"octopod/generator/doctor"
	"octopod/generator/envrepo"
	"octopod/generator/lifecycle"
	"octopod/generator/project"
	"octopod/generator/receiver"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// requireMaintainer rejects actors who may not read every staging and the files of the
// env repo. It works with an invalid octopod.yaml, because maintainers look for its
// faults.
func (a *Access) requireMaintainer(ctx context.Context) (rights.Visibility, error) {
	v, err := a.authorize(ctx, rights.Read)
	if staging.CodeOf(err) == staging.CodeInvalid {
		err = a.by.Authorize(v.Project, rights.Read, "")
	}
	if err == nil {
		err = a.by.Authorize(v.Project, rights.Read, allNames)
	}
	if err == nil {
		err = v.Require(project.SectionFiles)
	}
	return v, err
}

// Deliveries lists the recent webhook deliveries, newest first, for maintainers.
func (a *Access) Deliveries(ctx context.Context) ([]receiver.Delivery, error) {
	v, err := a.authorize(ctx, rights.Fix, "")
	if err != nil {
		return nil, a.redactError(v, err)
	}
	return a.stagings.Deliveries(), nil
}

// Explain returns why a branch has a staging, or has none.
func (a *Access) Explain(ctx context.Context, branch string) (doctor.Explanation, error) {
	v, err := a.authorize(ctx, rights.Read)
	for _, part := range []project.Section{project.SectionBranch, project.SectionAuthor, project.SectionHistory} {
		if err == nil {
			err = v.Require(part)
		}
	}
	if err != nil {
		return doctor.Explanation{}, a.redactError(v, err)
	}
	e, err := a.stagings.ExplainTo(envrepo.FromMemory(ctx), branch, v)
	if err == nil {
		err = a.by.Authorize(v.Project, rights.Read, e.Staging)
	}
	if err != nil {
		return doctor.Explanation{}, a.redactError(v, err)
	}
	return e, nil
}

// Lint lists all faults of the env repo.
func (a *Access) Lint(ctx context.Context) ([]staging.Problem, error) {
	v, err := a.requireMaintainer(ctx)
	if err != nil {
		return nil, a.redactError(v, err)
	}
	problems, err := a.stagings.Lint(envrepo.FromMemory(ctx), nil)
	return problems, a.redactError(v, err)
}

// Diagnose checks everything that stagings need to come up.
func (a *Access) Diagnose(ctx context.Context) ([]doctor.Finding, error) {
	v, err := a.requireMaintainer(ctx)
	if err != nil {
		return nil, a.redactError(v, err)
	}
	findings, err := a.stagings.Diagnose(ctx)
	return findings, a.redactError(v, err)
}

// Regenerate renders stagings again and commits the difference.
func (a *Access) Regenerate(ctx context.Context, r change.RegenerateRequest) (change.RegenerateResult, error) {
	names := r.Names
	if len(names) == 0 {
		names = []string{""}
	}
	v, err := a.authorize(ctx, staging.Regenerate, names...)
	if err != nil {
		return change.RegenerateResult{}, a.redactError(v, err)
	}
	r.By, r.Edits = a.by, nil
	result, err := a.stagings.Regenerate(readOnly(ctx, r.DryRun), r)
	if err == nil && !r.DryRun {
		a.feed.QueueRefresh(result.Plan)
	}
	return result, a.redactError(v, err)
}

// Import creates the stagings of another system, for actors who may create any and skip
// what others may not: the records keep their times.
func (a *Access) Import(ctx context.Context, r change.ImportRequest) (change.ImportResult, error) {
	v, err := a.authorize(ctx, rights.Fix, "")
	if err == nil {
		err = a.by.Authorize(v.Project, staging.Create, allNames)
	}
	if err != nil {
		return change.ImportResult{}, a.redactError(v, err)
	}
	r.By = a.by
	result, err := a.stagings.Import(readOnly(ctx, r.DryRun), r)
	if err == nil && result.Changed && !r.DryRun {
		a.feed.QueueRefresh(result.Plan)
	}
	return result, a.redactError(v, err)
}

// Repositories lists the repositories whose branches an actor may list: one who may create
// stagings of them.
func (a *Access) Repositories(ctx context.Context) ([]string, error) {
	v, err := a.authorize(ctx, rights.Read)
	if err == nil {
		err = v.Require(project.SectionBranch)
	}
	if err == nil {
		err = a.by.Authorize(v.Project, staging.Create, "")
	}
	if err != nil {
		return nil, a.redactError(v, err)
	}
	return v.Project.Repositories(), nil
}

// Fix rewrites the files derived from octopod.yaml.
func (a *Access) Fix(ctx context.Context, dryRun bool) (change.Result, error) {
	v, err := a.authorize(ctx, rights.Fix, "")
	if err != nil {
		return change.Result{}, a.redactError(v, err)
	}
	result, err := a.stagings.Fix(readOnly(ctx, dryRun), a.by, dryRun)
	return result, a.redactError(v, err)
}

// Sweep does what is due. Each step follows from the lifecycle in octopod.yaml, so the
// actor needs the right to sweep, but not the right to archive.
func (a *Access) Sweep(ctx context.Context, r lifecycle.SweepRequest) (lifecycle.SweepResult, error) {
	v, err := a.authorize(ctx, rights.Sweep, "")
	if err != nil {
		return lifecycle.SweepResult{}, a.redactError(v, err)
	}
	r.By = rights.Actor{Person: a.by.Person, Request: a.by.Request}
	result, err := a.stagings.Sweep(readOnly(ctx, r.DryRun), r)
	if result.Changed && !r.DryRun {
		a.feed.QueueRefresh(result.Plan)
	}
	return result, a.redactError(v, err)
}

// SweepStatus returns the last sweep of this process and the time of the next, under an
// octopod.yaml read before, for actors who may sweep.
func (a *Access) SweepStatus(p *project.Project) (lifecycle.SweepStatus, error) {
	if err := a.by.Authorize(p, rights.Sweep, ""); err != nil {
		return lifecycle.SweepStatus{}, err
	}
	known := a.stagings.Sweeps.Current()
	if known.Last == nil {
		return known, nil
	}
	v, last := rights.NewVisibility(p, a.by.Rights), *known.Last
	last.Err = v.RedactError(last.Err)
	last.Result.Items = slices.Clone(last.Result.Items)
	for i := range last.Result.Items {
		last.Result.Items[i].Err = v.RedactError(last.Result.Items[i].Err)
	}
	last.Result.Repositories = slices.Clone(last.Result.Repositories)
	for i := range last.Result.Repositories {
		last.Result.Repositories[i].Err = v.RedactError(last.Result.Repositories[i].Err)
	}
	known.Last = &last
	return known, nil
}

// Terminate ends the running sync of a staging. It needs the right to restart the staging.
func (a *Access) Terminate(ctx context.Context, name string) error {
	v, err := a.authorize(ctx, staging.Restart, name)
	if err == nil {
		err = a.stagings.Terminate(ctx, name)
	}
	return a.redactError(v, err)
}
