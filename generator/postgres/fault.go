package postgres

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"octopod/generator/database"
)

// codes maps the error codes of PostgreSQL, or their classes, to codes of the Job.
var codes = map[string]database.Code{
	"08":    database.Unreachable,
	"25006": database.ServerReadOnly, // also a server in recovery
	"28":    database.Denied,
	"42501": database.Denied,
	"42P04": database.NotOurs, // somebody created the database meanwhile
	"53100": database.ServerFull,
	"53300": database.Unreachable, // too many connections
	"55006": database.InUse,
	"57P":   database.Unreachable, // shutdown, crash, start
}

// faultOf returns an error as a Fault; does describes what failed.
func faultOf(ctx context.Context, err error, does string) error {
	var fault *database.Fault
	if err == nil || errors.As(err, &fault) {
		return err
	}
	return database.Faultf(codeOf(ctx, err), "%s: %w", does, err)
}

func codeOf(ctx context.Context, err error) database.Code {
	var reply *pgconn.PgError
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return database.Timeout
	case ctx.Err() != nil:
		return database.Failed
	case !errors.As(err, &reply):
		return database.Unreachable
	}
	for _, length := range []int{5, 3, 2} {
		if code, known := codes[reply.Code[:length]]; known {
			return code
		}
	}
	return database.Failed
}

func isUnreachable(err error) bool { return hasCode(err, database.Unreachable) }

func hasCode(err error, code database.Code) bool {
	var fault *database.Fault
	return errors.As(err, &fault) && fault.Code == code
}

// isReply reports whether the server answered with an error code.
func isReply(err error, code string) bool {
	var reply *pgconn.PgError
	return errors.As(err, &reply) && strings.HasPrefix(reply.Code, code)
}
