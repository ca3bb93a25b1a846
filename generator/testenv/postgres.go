package testenv

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Postgres is a real PostgreSQL server. Its superuser is postgres, through the socket
// without a password; over TCP every role needs its password.
type Postgres struct {
	Host, Port string
	Socket     string // folder of the Unix socket

	dir      string
	programs string
	settings []string
	running  *exec.Cmd
	input    io.Closer      // the server stops when it closes
	idle     chan *pgx.Conn // of the superuser, in the database postgres
}

// idleSessions is how many sessions of the superuser stay open.
const idleSessions = 4

// PostgresPassword is the password of the superuser over TCP.
const PostgresPassword = "of-the-superuser"

// nobody is an unprivileged user: PostgreSQL refuses to run as root.
const nobody = 65534

// ServePostgres starts a server that stops with the test. A setting has the form name=value;
// ssl=on encrypts connections.
func ServePostgres(t testing.TB, settings ...string) *Postgres {
	t.Helper()
	p, err := StartPostgres(settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() }) // the folder is temporary
	return p
}

// StartPostgres starts a server for several tests; the caller closes it. The server writes
// nothing to the disk at once: tests end its clients, not its machine.
func StartPostgres(settings ...string) (p *Postgres, err error) {
	p = &Postgres{idle: make(chan *pgx.Conn, idleSessions), settings: append([]string{"fsync=off", "full_page_writes=off", "max_connections=80", "log_min_messages=fatal"}, settings...)}
	if p.programs, err = postgresPrograms(); err != nil {
		return nil, err
	}
	// The folder of a test is closed to other users.
	if p.dir, err = os.MkdirTemp("", "octopod-postgres-"); err != nil {
		return nil, err
	}
	p.Socket = p.dir
	if err := errors.Join(p.initialize(), p.Start()); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// postgresPrograms returns the folder with initdb and postgres. Debian has one for each
// version, and none of them in the path.
func postgresPrograms() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if inPath, err := exec.LookPath("postgres"); err == nil {
		found = append(found, inPath)
	}
	if len(found) == 0 {
		return "", errors.New("no program postgres: .ci/needs install")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// command returns a program of the server, run by an unprivileged user.
func (p *Postgres) command(program string, args ...string) *exec.Cmd {
	c := exec.Command(program, args...)
	c.Dir = p.dir
	c.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=" + os.Getenv("PATH")}
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt of the test is not one of the server
	if os.Getuid() == 0 {
		c.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return c
}

func (p *Postgres) data() string { return filepath.Join(p.dir, "data") }

func (p *Postgres) initialize() error {
	password := filepath.Join(p.dir, "password")
	if err := os.WriteFile(password, []byte(PostgresPassword), 0o600); err != nil {
		return err
	}
	if os.Getuid() == 0 {
		if err := errors.Join(os.Chown(p.dir, nobody, nobody), os.Chown(password, nobody, nobody)); err != nil {
			return err
		}
	}
	out, err := p.command(filepath.Join(p.programs, "initdb"), "--pgdata", p.data(), "--username=postgres", "--pwfile", password, "--no-sync",
		"--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8").CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	if err := p.encrypt(); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	p.Host, p.Port, _ = net.SplitHostPort(listener.Addr().String())
	return listener.Close()
}

// encrypt makes a certificate for the server, where it looks for one by default.
func (p *Postgres) encrypt() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	for _, block := range []pem.Block{{Type: "CERTIFICATE", Bytes: certificate}, {Type: "PRIVATE KEY", Bytes: private}} {
		file := filepath.Join(p.data(), map[string]string{"CERTIFICATE": "server.crt", "PRIVATE KEY": "server.key"}[block.Type])
		if err := os.WriteFile(file, pem.EncodeToMemory(&block), 0o600); err != nil {
			return err
		}
		if os.Getuid() == 0 {
			if err := os.Chown(file, nobody, nobody); err != nil {
				return err
			}
		}
	}
	return nil
}

// untilEOF runs a server until its standard input ends: with the test, however the test ends.
const untilEOF = `"$0" "$@" & read -r _; kill -QUIT $!; wait $!`

// Start starts the server again after Stop, at the same address.
func (p *Postgres) Start() error {
	args := []string{"-c", untilEOF, filepath.Join(p.programs, "postgres"), "-D", p.data(), "-k", p.Socket, "-h", p.Host, "-p", p.Port}
	for _, setting := range p.settings {
		args = append(args, "-c", setting)
	}
	log, err := os.OpenFile(filepath.Join(p.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	p.running = p.command("sh", args...)
	p.running.Stdout, p.running.Stderr = log, log
	if p.input, err = p.running.StdinPipe(); err != nil {
		return err
	}
	if err := p.running.Start(); err != nil {
		return err
	}
	for end := time.Now().Add(Timeout); ; {
		conn, err := pgx.Connect(context.Background(), p.Superuser("postgres"))
		if err == nil {
			return conn.Close(context.Background())
		}
		if time.Now().After(end) {
			text, _ := os.ReadFile(log.Name())
			return fmt.Errorf("the server does not start: %w\n%s", err, text)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Stop ends the server at once, as a crash of it does.
func (p *Postgres) Stop() error {
	if p.running == nil {
		return nil
	}
	err := p.input.Close()
	_ = p.running.Wait() // SIGQUIT is no success
	p.running = nil
	return err
}

// Close stops the server and removes its data.
func (p *Postgres) Close() error { return errors.Join(p.Stop(), os.RemoveAll(p.dir)) }

// Superuser returns the connection string of the superuser for a database.
func (p *Postgres) Superuser(database string) string {
	return fmt.Sprintf("host=%s port=%s user=postgres dbname=%s", p.Socket, p.Port, database)
}

// Login returns the connection string of a role over TCP.
func (p *Postgres) Login(user, password, database string) string {
	return fmt.Sprintf("host=%s port=%s user=%s password=%s dbname=%s sslmode=disable", p.Host, p.Port, user, password, database)
}

// Exec executes statements of the superuser in a database.
func (p *Postgres) Exec(t testing.TB, database string, statements ...string) {
	t.Helper()
	conn, done := p.superuser(t, database)
	defer done()
	for _, statement := range statements {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// Lines returns the rows of a query of the superuser, their columns joined by spaces.
func (p *Postgres) Lines(t testing.TB, database, query string) []string {
	t.Helper()
	conn, done := p.superuser(t, database)
	defer done()
	rows, _ := conn.Query(t.Context(), query) // CollectRows returns the error
	lines, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) {
		values, err := row.Values()
		return strings.TrimSuffix(fmt.Sprintln(values...), "\n"), err
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return lines
}

// superuser returns a session of the superuser, and a function that gives it back. The
// sessions in the database postgres stay open for the next caller.
func (p *Postgres) superuser(t testing.TB, database string) (conn *pgx.Conn, done func()) {
	t.Helper()
	if database != "postgres" {
		conn = p.Connect(t, p.Superuser(database))
		return conn, func() { _ = conn.Close(t.Context()) } // the test has its answer
	}
	select {
	case conn = <-p.idle:
	default:
	}
	if conn == nil || conn.IsClosed() || conn.Ping(t.Context()) != nil {
		var err error
		if conn, err = pgx.Connect(t.Context(), p.Superuser(database)); err != nil {
			t.Fatal(err)
		}
	}
	return conn, func() {
		select {
		case p.idle <- conn:
		default:
			_ = conn.Close(t.Context()) // the test has its answer
		}
	}
}

// Connect connects until the end of the test.
func (p *Postgres) Connect(t testing.TB, settings string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) }) // it may be closed or ended already
	return conn
}
