package main

import (
	"context"
	"io/fs"

	"octopod/generator/change"
	"octopod/generator/doctor"
	"octopod/generator/lifecycle"
	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// backend executes the use cases of all verbs. *generator.Stagings works on an env
// repo, *httpapi.Client through a server. Most verbs need only one of the parts.
type backend interface {
	changer
	finder
	watcher
	historian
	comparer
	maintainer
	sweeper
	explainer
	stagingImporter
	terminator
	accountant
}

// stagingImporter creates the stagings of another system.
type stagingImporter interface {
	Import(context.Context, change.ImportRequest) (change.ImportResult, error)
}

// changer applies one action to one staging, in one commit.
type changer interface {
	Apply(context.Context, change.Request) (change.Result, error)
	// Refresh makes Argo CD read the changes of Apply now.
	Refresh(context.Context, []staging.PlanItem) error
}

// finder returns the current stagings and their project.
type finder interface {
	Find(context.Context, staging.Query) ([]staging.View, error)
	Project(context.Context) (*project.Project, error)
}

// watcher reports changes of stagings.
type watcher interface {
	Watch(context.Context, staging.Query, func(live.Event)) error
}

// terminator ends syncs that hang.
type terminator interface {
	Terminate(ctx context.Context, name string) error
}

// historian returns earlier versions of a staging.
type historian interface {
	// History lists versions, newest first.
	History(context.Context, staging.HistoryQuery) ([]staging.Event, error)
	// Manifests returns the objects at a revision, "" for the current one.
	Manifests(ctx context.Context, name, revision string) ([]staging.Object, error)
}

// sweeper applies the lifecycle of the project.
type sweeper interface {
	Sweep(context.Context, lifecycle.SweepRequest) (lifecycle.SweepResult, error)
}

// maintainer checks and regenerates the whole env repo.
type maintainer interface {
	Regenerate(context.Context, change.RegenerateRequest) (change.RegenerateResult, error)
	Lint(context.Context, *staging.Uncommitted) ([]staging.Problem, error)
	// Drift returns the committed objects and newly generated ones.
	Drift(ctx context.Context, name string, edits *staging.Uncommitted) (before, after []staging.Object, err error)
	// Uncommitted returns the uncommitted files of a work tree.
	Uncommitted(ctx context.Context, work fs.FS) (*staging.Uncommitted, error)
	// Diagnose checks the env repo, Argo CD and their connection.
	Diagnose(context.Context) ([]doctor.Finding, error)
	// Fix regenerates the files derived from octopod.yaml.
	Fix(ctx context.Context, by rights.Actor, dryRun bool) (change.Result, error)
}

// explainer explains why a branch has a staging, or has none.
type explainer interface {
	Explain(ctx context.Context, branch string) (doctor.Explanation, error)
}
