package change

import (
	"context"
	"fmt"
	"strings"

	"octopod/generator/catalog"
	"octopod/generator/giturl"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// keepReason returns why a delete by branch leaves the staging alone, or "".
// Pipelines send such a delete whenever a branch is merged, closed or removed.
func (to target) keepReason(a staging.Action) string {
	switch {
	case a.Verb != staging.Delete || a.Branch == "":
		return ""
	case to.project.Permanent(a.Name, a.Branch):
		return fmt.Sprintf("the staging of %s is permanent: `octopod delete %s` removes it", a.Branch, a.Name)
	case !to.exists:
		return fmt.Sprintf("branch %s has no staging", a.Branch)
	}
	return ""
}

// narrowDelete limits a delete to the services of one repository when other
// repositories built services on the branch too. The staging is deleted with the
// last of them. The note says why. An unreadable record is not narrowed, so that
// it can be deleted.
func (to target) narrowDelete(a staging.Action) (narrowed staging.Action, note string) {
	if a.Verb != staging.Delete || a.Branch == "" || a.Repository == "" || to.record == nil {
		return a, ""
	}
	others := project.BuiltElsewhere(*to.record, a.Repository)
	if len(others) == 0 {
		return a, ""
	}
	return staging.Action{Verb: staging.Set, Name: a.Name, Repository: a.Repository, Reason: "branch gone from " + giturl.Redact(a.Repository)},
		fmt.Sprintf("%s is built on the branch too: the staging goes with the last", strings.Join(others, ", "))
}

// deletesAtOnce reports whether the action removes the directory in this commit:
// nothing outside the cluster needs a teardown first, or the teardown is done.
func (to target) deletesAtOnce(a staging.Action) bool {
	return a.Verb == staging.Delete && (a.Finish || !to.project.TearsDown())
}

// checkFinish rejects the end of a teardown that has not begun: the staging's data
// outside the cluster would stay without an owner.
func (to target) checkFinish(a staging.Action) error {
	if a.Verb != staging.Delete || !a.Finish || !to.project.TearsDown() ||
		to.record == nil || to.record.Spec.State == staging.Deleting {
		return nil
	}
	return staging.Errorf(staging.CodeConflict, "staging %q is not being torn down, so there is nothing to finish", to.name).
		WithTechnicalHint("`octopod delete %s` begins the teardown", to.name)
}

// planDelete plans the removal of the staging's directory. The record may be
// unreadable.
func (w *Writer) planDelete(ctx context.Context, t task, to target, a staging.Action) (planned, error) {
	if !staging.IsLabel(to.name) || !to.exists {
		return planned{}, catalog.NotFound(to.tree, to.name)
	}
	if err := to.readError(); err != nil {
		return planned{}, err
	}
	if err := t.checkVersion(to.project, to.record); err != nil {
		return planned{}, err
	}
	return update{target: to, action: a}.plan(ctx, w, t)
}
