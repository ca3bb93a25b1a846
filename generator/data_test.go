package generator_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

const sharedDatabase = `  database:
    kind: shared-postgres
    image: registry.example.com/octopod:2
    seeds:
      small: {template: shop_seed_small_12}
      anonymised: {template: shop_seed_20261129, role: admin}
    defaultSeed: small
    server: {host: pg.databases.svc, admin: {secret: database-admin}}
    group: shop_app
    migrate: {service: backend, command: [bin/migrate], files: db/migrate}
`

// shopWithDatabase returns the sample project with a database of Octopod.
func shopWithDatabase(t testing.TB, engine project.Engine, output project.Output) *fixture {
	t.Helper()
	w := shop(t, engine, output)
	text := string(w.read(project.File))
	w.write(staging.File{Path: project.File, Data: []byte(text + sharedDatabase)})
	return w
}

// databaseJob returns the arguments of the database's Job of a staging, as committed, and
// the value of the pod label that restarts the app.
func databaseJob(t *testing.T, w *fixture, name string) (arguments, label string) {
	t.Helper()
	objects, err := w.Manifests(t.Context(), name, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		var m struct {
			Spec struct {
				Template struct {
					Metadata struct{ Labels map[string]string }
					Spec     struct{ Containers []struct{ Args []string } }
				}
			}
		}
		if err := json.Unmarshal(o.JSON, &m); err != nil {
			t.Fatal(err)
		}
		switch stable := staging.StableName(o.Kind, o.Name); {
		case o.Kind == "Job" && strings.HasPrefix(stable, "database"):
			arguments = strings.Join(m.Spec.Template.Spec.Containers[0].Args, " ")
		case o.Kind == "Deployment" && o.Name == "backend":
			label = m.Spec.Template.Metadata.Labels[project.LabelDatabase]
		}
	}
	return arguments, label
}

func wants(t *testing.T, w *fixture, after, label string, words ...string) {
	t.Helper()
	arguments, got := databaseJob(t, w, "login")
	for _, word := range words {
		if without, refused := strings.CutPrefix(word, "!"); refused == strings.Contains(arguments, strings.TrimPrefix(word, "!")) {
			t.Errorf("after %s: the Job runs %s; want %s (%s)", after, arguments, word, without)
		}
	}
	if got != label {
		t.Errorf("after %s: the app's pods have the label %q, want %q", after, got, label)
	}
}

// The verbs of the data change the Job and restart the app, with both engines and outputs.
// A rollback keeps the data, and git revert of a reset lowers the generation.
func TestTheDataOfAStaging(t *testing.T) {
	for _, kind := range []struct {
		engine project.Engine
		output project.Output
	}{{project.EngineKustomize, project.OutputSource}, {project.EngineKustomize, project.OutputRendered}, {project.EngineJsonnet, project.OutputSource}} {
		t.Run(string(kind.engine)+" "+string(kind.output), func(t *testing.T) {
			w := shopWithDatabase(t, kind.engine, kind.output)
			build := func(tag, migrations string) staging.Action {
				return staging.Action{Verb: staging.Deploy, Name: "login", Branch: "feature/login", Migrations: migrations,
					Images: map[string]staging.Build{"backend": {Image: "registry.example.com/shop/backend:" + tag, Commit: strings.Repeat(tag, 7)}}}
			}
			first := w.do(build("1", "aaaaaaa"))
			wants(t, w, "deploy", "1", "converge shop_login --staging shop/login --generation 1 --from seed/small", "--template shop_seed_small_12")
			w.do(staging.Action{Verb: staging.SnapshotData, Name: "login", Label: "before-checkout", Note: "a cart"})
			wants(t, w, "snapshot", "1", "--snapshot before-checkout=1@2026-11-23T12:02:00Z")
			reset := w.do(staging.Action{Verb: staging.ResetData, Name: "login", Seed: "anonymised", Reason: "refund test"})
			wants(t, w, "reset", "2", "--generation 2 --from seed/anonymised --at 2026-11-23T12:03:00Z --template shop_seed_20261129", "--snapshot before-checkout=1@")
			w.do(build("2", "bbbbbbb"))
			back := w.do(staging.Action{Verb: staging.Rollback, Name: "login", To: first.Revision})
			wants(t, w, "rollback", "2", "--generation 2 --from seed/anonymised")
			if !strings.Contains(back.Note, "the database was updated for 2222222 since") || !strings.Contains(back.Note, "restore before-checkout") {
				t.Errorf("the rollback across a migration notes %q", back.Note)
			}
			w.do(staging.Action{Verb: staging.RestoreData, Name: "login", Label: "before-checkout"})
			wants(t, w, "restore", "3", "--generation 3 --from snapshot/before-checkout", "!--template")
			if err := w.refused(staging.Action{Verb: staging.Undo, Name: "login", To: reset.Revision}); !strings.Contains(err.Error(), "changed again") {
				t.Errorf("undo of an earlier reset: %v", err)
			}
			w.do(staging.Action{Verb: staging.UndoData, Name: "login"})
			wants(t, w, "undo", "2", "--generation 2 --from seed/anonymised --at 2026-11-23T12:03:00Z")
			w.do(staging.Action{Verb: staging.Rollback, Name: "login", To: first.Revision, WithData: true})
			wants(t, w, "rollback with data", "1", "--generation 1 --from seed/small", "!--snapshot")
			w.do(staging.Action{Verb: staging.Archive, Name: "login"})
			if jobs := jobNames(t, w, "login"); len(jobs) != 0 {
				t.Errorf("an archived staging has %v", jobs)
			}
			w.do(staging.Action{Verb: staging.Delete, Name: "login"})
			if jobs := jobNames(t, w, "login"); len(jobs) != 1 {
				t.Errorf("a staging that is deleted has %v", jobs)
			}
			wants(t, w, "delete", "1", "database drop shop_login --staging shop/login")
			w.do(staging.Action{Verb: staging.Delete, Name: "login", Finish: true})
			if w.has("login") {
				t.Error("the record is still there")
			}
			w.do(staging.Action{Verb: staging.Rollback, Name: "login", To: reset.Revision})
			wants(t, w, "rollback of a deleted staging", "3", "--generation 3 --from seed/anonymised", "!--snapshot")
		})
	}
}

