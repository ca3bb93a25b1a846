package postgres

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"octopod/generator/testenv"
)

// goals are the ratios that a benchmark reports divided by their goals.
type goals map[string]struct{ ratio, goal float64 }

func (g goals) report(b *testing.B) {
	for name, m := range g {
		b.ReportMetric(m.ratio, name)
		b.ReportMetric(m.ratio/m.goal, name+"/goal")
	}
}

// took measures a function. All parts of a benchmark run in turn, on the same server.
func took(run func()) time.Duration {
	began := time.Now()
	run()
	return time.Since(began)
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// A new staging with a seed of 70 MB takes at most 1.3 times as long as CREATE DATABASE of
// the same server; an undo, and a reset without its copy, take at most a second.
func BenchmarkGoalClone(b *testing.B) {
	f := benchFixture(b)
	conn := f.Connect(b, f.settings())
	plain := fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s STRATEGY wal_log", f.name("plain"), f.seedName("large"))
	for b.Loop() {
		var stock, clone, reset, undo []time.Duration
		for range 5 {
			stock = append(stock, took(func() { f.must(conn, plain) }))
			f.must(conn, "DROP DATABASE "+f.name("plain"))
			clone = append(clone, took(func() { f.converge(f.wanted("login", 1, "seed/large")) }))
			reset = append(reset, took(func() { f.converge(f.wanted("login", 2, "seed/large")) }))
			undo = append(undo, took(func() { f.converge(f.wanted("login", 1, "seed/large")) }))
			f.dropStaging("login")
		}
		copying := median(stock)
		b.ReportMetric(copying.Seconds(), "s/CREATE-DATABASE")
		goals{
			"clone-ratio": {median(clone).Seconds() / copying.Seconds(), 1.3},
			"reset-s":     {(median(reset) - copying).Seconds(), 1},
			"undo-s":      {median(undo).Seconds(), 1},
		}.report(b)
	}
}

// Twenty stagings at once take at most twice as long as twenty times one.
func BenchmarkGoalTwentyAtOnce(b *testing.B) {
	f := benchFixture(b)
	for b.Loop() {
		var one []time.Duration
		for i := range 5 {
			one = append(one, took(func() { f.converge(f.wanted(fmt.Sprint("s", i), 1, "seed/large")) }))
			f.dropStaging(fmt.Sprint("s", i))
		}
		all := took(func() {
			var group sync.WaitGroup
			for i := range 20 {
				group.Go(func() { f.converge(f.wanted(fmt.Sprint("s", i), 1, "seed/large")) })
			}
			group.Wait()
		})
		for i := range 20 {
			f.dropStaging(fmt.Sprint("s", i))
		}
		b.ReportMetric(median(one).Seconds(), "s/one")
		goals{"twenty-ratio": {all.Seconds() / (20 * median(one).Seconds()), 2}}.report(b)
	}
}

// benchFixture is a server that writes to the disk, with a seed of 70 MB.
func benchFixture(b *testing.B) *fixture {
	b.Helper()
	f := newFixture(b, testenv.ServePostgres(b, "fsync=on", "full_page_writes=on"))
	f.seed("large", "CREATE TABLE cart AS SELECT repeat(md5(i::text), 30) AS item FROM generate_series(1, 60000) i")
	return f
}

func (f *fixture) must(conn *pgx.Conn, statement string) {
	f.t.Helper()
	if _, err := conn.Exec(f.t.Context(), statement); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) dropStaging(staging string) {
	f.t.Helper()
	if err := f.server().Drop(f.t.Context(), f.wanted(staging, 1, "seed/tiny")); err != nil {
		f.t.Fatal(err)
	}
}
