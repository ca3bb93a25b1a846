package render_test

import (
	"context"
	"testing"
	"time"

	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/staging"
)

// withDatabase is the shop with a database on a shared server, and a migration.
func withDatabase(t testing.TB, engine project.Engine) *project.Project {
	t.Helper()
	return shopWith(t, engine, `  database:
    kind: shared-postgres
    image: registry.example.com/octopod:2
    seeds:
      small: {help: Ten customers., template: shop_seed_small_12}
      anonymised: {help: Production of Sunday., template: shop_seed_20261129, role: user}
    defaultSeed: small
    server: {host: pg.databases.svc, admin: {secret: database-admin}}
    group: shop_app
    limits: {statementTimeout: 60s}
    migrate: {service: backend, command: [bin/migrate, up]}
`)
}

var instant = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// databaseStagings are the cases of the golden files of a project with a database.
func databaseStagings() []staging.Staging {
	wanted := &staging.Database{
		Generation: 3, From: "seed/anonymised", Template: "shop_seed_20261129", Since: &staging.DatabaseChange{At: instant, By: "Anna"},
		Snapshots: map[string]staging.Snapshot{"before-checkout": {Generation: 2, At: instant, By: "Anna", Note: "cart with 3 items"}},
	}
	return []staging.Staging{
		record("database-first", nil),
		record("database-reset", func(s *staging.Spec) { s.Database = wanted }),
		record("database-archived", func(s *staging.Spec) { s.Database, s.State = wanted, staging.Archived }),
		record("database-deleting", func(s *staging.Spec) { s.Database, s.State = wanted, staging.Deleting }),
	}
}

// arrangedShop returns the files of a staging of the shop as they are committed, and the
// objects that they give.
func arrangedShop(t testing.TB, r *render.Renderer, p *project.Project, s staging.Staging) ([]staging.File, []staging.Object) {
	t.Helper()
	params, err := p.Params(s)
	if err != nil {
		t.Fatal(err)
	}
	files, err := r.Arrange(context.Background(), fixedHashes{shopTree(t)}, p, params, source(t, p, s))
	if err != nil {
		t.Fatal(err)
	}
	objects, err := r.Render(context.Background(), fixedHashes{shopTree(t)}, p, s.Name, files)
	if err != nil {
		t.Fatal(err)
	}
	return files, objects
}
