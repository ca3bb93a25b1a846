package project_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/project"
	"octopod/generator/staging"
)

const database = `  database:
    kind: shared-postgres
    image: registry.example.com/octopod:2
    seeds:
      small: {help: Ten customers., template: shop_seed_small_12}
      anonymised: {template: shop_seed_20261129, role: admin}
    defaultSeed: small
    server: {host: pg.databases.svc, admin: {secret: database-admin}}
    group: shop_app
    snapshots: {most: 2}
    migrate: {service: frontend, command: [bin/migrate], files: db/migrate}
`

// stepOfData is an action on the data, hours after noon, and what it gives.
type stepOfData struct {
	hours int
	does  staging.Action
	gives string // the record's data, or the beginning of the refusal
}

// dataText formats the data of a record: 2 seed/small ← 1, snapshots a, b.
func dataText(d staging.Database) string {
	var words []string
	words = append(words, string(rune('0'+d.Number())), d.From)
	if d.Template != "" {
		words = append(words, d.Template)
	}
	if d.Before != nil {
		words = append(words, "before", string(rune('0'+d.Before.Generation)))
	}
	for _, label := range []string{"a", "b", "c"} {
		if s, ok := d.Snapshots[label]; ok {
			words = append(words, label+"="+string(rune('0'+s.Generation)))
		}
	}
	return strings.Join(words, " ")
}

func TestVerbsOfTheData(t *testing.T) {
	reset, undo := staging.Action{Verb: staging.ResetData, Reason: "a test"}, staging.Action{Verb: staging.UndoData}
	seed := func(name string) staging.Action { return staging.Action{Verb: staging.ResetData, Seed: name} }
	with := func(verb staging.Verb, label string) staging.Action {
		return staging.Action{Verb: verb, Name: "login", Label: label}
	}
	for name, steps := range map[string][]stepOfData{
		"reset": {{0, reset, "2 seed/small shop_seed_small_12 before 1"}, {1, reset, "3 seed/small shop_seed_small_12 before 2"}},
		"another seed stays": {
			{0, seed("anonymised"), "2 seed/anonymised shop_seed_20261129 before 1"}, {1, reset, "3 seed/anonymised shop_seed_20261129 before 2"},
			{2, seed("smal"), `the project has no seed "smal"; did you mean small?`},
		},
		"undo": {
			{0, seed("anonymised"), "2 seed/anonymised shop_seed_20261129 before 1"}, {23, undo, "1 seed/small shop_seed_small_12"},
			{24, undo, `staging "login" has no reset or restore that can be undone`}, {25, reset, "2 seed/small shop_seed_small_12 before 1"},
		},
		"undo too late": {{0, reset, "2 seed/small shop_seed_small_12 before 1"}, {24, undo, `the test data of staging "login" from before are gone`}},
		"snapshot and restore": {
			{0, with(staging.SnapshotData, "a"), "1 seed/small shop_seed_small_12 a=1"}, {1, reset, "2 seed/small shop_seed_small_12 before 1 a=1"},
			{2, with(staging.RestoreData, "a"), "3 snapshot/a before 2 a=1"}, {3, undo, "2 seed/small shop_seed_small_12 a=1"},
			{4, with(staging.RestoreData, "b"), `staging "login" has no snapshot "b"`}, {5, with(staging.ForgetData, "a"), "2 seed/small shop_seed_small_12"},
			{6, with(staging.ForgetData, "a"), `staging "login" has no snapshot "a"`},
		},
		"a reset after a restore starts from the default seed": {
			{0, with(staging.SnapshotData, "a"), "1 seed/small shop_seed_small_12 a=1"}, {1, with(staging.RestoreData, "a"), "2 snapshot/a before 1 a=1"},
			{2, reset, "3 seed/small shop_seed_small_12 before 2 a=1"},
		},
		"labels and their number": {
			{0, with(staging.SnapshotData, "A b"), `"A b" is not a label`}, {0, with(staging.SnapshotData, strings.Repeat("a", 41)), `"aaaa`},
			{0, with(staging.SnapshotData, "a"), "1 seed/small shop_seed_small_12 a=1"}, {1, with(staging.SnapshotData, "a"), `staging "login" already has a snapshot "a"`},
			{2, with(staging.SnapshotData, "b"), "1 seed/small shop_seed_small_12 a=1 b=1"}, {3, with(staging.SnapshotData, "c"), `staging "login" has 2 snapshots, and the maximum is 2: a, b`},
		},
		"archived": {{0, staging.Action{Verb: staging.Archive}, "1 seed/small shop_seed_small_12"}, {1, reset, `staging "login" is archived`}},
		"deleting": {{0, staging.Action{Verb: staging.Delete}, "1 seed/small shop_seed_small_12"}, {1, undo, `staging "login" is being deleted`}},
	} {
		t.Run(name, func(t *testing.T) {
			p := parse(t, shop+database)
			s := deployed(t, p, nil)
			if got := dataText(s.Spec.Data()); got != "1 seed/small shop_seed_small_12" {
				t.Fatalf("a new staging has %s", got)
			}
			for _, step := range steps {
				step.does.Name = "login"
				next, err := p.Apply(&s, step.does, staging.Attribution{At: noon.At.Add(time.Duration(step.hours) * time.Hour), By: "Eve"})
				if err != nil {
					if !strings.HasPrefix(err.Error(), step.gives) {
						t.Errorf("%s %s: %v; want %s", step.does.Verb, step.does.Label, err, step.gives)
					}
					continue
				}
				if s = next; dataText(s.Spec.Data()) != step.gives {
					t.Errorf("%s %s: %s; want %s", step.does.Verb, step.does.Label, dataText(s.Spec.Data()), step.gives)
				}
			}
		})
	}
}

