package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"octopod/generator/database"
	"octopod/generator/testenv"
)

// shared is the server of all tests that neither stop nor fill it.
var shared *testenv.Postgres

func TestMain(m *testing.M) {
	if task := os.Getenv(taskVariable); task != "" {
		os.Exit(runTask(task))
	}
	os.Exit(serveTests(m))
}

func serveTests(m *testing.M) int {
	server, err := testenv.StartPostgres()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer server.Close()
	shared = server
	return m.Run()
}

// fixture is a server with a provisioner, a group and seeds, as docs/databases.md asks for.
type fixture struct {
	*testenv.Postgres
	t      testing.TB
	prefix string // of all databases and roles of this test
}

// newFixture prepares a server for one test. Its names are its own.
func newFixture(t testing.TB, server *testenv.Postgres) *fixture {
	t.Helper()
	f := &fixture{server, t, strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(t.Name()), "_"), "_")}
	if len(f.prefix) > 30 {
		f.prefix = f.prefix[:30]
	}
	f.prefix = strings.TrimRight(f.prefix, "_")
	f.Exec(t, "postgres",
		"CREATE ROLE "+f.prefix+"_octopod LOGIN CREATEDB CREATEROLE PASSWORD 'of-octopod'",
		"GRANT pg_signal_backend TO "+f.prefix+"_octopod",
		"CREATE ROLE "+f.prefix+"_app NOLOGIN",
		"REVOKE CONNECT ON DATABASE postgres FROM PUBLIC", "GRANT CONNECT ON DATABASE postgres TO "+f.prefix+"_octopod",
		"REVOKE CONNECT ON DATABASE template1 FROM PUBLIC")
	f.seed("tiny", "CREATE TABLE cart AS SELECT 'tiny' AS item")
	f.seed("big", "CREATE TABLE cart AS SELECT 'big' AS item")
	return f
}

// seed makes a seed: a closed database of the provisioner, with content of the group.
func (f *fixture) seed(name string, statements ...string) {
	f.t.Helper()
	name = f.seedName(name)
	f.Exec(f.t, "postgres", fmt.Sprintf("CREATE DATABASE %s OWNER %s_octopod", name, f.prefix))
	f.Exec(f.t, name, append([]string{"GRANT CREATE ON SCHEMA public TO " + f.prefix + "_app", "SET ROLE " + f.prefix + "_app"}, statements...)...)
	f.Exec(f.t, "postgres", "ALTER DATABASE "+name+" ALLOW_CONNECTIONS false")
}

func (f *fixture) seedName(name string) string { return f.prefix + "_seed_" + name }
func (f *fixture) name(staging string) string  { return f.prefix + "_" + staging }

// settings is the connection string of the provisioner.
func (f *fixture) settings() string { return f.Login(f.prefix+"_octopod", "of-octopod", "postgres") }

func (f *fixture) server() *Server {
	f.t.Helper()
	s, err := Parse(f.settings(), 5*time.Second)
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

func (f *fixture) access() Access {
	return Access{Group: f.prefix + "_app", Connections: 5, StatementTimeout: time.Minute}
}

// wanted is the record of a staging.
func (f *fixture) wanted(staging string, generation int, from string, snapshots ...database.Snapshot) database.Wanted {
	f.t.Helper()
	source, err := database.ParseSource(from)
	if err != nil {
		f.t.Fatal(err)
	}
	w := database.Wanted{Name: f.name(staging), Staging: "shop/" + staging, Generation: generation, From: source, Snapshots: snapshots, KeepOld: time.Hour}
	if source.Kind == database.FromSeed && !strings.HasPrefix(source.Name, "template") {
		w.Template = f.seedName(source.Name)
	}
	return w
}

// converge runs to the end and returns the credentials.
func (f *fixture) converge(w database.Wanted) *kept {
	f.t.Helper()
	k := &kept{}
	if err := f.server().Converge(f.t.Context(), w, f.access(), k); err != nil {
		f.t.Fatal(err)
	}
	return k
}

// refused runs, and fails unless the run ends with a code.
func (f *fixture) refused(w database.Wanted, code database.Code) {
	f.t.Helper()
	err := f.server().Converge(f.t.Context(), w, f.access(), &kept{})
	var fault *database.Fault
	if !errors.As(err, &fault) || fault.Code != code {
		f.t.Fatalf("the run ended with %v, want %s", err, code)
	}
}

// kept are credentials in memory, or in a file.
type kept struct {
	database.Login
	file   string
	before func() // runs before each access
}

func (k *kept) Password(context.Context) (string, error) {
	k.step()
	if k.file == "" {
		return k.Login.Password, nil
	}
	text, err := os.ReadFile(k.file)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	return k.Login.Password, errors.Join(err, json.Unmarshal(text, &k.Login))
}

func (k *kept) Keep(_ context.Context, login database.Login) error {
	k.step()
	k.Login = login
	if k.file == "" {
		return nil
	}
	text, err := json.Marshal(login)
	return errors.Join(err, os.WriteFile(k.file+".new", text, 0o600), os.Rename(k.file+".new", k.file))
}

func (k *kept) step() {
	if k.before != nil {
		k.before()
	}
}

// items reads the carts of a database, also of a closed copy.
func (f *fixture) items(name string) string {
	f.t.Helper()
	open := f.Lines(f.t, "postgres", "SELECT FROM pg_database WHERE datallowconn AND datname = '"+name+"'")
	if len(open) == 0 {
		f.Exec(f.t, "postgres", "ALTER DATABASE "+name+" ALLOW_CONNECTIONS true")
		defer f.Exec(f.t, "postgres", "ALTER DATABASE "+name+" ALLOW_CONNECTIONS false")
	}
	return strings.Join(f.Lines(f.t, name, "SELECT item FROM cart ORDER BY item"), ",")
}

var times = regexp.MustCompile(`"(replaced|began)":"[^"]*"`)

// golden describes everything that a staging has on the server: databases with their marks,
// rights and content, and roles with their limits.
func (f *fixture) golden(staging string) string {
	f.t.Helper()
	name := f.name(staging)
	lines := f.Lines(f.t, "postgres", fmt.Sprintf(`SELECT datname::text, datallowconn, datacl::text, shobj_description(oid, 'pg_database')
		FROM pg_database WHERE datname = '%[1]s' OR starts_with(datname, '%[1]s__') ORDER BY 1`, name))
	for i, line := range lines {
		copied, _, _ := strings.Cut(line, " ")
		lines[i] = times.ReplaceAllString(line, "$1") + " holds " + f.items(copied)
	}
	lines = append(lines, f.Lines(f.t, "postgres", fmt.Sprintf(`SELECT rolname::text, rolcanlogin, rolconnlimit, rolconfig::text, shobj_description(r.oid, 'pg_authid'),
		(SELECT rolpassword IS NOT NULL FROM pg_authid WHERE oid = r.oid), array(SELECT roleid::regrole::text FROM pg_auth_members WHERE member = r.oid)::text
		FROM pg_roles r WHERE rolname = '%s'`, name))...)
	return strings.Join(lines, "\n")
}

// add puts an item into the cart, as the staging itself.
func (f *fixture) add(k *kept, item string) {
	f.t.Helper()
	password, err := k.Password(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	conn := f.Connect(f.t, f.Login(k.User, password, k.Database))
	if _, err := conn.Exec(f.t.Context(), "INSERT INTO cart VALUES ($1)", item); err != nil {
		f.t.Fatal(err)
	}
	if err := conn.Close(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}
