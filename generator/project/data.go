package project

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"octopod/generator/database"
	"octopod/generator/staging"
)

// changeData applies an action on the data of a staging. Only the record changes: Argo CD
// and the Job of the database do the rest.
func (p *Project) changeData(s staging.Staging, a staging.Action, at staging.Attribution) (staging.Staging, error) {
	if err := p.dataChangeable(s); err != nil {
		return s, err
	}
	data := *p.Data(s)
	var err error
	switch a.Verb {
	case staging.ResetData:
		err = p.reset(&data, a, at)
	case staging.SnapshotData:
		err = p.snapshot(&data, a, at)
	case staging.RestoreData:
		err = restoreData(&data, a, at)
	case staging.UndoData:
		err = p.undoData(&data, a, at)
	case staging.ForgetData:
		err = forget(&data, a)
	}
	s.Spec.Database = &data
	return s, err
}

// dataChangeable rejects a change of data where nothing would carry it out.
func (p *Project) dataChangeable(s staging.Staging) error {
	switch {
	case !p.Spec.Database.Kind.IsManaged():
		return staging.Errorf(staging.CodeInvalid, "the test data of staging %q are not Octopod's: %s", s.Name, p.Spec.Database.Kind.Unmanaged()).
			WithTechnicalHint("spec.database in %s makes Octopod keep the database", File)
	case s.Spec.State == staging.Archived:
		return staging.Errorf(staging.CodeConflict, "staging %q is archived: its test data rest", s.Name).
			WithTechnicalHint("`octopod restore %s` restores it", s.Name)
	case s.Spec.State == staging.Deleting:
		return staging.Errorf(staging.CodeConflict, "staging %q is being deleted", s.Name).
			WithTechnicalHint("`octopod restore %s` cancels the deletion", s.Name)
	}
	return nil
}

// reset starts the data again from a seed: the given one, or the one that they started from.
func (p *Project) reset(data *staging.Database, a staging.Action, at staging.Attribution) error {
	name := a.Seed
	if _, known := p.Spec.Database.Seeds[data.Seed()]; name == "" && known {
		name = data.Seed()
	}
	if name == "" {
		name = p.Spec.Database.DefaultSeed
	}
	seed, ok := p.Spec.Database.Seeds[name]
	if !ok {
		return staging.Errorf(staging.CodeInvalid, "the project has no seed %q%s", name, suggest(name, p.SeedNames()))
	}
	advance(data, a, at)
	data.From, data.Template = staging.SeedSource(name), seed.Template
	return nil
}

// advance begins the next generation, and remembers the present one for undo.
func advance(data *staging.Database, a staging.Action, at staging.Attribution) {
	data.Before = &staging.EarlierData{Generation: data.Generation, From: data.From, Template: data.Template, Since: data.Since}
	data.Generation++
	data.Since = &staging.DatabaseChange{At: at.At, By: at.By, Reason: a.Reason}
}

// restoreData returns the data to those of a snapshot.
func restoreData(data *staging.Database, a staging.Action, at staging.Attribution) error {
	if _, ok := data.Snapshots[a.Label]; !ok {
		return noSnapshot(*data, a)
	}
	advance(data, a, at)
	data.From, data.Template = staging.SnapshotSource(a.Label), ""
	return nil
}

func noSnapshot(data staging.Database, a staging.Action) error {
	err := staging.Errorf(staging.CodeNotFound, "staging %q has no snapshot %q", a.Name, a.Label)
	if labels := sortedKeys(data.Snapshots); len(labels) > 0 {
		return err.WithHint("its snapshots: %s", strings.Join(labels, ", "))
	}
	return err.WithTechnicalHint("`octopod db snapshot %s LABEL` saves the data", a.Name)
}

