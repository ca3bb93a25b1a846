package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"octopod/generator/database"
)

// Access is what the role of a staging may do.
type Access struct {
	Group            string        // owns what lies in seeds; "" if the role itself does
	Connections      int           // at most; 0 for any number
	StatementTimeout time.Duration // by default; 0 for none
}

// content returns the role that owns what a staging creates in its database.
func (a Access) content(name string) string {
	if a.Group != "" {
		return a.Group
	}
	return name
}

// roleState is the maker of the role with a staging's name.
type roleState int

const (
	roleMissing roleState = iota
	roleOurs
	roleForeign
)

// role returns the state of a staging's role.
func (s *session) role(ctx context.Context, w database.Wanted) (roleState, error) {
	var text string
	err := s.QueryRow(ctx, "SELECT coalesce(shobj_description(oid, 'pg_authid'), '') FROM pg_roles WHERE rolname = $1", w.Name).Scan(&text)
	switch mark, _ := database.ParseMark(text); {
	case errors.Is(err, pgx.ErrNoRows):
		return roleMissing, nil
	case err != nil:
		return roleMissing, faultOf(ctx, err, "reading the roles of the server")
	case mark == w.RoleMark():
		return roleOurs, nil
	}
	return roleForeign, nil
}

// checkGroup refuses a group that is missing, or whose members could do more on the server
// than use their own database.
func (s *session) checkGroup(ctx context.Context, group string) error {
	if group == "" {
		return nil
	}
	var strong bool
	err := s.QueryRow(ctx, `SELECT rolname = current_user OR rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls
		OR exists(SELECT FROM pg_auth_members WHERE member = pg_roles.oid) FROM pg_roles WHERE rolname = $1`, group).Scan(&strong)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return database.Faultf(database.GroupMissing, "the role %s is not on the server", group)
	case strong:
		return database.Faultf(database.Denied, "the role %s has rights on the whole server, or is a member of another role: use a group that only owns data", group)
	}
	return faultOf(ctx, err, "reading the role "+group)
}

// ensureRole creates the role of a staging and sets its limits.
func (s *session) ensureRole(ctx context.Context, w database.Wanted, state roleState, access Access) error {
	role := quote(w.Name)
	var statements []string
	if state == roleMissing {
		statements = append(statements, "CREATE ROLE "+role+" LOGIN", comment("ROLE", w.Name, w.RoleMark()))
	}
	others, err := s.otherGroups(ctx, w.Name, access.Group)
	if err != nil {
		return err
	}
	for _, group := range others {
		statements = append(statements, fmt.Sprintf("REVOKE %s FROM %s", quote(group), role))
	}
	statements = append(statements, access.statements(role)...)
	return faultOf(ctx, s.do(ctx, statements...), "creating the role "+w.Name)
}

// statements returns the statements that limit a role.
func (a Access) statements(role string) []string {
	limit := a.Connections
	if limit == 0 {
		limit = -1
	}
	statements := []string{fmt.Sprintf("ALTER ROLE %s CONNECTION LIMIT %d", role, limit)}
	if a.StatementTimeout > 0 {
		statements = append(statements, fmt.Sprintf("ALTER ROLE %s SET statement_timeout = '%dms'", role, a.StatementTimeout.Milliseconds()))
	} else {
		statements = append(statements, fmt.Sprintf("ALTER ROLE %s RESET statement_timeout", role))
	}
	if a.Group == "" {
		return append(statements, fmt.Sprintf("ALTER ROLE %s RESET role", role))
	}
	return append(statements, fmt.Sprintf("GRANT %s TO %s", quote(a.Group), role), fmt.Sprintf("ALTER ROLE %s SET role = %s", role, literal(a.Group)))
}

// otherGroups returns the groups that a role is a member of, except one.
func (s *session) otherGroups(ctx context.Context, role, except string) ([]string, error) {
	rows, _ := s.Query(ctx, `SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles r ON r.oid = m.member
		WHERE r.rolname = $1 AND g.rolname <> $2 ORDER BY 1`, role, except) // CollectRows returns the error
	groups, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return groups, faultOf(ctx, err, "reading the groups of "+role)
}

// literal returns a text as a string of SQL.
func literal(text string) string {
	if strings.Contains(text, `\`) {
		return `E'` + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(text) + `'`
	}
	return `'` + strings.ReplaceAll(text, `'`, `''`) + `'`
}
