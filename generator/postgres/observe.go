package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"octopod/generator/database"
)

// found is a database of the family on the server.
type found struct {
	Name        string
	Comment     string
	Connections bool // the server accepts them
	Invalid     bool // DROP DATABASE was interrupted
	Own         bool // the provisioner owns it
	Now         time.Time
}

const familyQuery = `
SELECT datname, coalesce(shobj_description(oid, 'pg_database'), ''), datallowconn, datconnlimit = -2,
       pg_get_userbyid(datdba) = current_user, now()
FROM pg_database WHERE left(datname, length($1)) = $1`

// family returns the databases of the server in the family of name.
func (s *session) family(ctx context.Context, name string) (all []found, err error) {
	rows, _ := s.Query(ctx, familyQuery, name) // CollectRows returns the error
	near, err := pgx.CollectRows(rows, pgx.RowToStructByPos[found])
	for _, f := range near {
		if database.InFamily(name, f.Name) {
			all = append(all, f)
		}
	}
	return all, faultOf(ctx, err, "reading the databases of the server")
}

// observe returns what the server holds of a staging's database, and its role.
func (s *session) observe(ctx context.Context, w database.Wanted) (o database.Observed, role roleState, err error) {
	if role, err = s.role(ctx, w); err != nil {
		return o, role, err
	}
	all, err := s.family(ctx, w.Name)
	if err != nil {
		return o, role, err
	}
	o.Copies = map[string]database.Copy{}
	for _, f := range all {
		o.Copies[f.Name] = f.copyOf(w, role)
	}
	err = s.QueryRow(ctx, "SELECT now(), exists(SELECT FROM pg_database WHERE datname = $1)", w.Seed()).Scan(&o.Now, &o.HasSeed)
	return o, role, faultOf(ctx, err, "reading the seeds of the server")
}

// copyOf classifies a database. Without a mark, only what a killed run leaves is broken:
// a closed copy of the provisioner, beside the database of a role with the mark.
func (f found) copyOf(w database.Wanted, role roleState) database.Copy {
	mark, marked := database.ParseMark(f.Comment)
	ours := marked && mark.Staging == w.Staging && mark.Database == w.Name
	left := f.Comment == "" && f.Name != w.Name && f.Own && !f.Connections && role == roleOurs
	switch {
	case ours && !f.Invalid:
		return database.Copy{State: database.Complete, Mark: mark}
	case ours || left:
		return database.Copy{State: database.Broken}
	}
	return database.Copy{State: database.Foreign}
}