// snapshot saves the data under a label.
func (p *Project) snapshot(data *staging.Database, a staging.Action, at staging.Attribution) error {
	if err := database.CheckLabel(a.Label); err != nil {
		return staging.Errorf(staging.CodeInvalid, "%q is not a label: use lower-case letters, digits and single dashes, at most %d characters", a.Label, database.MaxLabel)
	}
	if was, taken := data.Snapshots[a.Label]; taken {
		return staging.Errorf(staging.CodeExists, "staging %q already has a snapshot %q, of %s", a.Name, a.Label, was.At.UTC().Format(time.DateTime)).
			WithTechnicalHint("choose another label, or `octopod db forget %s %s`", a.Name, a.Label)
	}
	if most := p.Spec.Database.Snapshots.Most; len(data.Snapshots) >= most {
		return staging.Errorf(staging.CodeConflict, "staging %q has %d snapshots, and the maximum is %d: %s", a.Name, len(data.Snapshots), most, strings.Join(sortedKeys(data.Snapshots), ", ")).
			WithTechnicalHint("`octopod db forget %s LABEL` removes one that nobody needs", a.Name)
	}
	data.Snapshots = ownedSnapshots(data.Snapshots)
	data.Snapshots[a.Label] = staging.Snapshot{Generation: data.Generation, At: at.At, By: at.By, Note: strings.TrimSpace(a.Note)}
	return nil
}

func ownedSnapshots(all map[string]staging.Snapshot) map[string]staging.Snapshot {
	if all == nil {
		return map[string]staging.Snapshot{}
	}
	return maps.Clone(all)
}

// forget removes a snapshot.
func forget(data *staging.Database, a staging.Action) error {
	if _, ok := data.Snapshots[a.Label]; !ok {
		return noSnapshot(*data, a)
	}
	data.Snapshots = ownedSnapshots(data.Snapshots)
	delete(data.Snapshots, a.Label)
	return nil
}

// undoData returns the data to those before the last reset or restore.
func (p *Project) undoData(data *staging.Database, a staging.Action, at staging.Attribution) error {
	switch {
	case data.Before == nil:
		return staging.Errorf(staging.CodeConflict, "staging %q has no reset or restore that can be undone", a.Name)
	case a.Generation != 0 && a.Generation != data.Generation:
		return staging.Errorf(staging.CodeConflict, "the test data of staging %q were changed again since", a.Name).
			WithHint("undo the last change of the data first, or restore a snapshot")
	}
	if !p.CanUndoData(*data, at.At) {
		return staging.Errorf(staging.CodeConflict, "the test data of staging %q from before are gone: they are kept for %s", a.Name, p.Spec.Database.KeepOld).
			WithHint("reset makes new ones; a snapshot stays until somebody removes it")
	}
	before := data.Before
	data.Generation, data.From, data.Template, data.Since, data.Before = before.Generation, before.From, before.Template, before.Since, nil
	return nil
}

// CanUndoData reports whether the last reset or restore can be undone at a time.
func (p *Project) CanUndoData(data staging.Database, at time.Time) bool {
	return data.Before != nil && data.Since != nil && at.Before(data.Since.At.Add(time.Duration(p.Spec.Database.KeepOld)))
}

// migrationsHash is a tree hash, as git prints it.
var migrationsHash = regexp.MustCompile(`^[0-9a-f]{7,64}$`)

// deployData sets the data of a new staging, so that a newer seed does not change them, and
// notes the migrations of the deployed version. It resets the data where the project wants
// that. before is nil for a new staging.
func (p *Project) deployData(before, s *staging.Staging, a staging.Action, at staging.Attribution) error {
	data := p.Data(*s)
	if a.Migrations != "" {
		if err := p.checkMigrations(a); err != nil {
			return err
		}
	}
	switch {
	case data == nil:
		return nil
	case before == nil:
		data.Generation = 0 // 1 is the default
	}
	migrated := data.Migrated[p.Spec.Database.Migrate.Service]
	if a.Migrations != "" {
		data.Migrated = map[string]string{p.Spec.Database.Migrate.Service: a.Migrations}
	}
	if before != nil && p.resetsOnDeploy(*before, *s, migrated, a.Migrations) {
		if err := p.reset(data, staging.Action{Reason: "a new version was deployed"}, at); err != nil {
			return err
		}
	}
	if before == nil || !reflect.DeepEqual(*data, *p.Data(*s)) { // a record without data stays as it is
		s.Spec.Database = data
	}
	return nil
}