// A record without data wants generation 1 of the default seed; a newer seed in the project
// changes only that record.
func TestDataOfARecordWithoutDatabase(t *testing.T) {
	old := parse(t, shop)
	s := deployed(t, old, nil)
	if s.Spec.Database != nil || old.Data(s) != nil {
		t.Errorf("a project without a database has data: %v", s.Spec.Database)
	}
	if _, err := old.Apply(&s, staging.Action{Verb: staging.ResetData, Name: "login"}, noon); staging.CodeOf(err) != staging.CodeInvalid {
		t.Errorf("a reset of the template's database: %v", err)
	}
	p := parse(t, shop+database)
	if got := dataText(*p.Data(s)); got != "1 seed/small shop_seed_small_12" {
		t.Errorf("data: %s", got)
	}
	fresh := deployed(t, p, nil)
	newer := parse(t, shop+strings.Replace(database, "small_12", "small_13", 1))
	if got := dataText(*newer.Data(fresh)); got != "1 seed/small shop_seed_small_12" {
		t.Errorf("a newer seed changes a staging: %s", got)
	}
}

func TestDatabaseOfAProjectIsChecked(t *testing.T) {
	for _, tt := range []struct{ name, old, new, field, message string }{
		{"kind", "shared-postgres", "mysql", "spec.database.kind", "not a kind of database"},
		{"a server for each staging", "shared-postgres", "postgres", "spec.database.kind", "write shared-postgres for a database on one server"},
		{"an operator", "shared-postgres", "operator", "spec.database.kind", "no objects for an operator"},
		{"no kind at all", "shared-postgres", "oracle", "spec.database.kind", "write shared-postgres, template or none"},
		{"name", "kind: shared-postgres", "kind: shared-postgres\n    name: shop", "spec.database.name", "exactly once"},
		{"no identifier", "kind: shared-postgres", `kind: shared-postgres` + "\n    name: \"Shop {name}\"", "spec.database.name", "name of a database"},
		{"no image", "image: registry.example.com/octopod:2", "image: ''", "spec.database.image", ""},
		{"template", "shop_seed_small_12", "shop-seed", "spec.database.seeds.small.template", "not the name of a database"},
		{"no default", "    defaultSeed: small\n", "", "spec.database.defaultSeed", "several seeds need a default: choose anonymised, small"},
		{"unknown default", "defaultSeed: small", "defaultSeed: large", "spec.database.defaultSeed", "no seed"},
		{"default for admins", "defaultSeed: small", "defaultSeed: anonymised", "spec.database.seeds.anonymised.role", "everybody"},
		{"host", "pg.databases.svc", "pg:5432", "spec.database.server.host", "not a host"},
		{"secret", "secret: database-admin", "secret: ''", "spec.database.server.admin.secret", "name of a Secret"},
		{"group", "group: shop_app", "group: 'shop app'", "spec.database.group", "role of the server"},
		{"most", "most: 2", "most: -1", "spec.database.snapshots.most", "at least 1"},
		{"role", "most: 2", "most: 2, role: viewer", "spec.database.snapshots.role", "user or admin"},
		{"onPush", "    migrate:", "    reset: {onPush: always}\n    migrate:", "spec.database.reset.onPush", "not an effect"},
		{"onMigrationChange", ", files: db/migrate", "", "spec.database.reset.onPush", "requires migrate.files"},
		{"service", "service: frontend", "service: web", "spec.database.migrate.service", "no service"},
		{"command", "command: [bin/migrate]", "command: []", "spec.database.migrate.command", "is empty"},
		{"files", "files: db/migrate", "files: /db", "spec.database.migrate.files", "not a path"},
	} {
		text := strings.Replace(database, tt.old, tt.new, 1)
		if tt.name == "onMigrationChange" {
			text = strings.Replace(text, "    migrate:", "    reset: {onPush: onMigrationChange}\n    migrate:", 1)
		}
		_, err := project.Parse([]byte(shop + text))
		problems := staging.ProblemsOf(err)
		if len(problems) != 1 || problems[0].Field != tt.field || !strings.Contains(problems[0].Message, tt.message) || problems[0].Line == 0 {
			t.Errorf("%s: %v; want one problem of %s: %s", tt.name, err, tt.field, tt.message)
		}
	}
}

