package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"octopod/generator/database"
)

// walLogLimit is the size up to which CREATE DATABASE copies through the log. Above,
// copying files is faster and writes little log, but it waits for two checkpoints.
const walLogLimit = 200 << 20

// execute takes one step of a plan.
func (s *session) execute(ctx context.Context, w database.Wanted, step database.Step) error {
	switch {
	case step.Copy != nil:
		return faultOf(ctx, s.copy(ctx, w, *step.Copy), fmt.Sprintf("copying %s to %s", step.Copy.From, step.Copy.To))
	case step.Drop != "":
		return faultOf(ctx, s.drop(ctx, step.Drop), "dropping "+step.Drop)
	}
	return faultOf(ctx, s.rename(ctx, step.Renames), "replacing "+w.Name)
}

// copy makes a complete copy: its mark is the last write, in one transaction with the
// closing of the copy to everybody.
func (s *session) copy(ctx context.Context, w database.Wanted, c database.CopyStep) error {
	if c.From == w.Name {
		if err := s.shut(ctx, c.From); err != nil {
			return err
		}
	}
	create := fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s ALLOW_CONNECTIONS false%s", quote(c.To), quote(c.From), s.strategy(ctx, c.From))
	err := s.whenUnused(ctx, c.From, c.From == w.Name, create)
	switch {
	case isReply(err, "3D000"), isReply(err, "55000"): // gone, or half dropped
		return database.Faultf(database.SeedMissing, "the database %s: %w", c.From, err)
	case err != nil:
		return err
	}
	return s.do(ctx, "REVOKE ALL ON DATABASE "+quote(c.To)+" FROM PUBLIC", comment("DATABASE", c.To, c.Mark))
}

// strategy returns the option of CREATE DATABASE for the size of its template.
func (s *session) strategy(ctx context.Context, template string) string {
	var size int64
	switch err := s.QueryRow(ctx, "SELECT pg_database_size($1::name)", template).Scan(&size); {
	case s.version() < 150000 || err != nil: // the provisioner may be without the right to the size
		return ""
	case size > walLogLimit:
		return " STRATEGY file_copy"
	}
	return " STRATEGY wal_log"
}

func (s *session) version() (number int) {
	if _, err := fmt.Sscanf(s.PgConn().ParameterStatus("server_version"), "%d", &number); err != nil {
		return 0
	}
	return number * 10000
}

// drop drops a copy.
func (s *session) drop(ctx context.Context, name string) error {
	return s.whenUnused(ctx, name, true, "DROP DATABASE "+quote(name))
}

// rename takes all renames in one transaction, so that the staging's database has either
// all of its old data or all of its new data.
func (s *session) rename(ctx context.Context, renames []database.Rename) error {
	var statements []string
	for _, r := range renames {
		statements = append(statements, fmt.Sprintf("ALTER DATABASE %s RENAME TO %s", quote(r.From), quote(r.To)))
		if r.Mark != nil {
			statements = append(statements, comment("DATABASE", r.To, *r.Mark))
		}
	}
	first := renames[0].From
	if err := s.shut(ctx, first); err != nil {
		return err
	}
	return s.whenUnused(ctx, first, true, statements...)
}

// shut refuses new connections to a database, and ends the sessions in it.
func (s *session) shut(ctx context.Context, name string) error {
	if err := s.do(ctx, fmt.Sprintf("ALTER DATABASE %s ALLOW_CONNECTIONS false", quote(name))); err != nil {
		return err
	}
	return s.terminate(ctx, name)
}

// terminate ends the sessions in a database, except sessions of superusers.
func (s *session) terminate(ctx context.Context, name string) error {
	_, err := s.Exec(ctx, `SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
		WHERE a.datname = $1 AND a.pid <> pg_backend_pid() AND NOT r.rolsuper`, name)
	return err
}

// whenUnused executes statements for a database as soon as no session is in it. With end it
// ends the sessions that it may end.
func (s *session) whenUnused(ctx context.Context, name string, end bool, statements ...string) error {
	for deadline := time.Now().Add(s.server.Patience); ; {
		err := s.do(ctx, statements...)
		if !isReply(err, "55006") || time.Now().After(deadline) || !pause(ctx, 100*time.Millisecond) {
			return err
		}
		if end {
			if err := s.terminate(ctx, name); err != nil {
				return err
			}
		}
	}
}

// comment returns the statement that writes a mark.
func comment(kind, name string, mark database.Mark) string {
	return fmt.Sprintf("COMMENT ON %s %s IS %s", kind, quote(name), literal(mark.Comment()))
}

// finish opens the database to the role of its staging, and to nobody else.
func (s *session) finish(ctx context.Context, w database.Wanted, access Access) error {
	if err := s.stamp(ctx, w); err != nil {
		return faultOf(ctx, err, "marking "+w.Name)
	}
	name, user := quote(w.Name), quote(access.content(w.Name))
	err := s.do(ctx,
		fmt.Sprintf("REVOKE ALL ON DATABASE %s FROM PUBLIC", name),
		fmt.Sprintf("GRANT CREATE, TEMPORARY ON DATABASE %s TO %s", name, user),
		fmt.Sprintf("ALTER DATABASE %s ALLOW_CONNECTIONS true", name))
	if err == nil && (w.Seed() == "template0" || w.Seed() == "template1") {
		err = s.openSchema(ctx, w.Name, user)
	}
	if err == nil {
		err = s.do(ctx, fmt.Sprintf("GRANT CONNECT ON DATABASE %s TO %s", name, quote(w.Name)))
	}
	return faultOf(ctx, err, "opening "+w.Name)
}

// stamp adds to the mark of a database when this run began: a run that began earlier, and
// waited for this one, must not bring back an older record.
func (s *session) stamp(ctx context.Context, w database.Wanted) error {
	var text string
	err := s.QueryRow(ctx, "SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = $1", w.Name).Scan(&text)
	if err != nil {
		return err
	}
	mark, _ := database.ParseMark(text)
	mark.Began = s.began
	return s.do(ctx, comment("DATABASE", w.Name, mark))
}

// openSchema lets the staging create tables in the schema of an empty database: it belongs
// to the owner of the database, who is the provisioner.
func (s *session) openSchema(ctx context.Context, name, user string) error {
	config := s.server.Config.Copy()
	config.Database = name
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "GRANT USAGE, CREATE ON SCHEMA public TO "+user)
	return errors.Join(err, conn.Close(ctx))
}

// reopen lets the sessions of a staging into its database.
func (s *session) reopen(ctx context.Context, w database.Wanted) error {
	all, err := s.family(ctx, w.Name)
	for _, f := range all {
		if f.Name == w.Name && !f.Connections && f.copyOf(w, roleOurs).State == database.Complete {
			err = s.do(ctx, fmt.Sprintf("ALTER DATABASE %s ALLOW_CONNECTIONS true", quote(f.Name)))
		}
	}
	return err
}
