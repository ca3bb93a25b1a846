package postgres

import (
	"context"
	"encoding/json"
	"flag"
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

// moments is how thorough the tests are that kill runs. Each takes minutes with the full number.
var moments = flag.Int("kills", 60, "`number` of random moments at which runs are killed; with 200, runs are also killed before every step, otherwise before every third, from a random one on")

const allKills = 200

// steps returns the steps before which runs are killed: the first of them, and the distance.
func steps(t testing.TB) (first, distance int) {
	distance = 1
	if *moments < allKills {
		distance = 3
	}
	first = 1 + rand.IntN(distance)
	t.Logf("kills before the steps %d, %d, …", first, first+distance)
	return first, distance
}

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

// round is a series of records with every kind of change, from data of generation now.
func round(now int, from string, number int) []change {
	at := fmt.Sprint("round ", number)
	cart, order := database.Snapshot{Label: "cart", Generation: now, At: at}, database.Snapshot{Label: "order", Generation: now + 1, At: at}
	return []change{
		{now + 1, at, "seed/big", []database.Snapshot{cart, order}}, // snapshots before and after the reset
		{now, "", from, []database.Snapshot{order}},                 // a revert, and cart is not wanted
		{now + 2, "", "snapshot/order", []database.Snapshot{order}}, // drops the data of generation now + 1
	}
}

// A run is killed before every statement and every access to the credentials; the next
// process continues to the state of a staging without kills.
func TestKilledBeforeEveryStep(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	start, distance := steps(t)
	kills := p.createAndDrop(start, distance)
	if kills*distance < 20 {
		t.Errorf("only %d kills", kills)
	}
	first := change{generation: 1, from: "seed/tiny"}
	p.converge(first)
	killed(t, p.process(first.of(p.fixture, "killed"), p.file, 0).Run())
	now, from := 1, first.from
	for killAt, more := start, true; more; killAt += distance {
		more = false
		for i, c := range round(now, from, killAt) {
			p.converge(c)
			if killed(t, p.process(c.of(p.fixture, "killed"), p.file, killAt).Run()) {
				kills, more = kills+1, true
				killed(t, p.process(c.of(p.fixture, "killed"), p.file, 0).Run())
			}
			p.compare(c, fmt.Sprintf("killed before step %d", killAt))
			if i < 2 {
				p.add(fmt.Sprint("item", killAt, i))
			}
		}
		now, from = now+2, "snapshot/order"
	}
	if t.Logf("%d kills", kills); kills*distance < 100 {
		t.Errorf("only %d kills", kills)
	}
}

// createAndDrop kills runs that create a database, and runs that drop one, before these steps.
func (p *pair) createAndDrop(start, distance int) (kills int) {
	p.t.Helper()
	first := change{generation: 1, from: "seed/tiny"}
	p.converge(first)
	for killAt, more := start, true; more; killAt += distance {
		more = false
		if killed(p.t, p.process(first.of(p.fixture, "killed"), p.file, killAt).Run()) {
			kills, more = kills+1, true
			killed(p.t, p.process(first.of(p.fixture, "killed"), p.file, 0).Run())
		}
		p.compare(first, fmt.Sprintf("killed before step %d", killAt))
		if p.drop(killAt) {
			kills, more = kills+1, true
		}
	}
	return kills
}

// pair is two stagings with the same records: runs of one are killed.
type pair struct {
	*fixture
	steady *kept
	file   string // of the credentials of the other
}

func newPair(t testing.TB) *pair {
	t.Helper()
	return &pair{newFixture(t, shared), &kept{}, filepath.Join(t.TempDir(), "credentials")}
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

// drop drops the staging with kills, and reports whether this one was killed before a step.
func (p *pair) drop(killAt int) bool {
	p.t.Helper()
	w := p.wanted("killed", 1, "seed/tiny")
	ended := killed(p.t, p.processOf(task{Settings: p.settings(), Wanted: w, KillAt: killAt, Drop: true}).Run())
	if err := p.server().Drop(p.t.Context(), w); err != nil {
		p.t.Fatal(err)
	}
	if left := p.golden("killed"); left != "" {
		p.t.Fatalf("drop, killed before step %d, left\n%s", killAt, left)
	}
	_ = os.Remove(p.file) // a killed run may not have written it
	return ended
}

// A run is killed at random moments of a random series of records. The next process
// makes the state of a staging without kills.
func TestKilledAtRandomMoments(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	records, lasts := []change{{generation: 1, from: "seed/tiny"}}, time.Second
	for done, i := 0, 0; done < *moments; i++ {
		next := records[len(records)-1]
		p.converge(next)
		for range 4 { // a run that ends before its kill leaves nothing to kill
			process, began := p.process(next.of(p.fixture, "killed"), p.file, 0), time.Now()
			if err := process.Start(); err != nil {
				t.Fatal(err)
			}
			kill := time.AfterFunc(time.Duration(random.Int64N(int64(lasts))), func() { _ = process.Process.Kill() })
			ended := !killed(t, process.Wait())
			if kill.Stop(); ended {
				lasts = time.Since(began)
				break
			}
			done++
		}
		killed(t, p.process(next.of(p.fixture, "killed"), p.file, 0).Run())
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
