package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"octopod/generator/database"
	"octopod/generator/testenv"
)

// job is the environment of a database Job: a server, the account of its provisioner, and
// the file for the last words.
type job struct {
	*testenv.Postgres
	t            testing.TB
	admin, words string
	repo         string // env repo
}

func newJob(t testing.TB) *job {
	t.Helper()
	j := &job{Postgres: testenv.ServePostgres(t), t: t, admin: t.TempDir(), words: filepath.Join(t.TempDir(), "termination-log")}
	j.Exec(t, "postgres", "CREATE ROLE octopod LOGIN CREATEDB CREATEROLE PASSWORD 'of octopod''s'", "GRANT pg_signal_backend TO octopod",
		"CREATE ROLE shop_app NOLOGIN", "CREATE DATABASE shop_seed_12 OWNER octopod ALLOW_CONNECTIONS false")
	for file, text := range map[string]string{"username": "octopod", "password": "of octopod's\n"} {
		if err := os.WriteFile(filepath.Join(j.admin, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(j.words, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return j
}

// run runs the program as the container does.
func (j *job) run(args ...string) (exit int, stdout string) {
	j.t.Helper()
	env := environ{"PGHOST": j.Host, "PGPORT": j.Port, "PGSSLMODE": "disable"}
	args = append([]string{"database"}, args...)
	args = append(args, "--admin", j.admin, "--patience", "100ms")
	var out bytes.Buffer
	exit = run(j.t.Context(), args, stdio{strings.NewReader(""), &out, j.t.Output()}, env, time.Now)
	return exit, out.String()
}

// ends fails unless a run ends with a code, on stdout and in the file for last words.
func (j *job) ends(exit int, code database.Code, args ...string) {
	j.t.Helper()
	got, out := j.run(append(args, "--last-words", j.words)...)
	log, err := os.ReadFile(j.words)
	var words database.LastWords
	if err != nil || string(log) != out || json.Unmarshal(log, &words) != nil {
		j.t.Fatalf("last words %q, stdout %q, %v", log, out, err)
	}
	if got != exit || words.Code != code || words.Text == "" {
		j.t.Errorf("%s ended with %d and %s, want %d and %s", args, got, log, exit, code)
	}
}

func TestDatabaseJob(t *testing.T) {
	j := newJob(t)
	wanted := database.Wanted{Name: "shop_login", Staging: "shop/login", Generation: 1, Template: "shop_seed_12",
		From: database.Source{Kind: database.FromSeed, Name: "small"}, KeepOld: time.Hour}
	converge := func(generation int, more ...string) []string {
		wanted.Generation = generation
		return slices.Concat([]string{"converge"}, wanted.Arguments(), []string{"--secret", ""}, more)
	}
	full := []string{"--group", "shop_app", "--connections", "7", "--statement-timeout", "60s"}
	j.ends(0, database.Done, converge(1, full...)...)
	j.ends(0, database.Done, converge(2, append(full, "--snapshot", "cart=1@noon")...)...)
	if got := j.databases(); got != "shop_login,"+database.SnapshotCopy("shop_login", "cart")+",shop_login__old,shop_seed_12" {
		t.Errorf("databases %s", got)
	}
	mark := j.Lines(t, "postgres", "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'shop_login'")[0]
	later := regexp.MustCompile(`"began":"[^"]*"`).ReplaceAllString(mark, `"began":"2100-01-01T00:00:00Z"`)
	j.Exec(t, "postgres", "COMMENT ON DATABASE shop_login IS '"+later+"'")
	j.ends(0, database.Superseded, converge(1)...)
	j.Exec(t, "postgres", "COMMENT ON DATABASE shop_login IS '"+mark+"'")
	j.ends(0, database.Done, converge(2, "--keep-old", "0s")...)
	j.ends(4, database.GenerationGone, converge(1)...)
	j.ends(3, database.SeedMissing, converge(3, "--template", "gone")...)
	j.ends(3, database.SnapshotMissing, converge(3, "--from", "snapshot/gone")...)
	j.ends(3, database.GroupMissing, converge(2, "--group", "gone")...)
	j.ends(4, database.NotOurs, converge(2, "--staging", "blog/login")...)
	j.ends(2, database.Usage, converge(0)...)
	j.ends(2, database.Usage, converge(1, "--snapshot", "Cart=1")...)
	j.ends(2, database.Usage, converge(1, "--secret", "database")...) // there is no cluster here
	j.ends(0, database.Done, "drop", "shop_login", "--staging", "shop/login")
	if got := j.databases(); got != "shop_seed_12" {
		t.Errorf("databases %s", got)
	}
	if exit, out := j.run("seeds", "-o", "json"); exit != 0 || !strings.Contains(out, `"name": "shop_seed_12"`) {
		t.Errorf("seeds: %d, %s", exit, out)
	}
	if err := j.Stop(); err != nil {
		t.Fatal(err)
	}
	j.ends(8, database.Unreachable, converge(1)...)
}

// databases lists the databases of the server, but those of every server.
func (j *job) databases() string {
	j.t.Helper()
	return strings.Join(j.Lines(j.t, "postgres", "SELECT datname::text FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1') ORDER BY 1"), ",")
}

// The end of a run without a file for its last words is the same.
func TestDatabaseOutsideACluster(t *testing.T) {
	j := newJob(t)
	missing := filepath.Join(t.TempDir(), "none")
	exit, out := j.run("drop", "shop_login", "--staging", "shop/login", "--last-words", missing)
	if _, err := os.Stat(missing); exit != 0 || !os.IsNotExist(err) || !strings.HasPrefix(out, `{"code":"done"`) {
		t.Errorf("exit code %d, %s, %v", exit, out, err)
	}
	for _, args := range []string{"converge", "converge shop_login", "drop", "drop shop_login", "vanish"} {
		if exit, _ := j.run(strings.Fields(args)...); exit != 2 {
			t.Errorf("%s ends with %d", args, exit)
		}
	}
}

const shopDatabase = `  database:
    kind: shared-postgres
    image: registry.example.com/octopod:2
    seeds: {small: {template: shop_seed_12}}
    server: {host: pg.databases.svc, admin: {secret: database-admin}}
    group: shop_app
`

// A seed is used by octopod.yaml, by a staging, or by the data that an undo returns to.
func TestUnusedSeeds(t *testing.T) {
	j := newJob(t)
	for _, seed := range []string{"shop_seed_11", "shop_seed_13"} {
		j.Exec(t, "postgres", "CREATE DATABASE "+seed+" OWNER octopod ALLOW_CONNECTIONS false")
	}
	j.repo = testenv.EmptyBare(t, filepath.Join(t.TempDir(), "envs.git"))
	j.octopod("init", "--project", "shop", "--base-domain", "staging.example.com")
	work := testenv.WorkTree(t, j.repo, filepath.Join(t.TempDir(), "work"))
	text, err := os.ReadFile(filepath.Join(work, "octopod.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, seed := range []struct{ template, unused string }{{"shop_seed_12", "shop_seed_11 shop_seed_13"}, {"shop_seed_13", "shop_seed_11"}} {
		testenv.Git(t, work, "pull", "--quiet", "--rebase")
		testenv.WriteFile(t, work, "octopod.yaml", string(text)+strings.ReplaceAll(shopDatabase, "shop_seed_12", seed.template))
		testenv.Git(t, work, "commit", "--quiet", "--all", "--message", "the seed "+seed.template)
		testenv.Git(t, work, "push", "--quiet")
		j.octopod("deploy", "--branch", "feature/login") // keeps the seed of its creation
		_, out := j.run("seeds", "--unused", "-o", "jsonpath={.items[*].name}", "--env-repo", j.repo)
		if strings.TrimSpace(out) != seed.unused {
			t.Errorf("with %s: unused %q, want %q", seed.template, out, seed.unused)
		}
	}
}

// A database is unknown if it belongs to the project, and its staging has no record.
func TestUnknownDatabases(t *testing.T) {
	j := newJob(t)
	j.repo = testenv.EmptyBare(t, filepath.Join(t.TempDir(), "envs.git"))
	j.octopod("init", "--project", "shop", "--base-domain", "staging.example.com")
	j.octopod("deploy", "--branch", "feature/login")
	for name, staging := range map[string]string{"shop_login": "shop/login", "shop_gone": "shop/gone", "blog_gone": "blog/gone"} {
		j.ends(0, database.Done, "converge", name, "--staging", staging, "--generation", "1", "--from", "seed/shop_seed_12", "--secret", "")
	}
	for flag, want := range map[string]string{"--unknown": "shop_gone", "--quiet": "blog_gone shop_gone shop_login"} {
		if _, out := j.run("list", flag, "-o", "jsonpath={.items[*].name}", "--env-repo", j.repo); strings.TrimSpace(out) != want {
			t.Errorf("list %s: %q, want %q", flag, out, want)
		}
	}
}

// octopod runs a verb on the env repo.
func (j *job) octopod(args ...string) {
	j.t.Helper()
	args = append(args, "--env-repo", j.repo, "--actor", "Ann <ann@example.com>", "--quiet")
	if exit := run(j.t.Context(), args, stdio{strings.NewReader(""), j.t.Output(), j.t.Output()}, environ{}, time.Now); exit != 0 {
		j.t.Fatalf("octopod %s: exit code %d", args, exit)
	}
}
