package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

// Server is a PostgreSQL server, and how to sign in as its provisioner.
type Server struct {
	Config   *pgx.ConnConfig
	Patience time.Duration // how long a run waits for a server to answer, and for sessions to end
}

// Parse returns the server of a connection string with the keywords of libpq.
func Parse(settings string, patience time.Duration) (*Server, error) {
	config, err := pgx.ParseConfig(settings)
	if err != nil {
		return nil, err
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: time.Second}
	}
	for name, value := range sessionSettings {
		config.RuntimeParams[name] = value
	}
	return &Server{Config: config, Patience: patience}, nil
}

// sessionSettings hold for the whole session. The server ends a statement soon after its
// client died, so that the next run does not wait for it.
var sessionSettings = map[string]string{
	"application_name":                 "octopod",
	"client_connection_check_interval": "500ms",
	"search_path":                      "pg_catalog",
	"statement_timeout":                "0",
	"lock_timeout":                     "0",
}

// session is one connection of the provisioner.
type session struct {
	*pgx.Conn
	server *Server
	began  time.Time // by the clock of the server
}

// begin notes when the run began, before it waits for others.
func (s *session) begin(ctx context.Context) error {
	return faultOf(ctx, s.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&s.began), "reading the clock of the server")
}

// open connects, and tries again while the server does not answer.
func (s *Server) open(ctx context.Context) (*session, error) {
	for end := time.Now().Add(s.Patience); ; {
		conn, err := pgx.ConnectConfig(ctx, s.Config)
		if err == nil {
			return &session{Conn: conn, server: s}, nil
		}
		if fault := faultOf(ctx, err, "connecting to the server"); !isUnreachable(fault) || time.Now().After(end) {
			return nil, fault
		}
		if !pause(ctx, time.Second) {
			return nil, faultOf(ctx, err, "connecting to the server")
		}
	}
}

// close ends the session, and with it the lock.
func (s *session) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = s.Close(ctx) // the session ends either way
}

// lock holds the advisory lock of a database until the session ends.
func (s *session) lock(ctx context.Context, name string) error {
	_, err := s.Exec(ctx, "SELECT pg_advisory_lock($1)", lockKey(name))
	return faultOf(ctx, err, "waiting for another run of the database "+name)
}

// tryLock is lock without waiting. It reports whether the session holds the lock.
func (s *session) tryLock(ctx context.Context, name string) (held bool, err error) {
	return held, s.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", lockKey(name)).Scan(&held)
}

func lockKey(name string) int64 {
	sum := sha256.Sum256([]byte("octopod database " + name))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// do executes statements in one transaction.
func (s *session) do(ctx context.Context, statements ...string) error {
	if len(statements) == 1 {
		_, err := s.Exec(ctx, statements[0])
		return err
	}
	return pgx.BeginFunc(ctx, s.Conn, func(tx pgx.Tx) error {
		for _, statement := range statements {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

// pause waits. It reports false if the context ended first.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// quote returns a name as an identifier of SQL.
func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