// A deploy notes the migrations, and resets the data where the project says so; the same
// build again changes nothing.
func TestADeployResetsTheDataWhereTheProjectSaysSo(t *testing.T) {
	for onPush, want := range map[string][]string{
		"keep":              {"1", "1", "1", "1"},
		"reset":             {"1", "2", "2", "3"},
		"onMigrationChange": {"1", "1", "1", "2"},
	} {
		p := parse(t, shop+database+"    reset: {onPush: "+onPush+"}\n")
		var got []string
		s := deployed(t, p, func(a *staging.Action) { a.Migrations = "aaaaaaa" })
		for _, deploy := range []struct{ tag, migrations string }{{"1f2e3d4", "aaaaaaa"}, {"2", "aaaaaaa"}, {"2", "aaaaaaa"}, {"3", "bbbbbbb"}} {
			next, err := p.Apply(&s, staging.Action{Verb: staging.Deploy, Name: "login", Branch: "feature/login", Migrations: deploy.migrations,
				Images: map[string]staging.Build{"frontend": {Image: "registry.example.com/shop/frontend:" + deploy.tag, Commit: deploy.tag}}}, noon)
			if err != nil {
				t.Fatal(err)
			}
			s = next
			got = append(got, string(rune('0'+s.Spec.Data().Number())))
		}
		if diff := cmp.Diff(want, got); diff != "" || s.Spec.Database.Migrated["frontend"] != "bbbbbbb" {
			t.Errorf("%s: generations (-want +got):\n%s, migrations %v", onPush, diff, s.Spec.Database.Migrated)
		}
	}
	p := parse(t, shop+database)
	for migrations, service := range map[string]string{"not a hash": "frontend", "aaaaaaa": "backend"} {
		_, err := p.Apply(&staging.Staging{Name: "login", Spec: staging.Spec{Branch: "feature/login"}}, staging.Action{
			Verb: staging.Deploy, Name: "login", Branch: "feature/login", Migrations: migrations,
			Images: map[string]staging.Build{service: {Image: "registry.example.com/shop/" + service + ":1"}},
		}, noon)
		if staging.CodeOf(err) != staging.CodeInvalid || !strings.Contains(err.Error(), map[string]string{"frontend": "hash of a tree", "backend": "service frontend"}[service]) {
			t.Errorf("--migrations %s with %s: %v", migrations, service, err)
		}
	}
}

