package postgres

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"octopod/generator/database"
	"octopod/generator/testenv"
)

// A run that waited while a later run did its work changes nothing: neither the data of the
// newer record, nor its snapshots. The next run, of whatever record, counts again.
func TestARunOfBeforeNeverWins(t *testing.T) {
	t.Parallel()
	f := newFixture(t, shared)
	f.converge(f.wanted("login", 1, "seed/tiny"))
	stale, err := f.server().open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer stale.close()
	if err := stale.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.converge(f.wanted("login", 2, "seed/big", database.Snapshot{Label: "cart", Generation: 1}))
	want := f.golden("login")
	if err := stale.lock(t.Context(), f.name("login")); err != nil {
		t.Fatal(err)
	}
	var fault *database.Fault
	if err := stale.converge(t.Context(), f.wanted("login", 1, "seed/tiny"), f.access()); !errors.As(err, &fault) || fault.Code != database.Superseded {
		t.Errorf("the run of before ended with %v", err)
	}
	if got := f.golden("login"); got != want {
		t.Errorf("it changed\n%s\nto\n%s", want, got)
	}
	stale.close()
	f.converge(f.wanted("login", 1, "seed/tiny"))
	if got := f.items(f.name("login")); got != "tiny" {
		t.Errorf("a revert holds %s", got)
	}
}

// The life of a database: each record, then what the staging adds, and what the server holds.
func TestLifeOfADatabase(t *testing.T) {
	f := newFixture(t, shared)
	name := f.name("login")
	cart := database.Snapshot{Label: "cart", Generation: 1}
	snapshot := database.SnapshotCopy(name, "cart")
	var login *kept
	for _, step := range []struct {
		does   string
		wanted database.Wanted
		add    string
		want   map[string]string
	}{
		{"create", f.wanted("login", 1, "seed/tiny"), "a", map[string]string{name: "a,tiny"}},
		{"nothing new", f.wanted("login", 1, "seed/tiny"), "b", map[string]string{name: "a,b,tiny"}},
		{"snapshot", f.wanted("login", 1, "seed/tiny", cart), "c", map[string]string{name: "a,b,c,tiny", snapshot: "a,b,tiny"}},
		{"reset", f.wanted("login", 2, "seed/big", cart), "d", map[string]string{name: "big,d", name + "__old": "a,b,c,tiny", snapshot: "a,b,tiny"}},
		{"revert", f.wanted("login", 1, "seed/tiny", cart), "e", map[string]string{name: "a,b,c,e,tiny", name + "__old": "big,d", snapshot: "a,b,tiny"}},
		{"restore", f.wanted("login", 2, "snapshot/cart", cart), "f", map[string]string{name: "a,b,f,tiny", name + "__old": "a,b,c,e,tiny", snapshot: "a,b,tiny"}},
		{"forget", f.wanted("login", 2, "snapshot/cart"), "", map[string]string{name: "a,b,f,tiny", name + "__old": "a,b,c,e,tiny"}},
	} {
		login = f.converge(step.wanted)
		if step.add != "" {
			f.add(login, step.add)
		}
		if got := f.contents("login"); !equalMaps(got, step.want) {
			t.Errorf("%s: %v, want %v", step.does, got, step.want)
		}
	}
	if err := f.server().Drop(t.Context(), f.wanted("login", 2, "snapshot/cart")); err != nil {
		t.Fatal(err)
	}
	if left := f.golden("login"); left != "" {
		t.Errorf("drop left %s", left)
	}
	if err := f.server().Drop(t.Context(), f.wanted("login", 2, "snapshot/cart")); err != nil {
		t.Errorf("a second drop: %v", err)
	}
}

// contents returns the items of each copy of a staging's database.
func (f *fixture) contents(staging string) map[string]string {
	f.t.Helper()
	all := map[string]string{}
	for _, name := range f.Lines(f.t, "postgres", "SELECT datname::text FROM pg_database WHERE starts_with(datname, '"+f.name(staging)+"')") {
		all[name] = f.items(name)
	}
	return all
}

func equalMaps(a, b map[string]string) bool {
	for name := range a {
		if a[name] != b[name] {
			return false
		}
	}
	return len(a) == len(b)
}

