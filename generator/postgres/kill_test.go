package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"octopod/generator/database"
)

// taskVariable makes this program one run of converge, which a test can kill.
const taskVariable = "OCTOPOD_TEST_CONVERGE"

// task is one run in a process of its own.
type task struct {
	Settings string
	Wanted   database.Wanted
	Access   Access
	File     string // of the credentials
	KillAt   int    // the process kills itself before this step; 0 for never
	Drop     bool   // the run drops everything
}

// counter kills its own process before a step: a statement, or an access to credentials.
type counter struct{ left int }

func (c *counter) step() {
	if c.left--; c.left == 0 {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.step()
	return ctx
}

func (c *counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// runTask runs a task in this process.
func runTask(text string) int {
	var t task
	if err := json.Unmarshal([]byte(text), &t); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	server, err := Parse(t.Settings, 30*time.Second)
	if err == nil {
		steps := &counter{t.KillAt}
		server.Config.Tracer = steps
		if t.Drop {
			err = server.Drop(context.Background(), t.Wanted)
		} else {
			err = server.Converge(context.Background(), t.Wanted, t.Access, &kept{file: t.File, before: steps.step})
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// process returns a process that converges to w.
func (f *fixture) process(w database.Wanted, file string, killAt int) *exec.Cmd {
	f.t.Helper()
	return f.processOf(task{f.settings(), w, f.access(), file, killAt, false})
}

func (f *fixture) processOf(one task) *exec.Cmd {
	f.t.Helper()
	text, err := json.Marshal(one)
	if err != nil {
		f.t.Fatal(err)
	}
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), taskVariable+"="+string(text))
	c.Stderr = os.Stderr
	return c
}

// killed reports whether a process ended by SIGKILL; any other end but success fails.
func killed(t testing.TB, err error) bool {
	t.Helper()
	exit, ended := err.(*exec.ExitError)
	if err != nil && (!ended || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL) {
		t.Fatal(err)
	}
	return err != nil
}

// story is a series of records that has every kind of change.
var story = []change{
	{1, "", "seed/tiny", nil},
	{2, "", "seed/big", []database.Snapshot{{Label: "cart", Generation: 1}, {Label: "order", Generation: 2}}}, // before and after the reset
	{1, "", "seed/tiny", []database.Snapshot{{Label: "order", Generation: 2}}},                                // a revert; cart is not wanted
	{3, "", "snapshot/order", []database.Snapshot{{Label: "order", Generation: 2}}},                           // drops the data of generation 2
}

// A run is killed before every statement and every access to the credentials; the next
// process continues to the state of a staging without kills.
func TestKilledBeforeEveryStep(t *testing.T) {
	t.Parallel()
	f := newFixture(t, shared)
	p := pair{f, &kept{}, filepath.Join(t.TempDir(), "credentials")}
	kills := 0
	for killAt, more := 1, true; more; killAt++ {
		more = false
		for i, c := range story {
			p.converge(c)
			if killed(t, f.process(c.of(f, "killed"), p.file, killAt).Run()) {
				kills, more = kills+1, true
				killed(t, f.process(c.of(f, "killed"), p.file, 0).Run())
			}
			p.compare(c, fmt.Sprintf("killed before step %d", killAt))
			p.add(fmt.Sprint("item", i))
		}
		if p.drop(killAt) {
			kills, more = kills+1, true
		}
	}
	if t.Logf("%d kills", kills); kills < 100 {
		t.Errorf("only %d kills", kills)
	}
}

// pair is two stagings with the same records: runs of one are killed.
type pair struct {
	*fixture
	steady *kept
	file   string // of the credentials of the other
}

// converge runs for the staging without kills.
func (p *pair) converge(c change) {
	p.t.Helper()
	if err := p.server().Converge(p.t.Context(), c.of(p.fixture, "steady"), p.access(), p.steady); err != nil {
		p.t.Fatal(err)
	}
}

// compare fails unless both stagings are equal.
func (p *pair) compare(c change, when string) {
	p.t.Helper()
	golden := strings.ReplaceAll(p.golden("steady"), "steady", "killed")
	if now := p.golden("killed"); now != golden {
		p.t.Fatalf("%s, %+v:\n%s\nwant\n%s", when, c, now, golden)
	}
}

// add puts an item into both carts, as the stagings with their own logins.
func (p *pair) add(item string) {
	p.t.Helper()
	p.fixture.add(p.steady, item)
	p.fixture.add(&kept{file: p.file}, item)
}

// drop drops both stagings, one after a kill before a step, and reports whether there was one.
func (p *pair) drop(killAt int) bool {
	p.t.Helper()
	ended := killed(p.t, p.processOf(task{Settings: p.settings(), Wanted: story[0].of(p.fixture, "killed"), KillAt: killAt, Drop: true}).Run())
	for _, staging := range []string{"steady", "killed"} {
		if err := p.server().Drop(p.t.Context(), story[0].of(p.fixture, staging)); err != nil {
			p.t.Fatal(err)
		}
		if left := p.golden(staging); left != "" {
			p.t.Fatalf("drop, killed before step %d, left\n%s", killAt, left)
		}
	}
	*p.steady = kept{}
	_ = os.Remove(p.file) // the first run may not have written it
	return ended
}

// A run is killed at 200 random moments of a random series of records. The next process
// makes the state of a staging without kills.
func TestKilledAtRandomMoments(t *testing.T) {
	t.Parallel()
	f := newFixture(t, shared)
	p := pair{f, &kept{}, filepath.Join(t.TempDir(), "credentials")}
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	records, lasts := story[:1:1], time.Second
	for kills, i := 0, 0; kills < 200; i++ {
		next := records[len(records)-1]
		p.converge(next)
		for range 4 { // a run that ends before its kill leaves nothing to kill
			process, began := f.process(next.of(f, "killed"), p.file, 0), time.Now()
			if err := process.Start(); err != nil {
				t.Fatal(err)
			}
			kill := time.AfterFunc(time.Duration(random.Int64N(int64(lasts))), func() { _ = process.Process.Kill() })
			ended := !killed(t, process.Wait())
			if kill.Stop(); ended {
				lasts = time.Since(began)
				break
			}
			kills++
		}
		killed(t, f.process(next.of(f, "killed"), p.file, 0).Run())
		p.compare(next, fmt.Sprintf("seed %d, record %d", seed, i))
		p.add(fmt.Sprint("item", i))
		records = append(records, randomChange(random, records))
	}
}

// change is a record without its staging.
type change struct {
	generation int
	at, from   string
	snapshots  []database.Snapshot
}

func (c change) of(f *fixture, staging string) database.Wanted {
	w := f.wanted(staging, c.generation, c.from, c.snapshots...)
	w.At = c.at
	return w
}

// randomChange is the record after a verb, or a revert of the last change.
func randomChange(random *rand.Rand, records []change) change {
	next, at := records[len(records)-1], fmt.Sprint("record ", len(records))
	switch verb := random.IntN(5); {
	case verb == 0 && len(records) > 1 && records[len(records)-2].generation+1 == next.generation:
		return records[len(records)-2]
	case verb == 1 && len(next.snapshots) == 0:
		next.snapshots = []database.Snapshot{{Label: "cart", Generation: next.generation, At: at}}
	case verb == 2 && len(next.snapshots) > 0:
		next.generation, next.at, next.from = next.generation+1, at, "snapshot/cart"
	case verb == 3:
		next.snapshots = nil
	default:
		next.generation, next.at, next.from = next.generation+1, at, []string{"seed/tiny", "seed/big"}[random.IntN(2)]
	}
	return next
}
