package change

import (
	"context"

	"octopod/generator/catalog"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// target is the staging that a plan changes, as it is on one tree. A plan resolves
// it once, at its beginning.
type target struct {
	tree      *envrepo.Tree
	project   *project.Project
	name      string
	exists    bool             // it has a directory, with or without a readable record
	record    *staging.Staging // nil when there is none, or when it is unreadable
	recordErr error            // why the record is unreadable
	content   string           // hash of the other files; "" without a record
}

// resolveTarget reads octopod.yaml and the record of the staging that an action
// names, directly or by its branch. The returned action has name and branch filled
// in.
func resolveTarget(ctx context.Context, tree *envrepo.Tree, a staging.Action) (target, staging.Action, error) {
	if err := a.CheckTexts(); err != nil { // a rollback and a delete at once do not pass Project.Apply
		return target{}, a, err
	}
	p, a, err := catalog.Open(ctx, tree, a)
	if err != nil {
		return target{}, a, err
	}
	to := target{tree: tree, project: p, name: a.Name}
	if to.exists, err = tree.Has(a.Name); err != nil || !to.exists {
		return to, a, err
	}
	if err := mustHaveRecord(tree, a.Name); err != nil {
		return to, a, err
	}
	s, err := tree.Staging(a.Name)
	if to.recordErr = err; err != nil {
		return to, a, nil
	}
	to.record = &s
	to.content, err = tree.ContentHash(ctx, a.Name)
	return to, a, err
}

// mustHaveRecord rejects a directory that Octopod did not write.
func mustHaveRecord(tree *envrepo.Tree, name string) error {
	_, exists, err := tree.Entry(staging.RecordPath(name))
	if err != nil || exists {
		return err
	}
	return staging.Errorf(staging.CodeConflict, "%s is not a staging of Octopod: it has no %s", staging.Dir(name), staging.RecordFile).
		WithHint("choose another name; Octopod does not touch directories that it did not write")
}

// readError returns why the record could not be read from the env repo. It is nil
// when the record was read, even if its content is invalid.
func (to target) readError() error {
	if staging.CodeOf(to.recordErr) == staging.CodeInvalid {
		return nil
	}
	return to.recordErr
}

// view returns a record of the target as callers see it. content is the hash of its other
// files, "" if it is unknown.
func (to target) view(s staging.Staging, content string) *staging.View {
	v := catalog.View(to.project, s, to.tree.Revision(), content)
	return &v
}