// The migration runs the container of its service, once for each version and each reset.
func TestTheMigrationOfAVersion(t *testing.T) {
	for _, engine := range []project.Engine{project.EngineKustomize, project.EngineJsonnet} {
		w := shopWithDatabase(t, engine, project.OutputSource)
		migration := func(a staging.Action) string {
			w.do(a)
			names := jobNames(t, w, "login")
			i := slices.IndexFunc(names, func(name string) bool { return strings.HasPrefix(name, "migrate-") })
			if i < 0 {
				t.Fatalf("%s: after %s there is no migration: %v", engine, a.Verb, names)
			}
			return names[i]
		}
		first := migration(login("1"))
		for what, tt := range map[string]struct {
			does staging.Action
			same bool
		}{
			"1 the same":   {login("1"), true},
			"2 snapshot":   {staging.Action{Verb: staging.SnapshotData, Name: "login", Label: "a"}, true},
			"3 other part": {staging.Action{Verb: staging.Update, Name: "login", Images: map[string]staging.Build{"frontend": {Image: "registry.example.com/shop/frontend:2"}}}, true},
		} {
			if got := migration(tt.does); (got == first) != tt.same {
				t.Errorf("%s: after %s the migration is %s, before it was %s", engine, what, got, first)
			}
		}
		seen := map[string]bool{first: true}
		for _, a := range []staging.Action{
			{Verb: staging.Update, Name: "login", Images: map[string]staging.Build{"backend": {Image: "registry.example.com/shop/backend:2"}}},
			{Verb: staging.Set, Name: "login", Set: map[string]string{"LOG_LEVEL": "debug"}},
			{Verb: staging.ResetData, Name: "login"},
		} {
			got := migration(a)
			if seen[got] {
				t.Errorf("%s: after %s the migration does not run again: %s", engine, a.Verb, got)
			}
			seen[got] = true
		}
	}
}

// A reserved seed needs its role, by reset, by rollback and by undo alike.
func TestRolesOfTheData(t *testing.T) {
	w := shopWithDatabase(t, project.EngineKustomize, project.OutputSource)
	w.do(login("1"))
	toAdmins := w.do(staging.Action{Verb: staging.ResetData, Name: "login", Seed: "anonymised"})
	w.do(staging.Action{Verb: staging.ResetData, Name: "login", Seed: "small"})
	user := rights.Actor{Person: staging.Person{Name: "Grace"}, Rights: testRights{role: project.RoleUser}}
	for _, a := range []staging.Action{
		{Verb: staging.ResetData, Name: "login", Seed: "anonymised"}, {Verb: staging.UndoData, Name: "login"},
		{Verb: staging.Rollback, Name: "login", To: toAdmins.Revision, WithData: true},
	} {
		if _, err := w.Apply(t.Context(), change.Request{Action: a, By: user}); staging.CodeOf(err) != staging.CodeForbidden {
			t.Errorf("%s as user: %v", a.Verb, err)
		}
	}
	if _, err := w.Apply(t.Context(), change.Request{Action: staging.Action{Verb: staging.ResetData, Name: "login"}, By: user}); err != nil {
		t.Errorf("a reset to the same seed as user: %v", err)
	}
}

// A jsonnet library of before spec.database leaves out its Job: lint and deploy say so.
func TestAnOldLibraryIsNoStagingWithoutADatabase(t *testing.T) {
	w := shopWithDatabase(t, project.EngineJsonnet, project.OutputSource)
	const library = "jsonnet/octopod.libsonnet"
	w.write(staging.File{Path: library, Data: replaceOnce(t, w.read(library), "local databaseOf(params) = std.get(params, 'database', {});", "local databaseOf(params) = {};")})
	problems, err := w.Lint(t.Context(), nil)
	if !slices.ContainsFunc(problems, func(p staging.Problem) bool { return p.Rule == "database-job" && strings.Contains(p.Message, library) }) {
		t.Errorf("%v, %v", problems, err)
	}
	err = w.refused(staging.Action{Verb: staging.Deploy, Name: "login", Branch: "feature/login"})
	if found := staging.ProblemsOf(err); len(found) != 1 || found[0].Rule != "database-job" {
		t.Errorf("deploy: %v", err)
	}
}
