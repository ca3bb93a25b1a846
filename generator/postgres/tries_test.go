package postgres

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"octopod/generator/database"
)

// A staging tries to leave its own database. Each try ends with the code of PostgreSQL for it.
func TestStagingCannotLeaveItsDatabase(t *testing.T) {
	f := newFixture(t, shared)
	login, search := f.converge(f.wanted("login", 1, "seed/tiny")), f.converge(f.wanted("search", 1, "seed/tiny"))
	f.add(search, "secret")
	own := func(name string) string { return f.Login(login.User, login.Login.Password, name) }
	theirs, group, octopod := f.name("search"), f.prefix+"_app", f.prefix+"_octopod"
	f.Exec(t, f.name("login"), "CREATE EXTENSION dblink", "CREATE EXTENSION postgres_fdw")
	hold := f.Connect(t, f.Login(search.User, search.Login.Password, theirs))

	for _, try := range []struct{ settings, code string }{
		{own(theirs), "42501"},
		{own(f.seedName("tiny")), "55000"},
		{own("postgres"), "42501"},
		{own("template1"), "42501"},
		{f.Login(search.User, login.Login.Password, theirs), "28P01"},
		{f.Login(octopod, login.Login.Password, "postgres"), "28P01"},
	} {
		if _, err := pgx.Connect(t.Context(), try.settings); !isReply(err, try.code) {
			t.Errorf("connecting with %s: %v, want %s", try.settings, err, try.code)
		}
	}
	conn := f.Connect(t, own(f.name("login")))
	var pid uint32 = hold.PgConn().PID()
	for _, role := range []string{"SET ROLE " + group, "RESET ROLE", "SET ROLE " + f.name("login")} {
		for _, try := range []struct{ sql, code string }{
			{"DROP DATABASE " + theirs, "42501"},
			{"DROP DATABASE " + f.name("login"), "42501"},
			{"ALTER DATABASE " + theirs + " RENAME TO mine", "42501"},
			{"ALTER DATABASE " + f.name("login") + " CONNECTION LIMIT 1", "42501"},
			{"CREATE DATABASE mine", "42501"},
			{"CREATE DATABASE mine TEMPLATE " + theirs, "42501"},
			{"CREATE ROLE mine", "42501"},
			{"SET ROLE " + theirs, "42501"},
			{"SET ROLE " + octopod, "42501"},
			{"SET SESSION AUTHORIZATION " + theirs, "42501"},
			{"GRANT " + theirs + " TO " + f.name("login"), "42501"},
			{"COPY (SELECT 1) TO PROGRAM 'id'", "42501"},
			{"SELECT pg_read_file('PG_VERSION')", "42501"},
			{"SELECT * FROM pg_authid", "42501"},
			{"SELECT * FROM dblink('dbname=" + theirs + "', 'SELECT item FROM cart') AS t (item text)", "2F003"},
			{"CREATE SERVER theirs FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname '" + theirs + "')", "42501"},
			{fmt.Sprintf("SELECT pg_terminate_backend(%d)", pid), "42501"},
			{"ALTER ROLE " + group + " LOGIN", "42501"},
			{"DROP ROLE " + group, "42501"},
			{"REASSIGN OWNED BY " + octopod + " TO " + f.name("login"), "42501"},
			{"ALTER ROLE " + f.name("login") + " CONNECTION LIMIT 100", "42501"},
		} {
			if _, err := conn.Exec(t.Context(), role); err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Exec(t.Context(), try.sql); !isReply(err, try.code) {
				t.Errorf("%s; %s: %v, want %s", role, try.sql, err, try.code)
			}
		}
	}
	// PostgreSQL answers this with a warning only: the group has other rights there.
	rights := func() string {
		return fmt.Sprint(f.Lines(t, "postgres", "SELECT datacl::text FROM pg_database WHERE datname = '"+theirs+"'"))
	}
	before := rights()
	if _, err := conn.Exec(t.Context(), "GRANT CONNECT ON DATABASE "+theirs+" TO "+f.name("login")); err == nil && rights() != before {
		t.Errorf("a staging grants itself rights: %s, before %s", rights(), before)
	}
	var query string
	if err := conn.QueryRow(t.Context(), "SELECT query FROM pg_stat_activity WHERE pid = $1", pid).Scan(&query); err != nil || query != "<insufficient privilege>" {
		t.Errorf("the query of another staging is %q, %v", query, err)
	}
	if got := f.items(theirs); got != "secret,tiny" {
		t.Errorf("the other staging holds %s", got)
	}
}

// The number of connections is a limit, and the time of a statement a default.
func TestLimitsOfAStaging(t *testing.T) {
	f := newFixture(t, shared)
	k, access := &kept{}, Access{Group: f.prefix + "_app", Connections: 2, StatementTimeout: 200e6}
	if err := f.server().Converge(t.Context(), f.wanted("login", 1, "seed/tiny"), access, k); err != nil {
		t.Fatal(err)
	}
	settings := f.Login(k.User, k.Login.Password, k.Database)
	first := f.Connect(t, settings)
	f.Connect(t, settings)
	if _, err := pgx.Connect(t.Context(), settings); !isReply(err, "53300") {
		t.Errorf("the third connection: %v", err)
	}
	if _, err := first.Exec(t.Context(), "SELECT pg_sleep(60)"); !isReply(err, "57014") {
		t.Errorf("a long statement: %v", err)
	}
	var user, role string
	if err := first.QueryRow(t.Context(), "SELECT session_user, current_user").Scan(&user, &role); err != nil || user != f.name("login") || role != f.prefix+"_app" {
		t.Errorf("the session is of %s as %s, %v", user, role, err)
	}
}

// The password reaches the server only as a hash that the server accepts.
func TestServerLogsNoPassword(t *testing.T) {
	f := newFixture(t, shared)
	var seen []string
	server := f.server()
	server.Config.Tracer = record{&seen}
	k := &kept{}
	if err := server.Converge(t.Context(), f.wanted("login", 1, "seed/tiny"), f.access(), k); err != nil {
		t.Fatal(err)
	}
	if len(seen) < 10 || strings.Contains(strings.Join(seen, "\n"), k.Login.Password) {
		t.Errorf("statements with the password %s:\n%s", k.Login.Password, strings.Join(seen, "\n"))
	}
	if len(k.Login.Password) < 26 {
		t.Errorf("the password %s is short", k.Login.Password)
	}
}

// A group with rights on the server would pass them on to every staging.
func TestGroupWithRightsIsRefused(t *testing.T) {
	f := newFixture(t, shared)
	f.Exec(t, "postgres", "CREATE ROLE "+f.prefix+"_strong CREATEDB", "CREATE ROLE "+f.prefix+"_member IN ROLE pg_read_all_data")
	for _, group := range []string{"postgres", f.prefix + "_octopod", f.prefix + "_strong", f.prefix + "_member", "nobody_here"} {
		err := f.server().Converge(t.Context(), f.wanted("login", 1, "seed/tiny"), Access{Group: group}, nil)
		want := database.Denied
		if group == "nobody_here" {
			want = database.GroupMissing
		}
		if !hasCode(err, want) {
			t.Errorf("group %s: %v", group, err)
		}
	}
	if left := f.golden("login"); left != "" {
		t.Errorf("the refusals left %s", left)
	}
	var reply *pgconn.PgError
	if _, err := pgx.Connect(t.Context(), f.Login(f.name("login"), "x", "postgres")); !errors.As(err, &reply) {
		t.Errorf("the role exists: %v", err)
	}
}
