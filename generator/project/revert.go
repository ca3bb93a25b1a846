package project

import (
	"slices"

	"octopod/generator/staging"
)

// Revert returns the action that reverts the changes between two versions of a staging,
// and nothing else.
func Revert(before, after staging.Staging) (staging.Action, error) {
	back := staging.Action{Name: after.Name, Set: map[string]string{}}
	if verb, needed := stateVerb(before.Spec, after.Spec); needed {
		back.Verb = verb
		return back, nil
	}
	if back, changed, err := revertData(before.Spec.Data(), after.Spec.Data()); changed {
		back.Name = after.Name
		return back, err
	}
	back.Verb = staging.Set
	if before.Title != after.Title {
		back.Title = &before.Title
	}
	revertOverrides(&back, before.Spec.Overrides.App, after.Spec.Overrides.App)
	revertOverrides(&back, before.Spec.Overrides.Deployment, after.Spec.Overrides.Deployment)
	back.Presets = without(before.Spec.Presets, after.Spec.Presets)
	back.DropPresets = without(after.Spec.Presets, before.Spec.Presets)
	for _, name := range sortedKeys(before.Spec.Services) {
		was, is := before.Spec.Services[name], after.Spec.Services[name]
		if was.Image == is.Image {
			continue
		}
		if back.Images == nil {
			back.Verb, back.Force, back.Images = staging.Update, true, map[string]staging.Build{}
		}
		back.Images[name] = staging.Build{
			Image: was.Image, Commit: was.Commit, Repository: was.Repository, Committed: was.Committed, Run: was.Run,
		}
	}
	nothing := back.Verb == staging.Set && back.Title == nil && len(back.Set)+len(back.Absent)+len(back.Unset)+len(back.Presets)+len(back.DropPresets) == 0
	pinned := before.Spec.Pinned == nil && after.Spec.Pinned != nil
	switch {
	case nothing && pinned:
		return staging.Action{Verb: staging.Unpin, Name: after.Name}, nil
	case nothing:
		return back, staging.Errorf(staging.CodeNotFound, "this change has no effect that can be reverted")
	}
	back.Unpins = pinned // a rollback
	return back, nil
}

// revertData returns the action that reverts a change of the data.
func revertData(before, after staging.Database) (back staging.Action, changed bool, err error) {
	if before.Number() != after.Number() {
		return staging.Action{Verb: staging.UndoData, Generation: after.Number()}, true, nil
	}
	if added := missingFrom(before.Snapshots, after.Snapshots); added != "" {
		return staging.Action{Verb: staging.ForgetData, Label: added}, true, nil
	}
	if removed := missingFrom(after.Snapshots, before.Snapshots); removed != "" {
		return back, true, staging.Errorf(staging.CodeConflict, "the snapshot %q is gone: its removal cannot be undone", removed)
	}
	return back, false, nil
}

// missingFrom returns the first label that one list of snapshots lacks; "" if it has all.
func missingFrom(some, all map[string]staging.Snapshot) string {
	for _, label := range sortedKeys(all) {
		if _, ok := some[label]; !ok {
			return label
		}
	}
	return ""
}

// stateVerb returns the verb that reverts a change of the state.
func stateVerb(before, after staging.Spec) (staging.Verb, bool) {
	switch {
	case before.State != after.State && before.State == staging.Active:
		return staging.Restore, true
	case before.State != after.State && before.State == staging.Archived:
		return staging.Archive, true
	}
	return "", false
}

func revertOverrides(back *staging.Action, before, after staging.Values) {
	for _, name := range sortedKeys(after) {
		if _, had := before[name]; !had {
			back.Unset = append(back.Unset, name)
		}
	}
	for _, name := range sortedKeys(before) {
		was := before[name]
		is, has := after[name]
		switch {
		case has && is == was:
		case was == nil:
			back.Absent = append(back.Absent, name)
		default:
			back.Set[name] = staging.FormatValue(was)
		}
	}
}

func without(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(some, s) })
}