// A revert brings the data back while the old copy is there; then it is refused, and the
// data stay. The sessions of the staging may go on.
func TestRevertAfterTheOldCopyIsGone(t *testing.T) {
	f := newFixture(t, shared)
	f.add(f.converge(f.wanted("login", 1, "seed/tiny")), "mine")
	late := f.wanted("login", 2, "seed/big")
	late.KeepOld = 0
	f.add(f.converge(late), "new")
	before := f.golden("login")
	f.refused(f.wanted("login", 1, "seed/tiny"), database.GenerationGone)
	if after := f.golden("login"); after != before || f.items(f.name("login")) != "big,new" {
		t.Errorf("the refusal changed\n%s\nto\n%s", before, after)
	}
}

// A database of a name with 53 bytes has room for all its copies.
func TestLongestName(t *testing.T) {
	f := newFixture(t, shared)
	staging := strings.Repeat("x", database.MaxName-len(f.prefix)-1)
	for generation := 1; generation <= 3; generation++ {
		f.converge(f.wanted(staging, generation, "seed/tiny", database.Snapshot{Label: strings.Repeat("l", database.MaxLabel), Generation: generation}))
	}
	if names := f.contents(staging); len(names) != 3 {
		t.Errorf("databases %v", names)
	}
	beyond := f.wanted(staging+"x", 1, "seed/tiny")
	if err := beyond.Check(); err == nil {
		t.Errorf("a name of %d bytes is accepted", len(beyond.Name))
	}
}

