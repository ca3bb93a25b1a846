package change

import (
	"context"

	"octopod/generator/catalog"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// Writer turns requests into commits on the env repo. It is safe for use by many
// goroutines.
type Writer struct {
	*catalog.Catalog
	// Images asks registries whether images exist, and for their digests. Nil
	// disables these checks.
	Images Images
	// ArgoCD renders the files that make Argo CD sync the env repo. Nil leaves
	// them to the operator.
	ArgoCD func(*project.Project) ([]staging.File, error)
	// StatusKnown says that an Argo CD is connected, so that somebody can wait for a
	// change to arrive in the cluster.
	StatusKnown bool
}

// Images queries image registries.
type Images interface {
	// Digest resolves an image reference to "sha256:" and 64 hex digits. The error
	// is CodeNotFound when the image does not exist (yet), CodeUnauthorized or
	// CodeForbidden when the registry denies access, and CodeUnavailable when the
	// registry cannot be queried.
	Digest(ctx context.Context, image string) (string, error)
}

// Commit commits an edit of the tip. With dryRun it runs the edit and commits
// nothing.
func (w *Writer) Commit(ctx context.Context, dryRun bool, edit envrepo.EditFunc) (envrepo.Result, error) {
	if !dryRun {
		return w.Repo.Change(ctx, edit)
	}
	tree, err := w.Repo.Tip(ctx)
	if err != nil {
		return envrepo.Result{}, err
	}
	e, err := edit(ctx, tree)
	if err != nil {
		return envrepo.Result{}, err
	}
	plan, err := e.Plan(tree)
	return envrepo.Result{Revision: tree.Revision(), Changed: len(plan) > 0}, err
}
