package main

import (
	"context"
	"io/fs"

	"octopod/generator"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// octopod is everything the verbs ask for. *generator.Stagings answers over an
// env repo, *httpapi.Client through a server; each verb asks for no more than one
// of the parts.
type octopod interface {
	changer
	finder
	watcher
	historian
	keeper
	sweeper
	explainer
}

// changer carries out one action on one staging, in one commit.
type changer interface {
	Apply(context.Context, generator.Request) (generator.Result, error)
	// Look makes Argo CD look now at what Apply changed.
	Look(context.Context, []staging.PlanItem) error
}

// finder knows the stagings and their project as they are now.
type finder interface {
	Find(context.Context, generator.Query) ([]staging.View, error)
	Project(context.Context) (*project.Project, error)
}

// watcher tells how stagings change.
type watcher interface {
	Watch(context.Context, generator.Query, func(generator.News)) error
}

// historian knows how a staging was.
type historian interface {
	// History lists versions, newest first.
	History(context.Context, generator.HistoryQuery) ([]staging.Event, error)
	// Manifests gives the objects at a revision, "" being now.
	Manifests(ctx context.Context, name, revision string) ([]staging.Object, error)
}

// sweeper does what the lifecycle of the project says.
type sweeper interface {
	Sweep(context.Context, generator.SweepRequest) (generator.SweepResult, error)
}

// keeper looks after all stagings at once.
type keeper interface {
	Regenerate(context.Context, generator.RegenerateRequest) (generator.RegenerateResult, error)
	Lint(context.Context, *generator.Uncommitted) ([]staging.Problem, error)
	// Drift gives the objects as committed, and as generating them now would give.
	Drift(ctx context.Context, name string, edits *generator.Uncommitted) (before, after []staging.Object, err error)
	// Uncommitted is what a work tree holds that is not committed.
	Uncommitted(ctx context.Context, work fs.FS) (*generator.Uncommitted, error)
	// Diagnose looks at everything that must be right for stagings to come up.
	Diagnose(context.Context) ([]generator.Finding, error)
	// Mend writes the files that follow from octopod.yaml anew.
	Mend(ctx context.Context, by generator.Asker, dryRun bool) (generator.Result, error)
}
