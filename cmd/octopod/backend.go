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

// backend is everything the verbs ask for. *generator.Stagings answers over an
// env repo, *httpapi.Client through a server; each verb asks for no more than one
// of the parts.
type backend interface {
	changer
	finder
	watcher
	historian
	maintainer
	sweeper
	explainer
}

// changer carries out one action on one staging, in one commit.
type changer interface {
	Apply(context.Context, change.Request) (change.Result, error)
	// Refresh makes Argo CD look now at what Apply changed.
	Refresh(context.Context, []staging.PlanItem) error
}

// finder knows the stagings and their project as they are now.
type finder interface {
	Find(context.Context, staging.Query) ([]staging.View, error)
	Project(context.Context) (*project.Project, error)
}

// watcher tells how stagings change.
type watcher interface {
	Watch(context.Context, staging.Query, func(live.Event)) error
}

// historian knows how a staging was.
type historian interface {
	// History lists versions, newest first.
	History(context.Context, staging.HistoryQuery) ([]staging.Event, error)
	// Manifests gives the objects at a revision, "" being now.
	Manifests(ctx context.Context, name, revision string) ([]staging.Object, error)
}

// sweeper does what the lifecycle of the project says.
type sweeper interface {
	Sweep(context.Context, lifecycle.SweepRequest) (lifecycle.SweepResult, error)
}

// maintainer looks after all stagings at once.
type maintainer interface {
	Regenerate(context.Context, change.RegenerateRequest) (change.RegenerateResult, error)
	Lint(context.Context, *staging.Uncommitted) ([]staging.Problem, error)
	// Drift gives the objects as committed, and as generating them now would give.
	Drift(ctx context.Context, name string, edits *staging.Uncommitted) (before, after []staging.Object, err error)
	// Uncommitted is what a work tree holds that is not committed.
	Uncommitted(ctx context.Context, work fs.FS) (*staging.Uncommitted, error)
	// Diagnose looks at everything that must be right for stagings to come up.
	Diagnose(context.Context) ([]doctor.Finding, error)
	// Fix rewrites the files derived from octopod.yaml.
	Fix(ctx context.Context, by rights.Actor, dryRun bool) (change.Result, error)
}

// explainer knows why a branch has a staging, or has none.
type explainer interface {
	Explain(ctx context.Context, branch string) (doctor.Explanation, error)
}