// The role follows from what changes, whichever verb changes it.
func TestRoleOfAChangeOfData(t *testing.T) {
	p := parse(t, shop+strings.Replace(database, "snapshots: {most: 2}", "snapshots: {role: admin}", 1))
	base := staging.Database{From: "seed/small", Template: "shop_seed_small_12", Snapshots: map[string]staging.Snapshot{"a": {Generation: 1}}}
	for name, tt := range map[string]struct {
		edit func(*staging.Database)
		want project.Role
	}{
		"nothing":         {func(*staging.Database) {}, ""},
		"migrations":      {func(d *staging.Database) { d.Migrated = map[string]string{"frontend": "aaaaaaa"} }, ""},
		"reset":           {func(d *staging.Database) { d.Generation = 2 }, project.RoleUser},
		"seed for admins": {func(d *staging.Database) { d.Generation, d.From = 2, "seed/anonymised" }, project.RoleAdmin},
		"restore":         {func(d *staging.Database) { d.Generation, d.From = 2, "snapshot/a" }, project.RoleAdmin},
		"forget":          {func(d *staging.Database) { d.Snapshots = nil }, project.RoleAdmin},
	} {
		before, after := staging.Staging{Name: "login"}, staging.Staging{Name: "login"}
		old, next := base, base
		tt.edit(&next)
		before.Spec.Database, after.Spec.Database = &old, &next
		if got := p.DataRole(&before, after); got != tt.want {
			t.Errorf("%s: the role %q, want %q", name, got, tt.want)
		}
	}
}

// A rollback keeps the data; a deleted staging starts from its seed again, as another
// generation.
func TestDataAfterARollback(t *testing.T) {
	p := parse(t, shop+database)
	old := deployed(t, p, func(a *staging.Action) { a.Migrations = "aaaaaaa" })
	current, err := p.Apply(&old, staging.Action{Verb: staging.ResetData, Name: "login", Seed: "anonymised"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	current.Spec.Database.Migrated = map[string]string{"frontend": "bbbbbbb"}
	if got := p.NewerMigrations(old, current); !strings.Contains(got, "updated for 1f2e3d4 since") {
		t.Errorf("warning: %q", got)
	}
	if kept := p.RestoredData(old, &current, false, noon); kept.Number() != 2 || kept.Migrated["frontend"] != "aaaaaaa" {
		t.Errorf("kept: %+v", kept)
	}
	if back := p.RestoredData(old, &current, true, noon); back.Number() != 1 {
		t.Errorf("with data: %+v", back)
	}
	current.Spec.Database.From = "snapshot/a"
	if fresh := p.RestoredData(current, nil, false, noon); fresh.Number() != 3 || fresh.From != "seed/small" || fresh.Before != nil || fresh.Since == nil {
		t.Errorf("of a deleted staging: %+v", fresh)
	}
}

// A project without a database says so, to lint and to the verbs of the data.
func TestAProjectWithoutADatabase(t *testing.T) {
	text := shop + "  database: {kind: none}\n"
	p := parse(t, text)
	if problems := p.Ineffective([]byte(text)); len(problems) > 0 {
		t.Errorf("lint: %v", problems)
	}
	s := deployed(t, p, nil)
	_, err := p.Apply(&s, staging.Action{Verb: staging.ResetData, Name: s.Name}, staging.Attribution{})
	if err == nil || !strings.Contains(err.Error(), "have no database") {
		t.Errorf("reset: %v", err)
	}
}