// An empty database is open to the migrations of the staging.
func TestEmptyDatabase(t *testing.T) {
	f := newFixture(t, shared)
	k := f.converge(f.wanted("login", 1, "seed/template0"))
	conn := f.Connect(t, f.Login(k.User, k.Login.Password, k.Database))
	for _, statement := range []string{"CREATE TABLE cart (item text)", "CREATE SCHEMA more", "CREATE TEMPORARY TABLE t (i int)", "DROP TABLE cart"} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

// The kept password stays the password of the role, also if the role lost it.
func TestCredentialsStay(t *testing.T) {
	f := newFixture(t, shared)
	k := f.converge(f.wanted("login", 1, "seed/tiny"))
	first := k.Login
	f.Exec(t, "postgres", "ALTER ROLE "+f.name("login")+" PASSWORD 'another'")
	if err := f.server().Converge(t.Context(), f.wanted("login", 2, "seed/tiny"), f.access(), k); err != nil {
		t.Fatal(err)
	}
	if k.Login != first {
		t.Errorf("the login changed from %+v to %+v", first, k.Login)
	}
	f.add(k, "signed in")
}

// A staging signs in as the provisioner's connection turned out, whatever mode it prefers.
func TestCredentialsFollowTheEncryption(t *testing.T) {
	for setting, mode := range map[string]string{"ssl=off": "disable", "ssl=on": "require"} {
		f := newFixture(t, testenv.ServePostgres(t, setting))
		server, err := Parse(strings.ReplaceAll(f.settings(), "sslmode=disable", ""), time.Second)
		if err != nil {
			t.Fatal(err)
		}
		k := &kept{}
		if err := server.Converge(t.Context(), f.wanted("login", 1, "seed/tiny"), f.access(), k); err != nil {
			t.Fatal(err)
		}
		if k.SSLMode != mode {
			t.Errorf("with %s the mode is %s", setting, k.SSLMode)
		}
		f.Connect(t, k.Variables()["DATABASE_URL"])
	}
}

// Limits and group of the role follow the project.
func TestAccessChanges(t *testing.T) {
	f := newFixture(t, shared)
	w := f.wanted("login", 1, "seed/tiny")
	f.converge(w)
	f.Exec(t, "postgres", "CREATE ROLE "+f.prefix+"_other NOLOGIN")
	for _, access := range []Access{{Group: f.prefix + "_other", Connections: 7}, {}} {
		if err := f.server().Converge(t.Context(), w, access, &kept{}); err != nil {
			t.Fatal(err)
		}
		want := "7 map[role:" + f.prefix + "_other] [" + f.prefix + "_other]"
		if access.Group == "" {
			want = "-1 map[] []"
		}
		if got := f.limits("login"); got != want {
			t.Errorf("limits %s, want %s", got, want)
		}
	}
}

// limits describes the limits, settings and groups of a staging's role.
func (f *fixture) limits(staging string) string {
	f.t.Helper()
	role := " FROM pg_roles r WHERE rolname = '" + f.name(staging) + "'"
	limit := f.Lines(f.t, "postgres", "SELECT rolconnlimit"+role)
	settings := f.Lines(f.t, "postgres", "SELECT replace(unnest(rolconfig), '=', ':')"+role)
	groups := f.Lines(f.t, "postgres", "SELECT m.roleid::regrole::text FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = '"+f.name(staging)+"'")
	slices.Sort(settings)
	return strings.Join(limit, "") + " map[" + strings.Join(settings, " ") + "] [" + strings.Join(groups, " ") + "]"
}

// A copy above the limit goes through files, one below through the log.
func TestStrategyFollowsTheSize(t *testing.T) {
	f := newFixture(t, shared)
	c, err := f.server().open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if s := c.strategy(t.Context(), f.seedName("tiny")); s != " STRATEGY wal_log" {
		t.Errorf("a small seed is copied by%s", s)
	}
	f.seed("huge", "CREATE TABLE cart AS SELECT repeat(md5(i::text), 30) AS item FROM generate_series(1, 220000) i")
	if s := c.strategy(t.Context(), f.seedName("huge")); s != " STRATEGY file_copy" {
		t.Errorf("a large seed is copied by%s", s)
	}
	f.converge(f.wanted("login", 1, "seed/huge"))
	if got := f.Lines(t, f.name("login"), "SELECT count(*) FROM cart"); got[0] != "220000" {
		t.Errorf("the clone has %v rows", got)
	}
	if err := f.server().Drop(t.Context(), f.wanted("login", 1, "seed/huge")); err != nil {
		t.Fatal(err)
	}
	f.Exec(t, "postgres", "DROP DATABASE "+f.seedName("huge"))
}

// Two stagings migrate one table in opposite ways, and a reset ends a migration that runs.
func TestMigrationsApart(t *testing.T) {
	f := newFixture(t, shared)
	login, search := f.converge(f.wanted("login", 1, "seed/tiny")), f.converge(f.wanted("search", 1, "seed/tiny"))
	migrate := func(k *kept, statement string) *pgx.Conn {
		conn := f.Connect(t, f.Login(k.User, k.Login.Password, k.Database))
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	migrate(login, "ALTER TABLE cart RENAME item TO name")
	migrate(search, "ALTER TABLE cart ADD price int")
	columns := "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'cart'::regclass AND attnum > 0"
	for name, want := range map[string]string{"login": "name", "search": "item,price"} {
		if got := f.Lines(t, f.name(name), columns); got[0] != want {
			t.Errorf("%s has the columns %s, want %s", name, got, want)
		}
	}
	running := migrate(search, "BEGIN; ALTER TABLE cart DROP price")
	f.converge(f.wanted("search", 2, "seed/big"))
	if _, err := running.Exec(t.Context(), "COMMIT"); err == nil {
		t.Error("the migration went on after the reset")
	}
	f.converge(f.wanted("search", 1, "seed/tiny"))
	if got := f.Lines(t, f.name("search"), columns); got[0] != "item,price" {
		t.Errorf("after the undo the columns are %s", got)
	}
}

// The data before a reset stay for keepOld.
func TestOldCopyExpires(t *testing.T) {
	f := newFixture(t, shared)
	f.converge(f.wanted("login", 1, "seed/tiny"))
	f.converge(f.wanted("login", 2, "seed/tiny"))
	if len(f.contents("login")) != 2 {
		t.Errorf("databases %v", f.contents("login"))
	}
	w := f.wanted("login", 2, "seed/tiny")
	w.KeepOld = time.Nanosecond
	f.converge(w)
	if len(f.contents("login")) != 1 {
		t.Errorf("databases %v", f.contents("login"))
	}
}