// checkMigrations rejects migrations of a service that has none.
func (p *Project) checkMigrations(a staging.Action) error {
	m := p.Spec.Database.Migrate
	_, built := a.Images[m.Service]
	switch {
	case m.Files == "":
		return staging.Errorf(staging.CodeInvalid, "the project has no migrations: spec.database.migrate.files is not set in %s", File)
	case !built:
		return staging.Errorf(staging.CodeInvalid, "the migrations belong to service %s, and this deploy has no build of it", m.Service)
	case !migrationsHash.MatchString(a.Migrations):
		return staging.Errorf(staging.CodeInvalid, "%q is not the hash of a tree", a.Migrations).
			WithTechnicalHint("pass --migrations $(git rev-parse HEAD:%s)", m.Files)
	}
	return nil
}

// resetsOnDeploy reports whether the project resets the data with a new version.
func (p *Project) resetsOnDeploy(before, after staging.Staging, migrated, migrations string) bool {
	switch p.Spec.Database.Reset.OnPush {
	case ResetData:
		return !maps.Equal(before.Spec.Versions(), after.Spec.Versions())
	case ResetOnMigration:
		return migrated != "" && migrations != "" && migrated != migrations
	}
	return false
}

// RestoredData returns the data of a record that a rollback restores. Data are no version,
// so they stay as they are; with withData they return with the version. A deleted staging
// starts from its seed again, as another generation, because its data are gone.
func (p *Project) RestoredData(old staging.Staging, current *staging.Staging, withData bool, at staging.Attribution) *staging.Database {
	switch {
	case current == nil && old.Spec.Database != nil && p.Spec.Database.Kind.IsManaged():
		data := *p.Data(old)
		_ = p.reset(&data, staging.Action{Reason: "the staging was deleted"}, at) // the default seed exists
		data.Before, data.Snapshots = nil, nil
		return &data
	case current == nil, withData:
		return old.Spec.Database
	}
	kept := current.Clone().Spec.Database
	if kept != nil {
		kept.Migrated = old.Spec.Data().Migrated
	}
	return kept
}

// WantsSameData reports whether two records of a staging want the same of its database.
func (p *Project) WantsSameData(a, b staging.Staging) bool {
	dataA, dataB := p.Data(a), p.Data(b)
	return dataA == nil || reflect.DeepEqual(p.wantedDatabase(a.Name, *dataA), p.wantedDatabase(b.Name, *dataB))
}

// NewerMigrations returns a warning for a rollback across a change of the migrations; ""
// for none.
func (p *Project) NewerMigrations(old, current staging.Staging) string {
	m := p.Spec.Database.Migrate
	data, then := p.Data(current), p.Data(old)
	if data == nil || data.Migrated[m.Service] == "" || then.Migrated[m.Service] == data.Migrated[m.Service] {
		return ""
	}
	version := current.Spec.Services[m.Service]
	choices := "reset the test data"
	for _, label := range sortedKeys(data.Snapshots) {
		choices += ", restore " + label
	}
	return fmt.Sprintf("the database was updated for %s since, and the older version may not fit it: %s, or go on",
		cmp.Or(version.Commit[:min(len(version.Commit), 7)], staging.ImageTag(version.Image)), choices)
}

// DataRole returns the role that a change of the data of a record requires, whichever verb
// makes it; "" for none. before is nil for a new staging.
func (p *Project) DataRole(before *staging.Staging, after staging.Staging) Role {
	next := p.Data(after)
	if next == nil || before == nil {
		return ""
	}
	d, was := p.Spec.Database, *p.Data(*before)
	var role Role
	raise := func(to Role) {
		if to.need() > role.rank() {
			role = to
		}
	}
	if was.Generation != next.Generation || was.From != next.From || was.Template != next.Template {
		raise(d.Reset.Role)
		if next.RestoredFrom() != "" {
			raise(d.Snapshots.Role)
		}
		if seed, known := d.Seeds[next.Seed()]; known && next.From != was.From {
			raise(seed.Role)
		}
	}
	sameSnapshots := slices.Equal(sortedKeys(was.Snapshots), sortedKeys(next.Snapshots))
	if !sameSnapshots {
		raise(d.Snapshots.Role)
	}
	return role
}
