package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"octopod/generator/database"
	"octopod/generator/testenv"
)

// record is a tracer that keeps every statement.
type record struct{ seen *[]string }

func (r record) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	*r.seen = append(*r.seen, data.SQL)
	return ctx
}

func (record) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// at is a tracer that runs a function before the first statement with a text.
type at struct {
	text string
	once sync.Once
	does func()
}

func (a *at) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if strings.Contains(data.SQL, a.text) {
		a.once.Do(a.does)
	}
	return ctx
}

func (*at) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// convergeWhen converges, and runs a function before the first statement with a text.
func (f *fixture) convergeWhen(w database.Wanted, text string, does func()) error {
	f.t.Helper()
	server := f.server()
	server.Config.Tracer = &at{text: text, does: does}
	return server.Converge(f.t.Context(), w, f.access(), &kept{})
}

// Two runs for one staging at once take turns.
func TestTwoAtOnce(t *testing.T) {
	f := newFixture(t, shared)
	for generation := 1; generation <= 4; generation++ {
		var group sync.WaitGroup
		for range 2 {
			group.Go(func() {
				if err := f.server().Converge(t.Context(), f.wanted("login", generation, "seed/tiny"), f.access(), &kept{}); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	}
	if got := f.contents("login"); len(got) != 2 {
		t.Errorf("databases %v", got)
	}
}

// A run waits for the lock of another run until its time is over.
func TestLockOfAnotherRun(t *testing.T) {
	f := newFixture(t, shared)
	other, err := f.server().open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer other.close()
	if err := other.lock(t.Context(), f.name("login")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := f.server().Converge(ctx, f.wanted("login", 1, "seed/tiny"), f.access(), nil); !hasCode(err, database.Timeout) {
		t.Errorf("a locked database: %v", err)
	}
}

// Twenty stagings start from one seed at once.
func TestTwentyStagingsAtOnce(t *testing.T) {
	f := newFixture(t, shared)
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			if err := f.server().Converge(t.Context(), f.wanted(fmt.Sprint("s", i), 1, "seed/tiny"), f.access(), &kept{}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for i := range 20 {
		if got := f.items(f.name(fmt.Sprint("s", i))); got != "tiny" {
			t.Errorf("staging %d holds %s", i, got)
		}
	}
}

// The app holds a connection, and connects again whenever it can. It stops no reset.
func TestConnectionHeldByTheApp(t *testing.T) {
	f := newFixture(t, shared)
	k := f.converge(f.wanted("login", 1, "seed/tiny"))
	ctx, stop := context.WithCancel(t.Context())
	var app sync.WaitGroup
	for range 3 {
		app.Go(func() {
			for ctx.Err() == nil {
				if conn, err := pgx.Connect(ctx, f.Login(k.User, k.Login.Password, k.Database)); err == nil {
					_, _ = conn.Exec(ctx, "SELECT pg_sleep(10)") // a reset ends it
					_ = conn.Close(context.Background())
				}
			}
		})
	}
	for generation := 2; generation <= 4; generation++ {
		f.converge(f.wanted("login", generation, "seed/big", database.Snapshot{Label: "cart", Generation: generation}))
	}
	f.converge(f.wanted("login", 3, "seed/big"))
	stop()
	app.Wait()
}

// A session that the provisioner may not end holds the database: the reset is refused, the
// staging goes on, and the next run succeeds.
func TestSessionOfASuperuser(t *testing.T) {
	f := newFixture(t, shared)
	k := f.converge(f.wanted("login", 1, "seed/tiny"))
	person := f.Connect(t, f.Superuser(k.Database))
	server := f.server()
	server.Patience = 200 * time.Millisecond
	if err := server.Converge(t.Context(), f.wanted("login", 2, "seed/big"), f.access(), k); !hasCode(err, database.InUse) {
		t.Errorf("a database in use: %v", err)
	}
	f.add(k, "still here")
	_ = person.Close(t.Context())
	f.converge(f.wanted("login", 2, "seed/big"))
}

func TestSeedInUse(t *testing.T) {
	f := newFixture(t, shared)
	f.Exec(t, "postgres", "ALTER DATABASE "+f.seedName("tiny")+" ALLOW_CONNECTIONS true")
	person := f.Connect(t, f.Superuser(f.seedName("tiny")))
	server := f.server()
	server.Patience = 200 * time.Millisecond
	if err := server.Converge(t.Context(), f.wanted("login", 1, "seed/tiny"), f.access(), nil); !hasCode(err, database.InUse) {
		t.Errorf("a seed in use: %v", err)
	}
	if err := person.Ping(t.Context()); err != nil {
		t.Errorf("the session in the seed was ended: %v", err)
	}
}

// What is not Octopod's stays as it is, whatever the record wants.
func TestNotOurs(t *testing.T) {
	f := newFixture(t, shared)
	taken := func(kind string) string { return f.name(kind) }
	f.Exec(t, "postgres",
		"CREATE DATABASE "+taken("theirs"),
		"CREATE ROLE "+taken("person")+" LOGIN",
		"CREATE DATABASE "+taken("half")+"__new",
		"CREATE DATABASE "+taken("closed")+"__new OWNER "+f.prefix+"_octopod ALLOW_CONNECTIONS false")
	for _, staging := range []string{"theirs", "person", "half", "closed"} {
		before := f.Lines(t, "postgres", "SELECT datname::text, oid FROM pg_database ORDER BY 1")
		f.refused(f.wanted(staging, 1, "seed/tiny"), database.NotOurs)
		if err := f.server().Drop(t.Context(), f.wanted(staging, 1, "seed/tiny")); err != nil {
			t.Errorf("drop of %s: %v", staging, err)
		}
		if after := f.Lines(t, "postgres", "SELECT datname::text, oid FROM pg_database ORDER BY 1"); strings.Join(before, ",") != strings.Join(after, ",") {
			t.Errorf("%s: databases\n%v\nwere\n%v", staging, after, before)
		}
	}
	f.converge(f.wanted("mine", 1, "seed/tiny"))
	other := f.wanted("mine", 2, "seed/big")
	other.Staging = "blog/mine"
	f.refused(other, database.NotOurs)
	if err := f.server().Drop(t.Context(), other); err != nil || f.items(f.name("mine")) != "tiny" {
		t.Errorf("drop for another staging: %v", err)
	}
}

func TestSeedMissing(t *testing.T) {
	f := newFixture(t, shared)
	f.refused(f.wanted("login", 1, "seed/gone"), database.SeedMissing)
	if left := f.golden("login"); left != "" {
		t.Errorf("the refusal left %s", left)
	}
	f.converge(f.wanted("login", 1, "seed/tiny"))
	before := f.golden("login")
	f.refused(f.wanted("login", 2, "seed/gone"), database.SeedMissing)
	if err := f.convergeWhen(f.wanted("login", 2, "seed/big"), "CREATE DATABASE", func() {
		f.Exec(t, "postgres", "DROP DATABASE "+f.seedName("big"))
	}); !hasCode(err, database.SeedMissing) {
		t.Errorf("a seed that is dropped meanwhile: %v", err)
	}
	if after := f.golden("login"); after != before {
		t.Errorf("the refusals changed\n%s\nto\n%s", before, after)
	}
}

// A new seed takes the name of the old one while a staging starts from it.
func TestSeedReplacedMeanwhile(t *testing.T) {
	f := newFixture(t, shared)
	if err := f.convergeWhen(f.wanted("login", 1, "seed/tiny"), "CREATE DATABASE", func() {
		f.Exec(t, "postgres",
			"ALTER DATABASE "+f.seedName("tiny")+" RENAME TO "+f.seedName("before"),
			"ALTER DATABASE "+f.seedName("big")+" RENAME TO "+f.seedName("tiny"))
	}); err != nil {
		t.Fatal(err)
	}
	if got := f.items(f.name("login")); got != "big" {
		t.Errorf("the staging holds %s", got)
	}
}

func TestSeeds(t *testing.T) {
	f := newFixture(t, shared)
	f.converge(f.wanted("login", 1, "seed/tiny", database.Snapshot{Label: "cart", Generation: 1}))
	seeds, err := f.server().Seeds(t.Context())
	var own []string
	for _, s := range seeds {
		if strings.HasPrefix(s.Name, f.prefix) {
			own = append(own, s.Name)
			if s.Size < 1<<20 {
				t.Errorf("%s has %d bytes", s.Name, s.Size)
			}
		}
	}
	made, errMade := f.server().Made(t.Context())
	var copies []string
	for _, m := range made {
		if m.Staging == "shop/login" && strings.HasPrefix(m.Name, f.prefix) && m.Size > 1<<20 {
			copies = append(copies, m.Name)
		}
	}
	if got := strings.Join(copies, ","); errMade != nil || got != f.name("login")+","+database.SnapshotCopy(f.name("login"), "cart") {
		t.Errorf("databases of Octopod %s, %v", got, errMade)
	}
	if got := strings.Join(own, ","); err != nil || got != f.seedName("big")+","+f.seedName("tiny") {
		t.Errorf("seeds %s, %v", got, err)
	}
}

// The server goes away before each statement in turn, comes back, and the next run ends well.
func TestServerAway(t *testing.T) {
	f := newFixture(t, testenv.ServePostgres(t))
	f.converge(f.wanted("login", 1, "seed/tiny"))
	for i, text := range []string{"pg_advisory_lock", "CREATE DATABASE", "COMMENT ON DATABASE", "DROP DATABASE", "RENAME TO", "commit"} {
		next := f.wanted("login", 2+i, "seed/big")
		err := f.convergeWhen(next, text, func() {
			if err := f.Stop(); err != nil {
				t.Error(err)
			}
		})
		if !hasCode(err, database.Unreachable) {
			t.Errorf("the server goes away before %s: %v", text, err)
		}
		if err := f.Start(); err != nil {
			t.Fatal(err)
		}
		f.converge(next)
		if got := f.contents("login")[f.name("login")]; got != "big" {
			t.Errorf("the staging holds %s", got)
		}
	}
}

// A server that does not answer is reported after the patience.
func TestServerDoesNotAnswer(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	host, port, _ := net.SplitHostPort(silent.Addr().String())
	for address, code := range map[string]database.Code{
		"host=127.0.0.1 port=1":           database.Unreachable,
		"host=database.invalid port=5432": database.Unreachable,
		"host=" + host + " port=" + port:  database.Timeout, // accepts and says nothing
	} {
		server, err := Parse(address+" user=octopod sslmode=disable", 100*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		err = server.Converge(ctx, database.Wanted{Name: "shop_login", Staging: "shop/login", Generation: 1, From: database.Source{Kind: database.FromSeed, Name: "tiny"}}, Access{}, nil)
		cancel()
		if !hasCode(err, code) {
			t.Errorf("%s: %v, want %s", address, err, code)
		}
	}
}

// A slow server delays a run, and the time limit ends it without harm.
func TestSlowServer(t *testing.T) {
	f := newFixture(t, shared)
	f.converge(f.wanted("login", 1, "seed/tiny"))
	before := f.golden("login")
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	server := f.server()
	server.Config.Tracer = &at{text: "RENAME TO", does: func() { <-ctx.Done() }}
	if err := server.Converge(ctx, f.wanted("login", 2, "seed/big"), f.access(), nil); !hasCode(err, database.Timeout) {
		t.Errorf("a slow server: %v", err)
	}
	first, _, _ := strings.Cut(before, "\n")
	if now := f.golden("login"); !strings.HasPrefix(now, first+"\n") { // a copy may be beside it
		t.Errorf("after the timeout\n%s\nwas\n%s", now, before)
	}
	f.converge(f.wanted("login", 2, "seed/big"))
}

func TestReadOnlyServer(t *testing.T) {
	f := newFixture(t, shared)
	w := f.wanted("login", 1, "seed/tiny")
	f.Exec(t, "postgres", "ALTER ROLE "+f.prefix+"_octopod SET default_transaction_read_only = on")
	f.refused(w, database.ServerReadOnly)
	f.Exec(t, "postgres", "ALTER ROLE "+f.prefix+"_octopod RESET default_transaction_read_only")
	f.converge(w)
}

func TestWrongAccount(t *testing.T) {
	f := newFixture(t, shared)
	f.Exec(t, "postgres", "ALTER ROLE "+f.prefix+"_octopod NOCREATEDB")
	f.refused(f.wanted("login", 1, "seed/tiny"), database.Denied)
	server, err := Parse(f.Login(f.prefix+"_octopod", "wrong", "postgres"), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.open(t.Context()); !hasCode(err, database.Denied) {
		t.Errorf("a wrong password: %v", err)
	}
}

// The data of the staging lie on a file system that a copy fills.
func TestFullServer(t *testing.T) {
	small := smallDisk(t, "40m")
	f := newFixture(t, testenv.ServePostgres(t, "log_min_messages=panic"))
	f.Exec(t, "postgres", "CREATE TABLESPACE small LOCATION '"+small+"'")
	f.Exec(t, "postgres", "ALTER DATABASE "+f.seedName("tiny")+" SET TABLESPACE small")
	f.converge(f.wanted("login", 1, "seed/tiny"))
	before, filler := f.golden("login"), filepath.Join(small, "filler")
	fill(t, filler)
	f.refused(f.wanted("login", 2, "seed/tiny"), database.ServerFull)
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if after := f.golden("login"); after != before {
		t.Errorf("a full server changed\n%s\nto\n%s", before, after)
	}
	f.converge(f.wanted("login", 2, "seed/tiny"))
}

// fill writes a file until the file system is full.
func fill(t *testing.T, file string) {
	t.Helper()
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	for err == nil {
		_, err = out.Write(make([]byte, 1<<16))
	}
}

// smallDisk mounts a file system of a size for the server.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root may mount a small disk")
	}
	dir, err := os.MkdirTemp("", "octopod-small-disk-")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size+",uid=65534", "tmpfs", dir).CombinedOutput(); err != nil {
		_ = os.Remove(dir)
		t.Skipf("no small disk here: %v %s", err, out)
	}
	t.Cleanup(func() {
		if err := errors.Join(exec.Command("umount", "--lazy", dir).Run(), os.Remove(dir)); err != nil {
			t.Error(err)
		}
	})
	return dir
}
