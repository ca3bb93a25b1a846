package database

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"
)

// world is a server in memory: it executes plans, and can end in the middle of one.
type world struct {
	now    time.Time
	copies map[string]stored
	seeds  map[string]string // content by name
}

type stored struct {
	Copy
	content string
}

func (w *world) observe(seed string) Observed {
	o := Observed{Now: w.now, Copies: map[string]Copy{}}
	for name, s := range w.copies {
		o.Copies[name] = s.Copy
	}
	_, o.HasSeed = w.seeds[seed]
	return o
}

// run executes at most limit steps of the plan. One more copy is left broken.
func (w *world) run(t *testing.T, wanted Wanted, limit int) (steps int, err error) {
	t.Helper()
	plan, err := wanted.Plan(w.observe(wanted.Seed()))
	if err != nil {
		return 0, err
	}
	for i, s := range plan {
		if i == limit {
			if s.Copy != nil {
				w.copies[s.Copy.To] = stored{Copy: Copy{State: Broken}}
			}
			return i, nil
		}
		w.execute(t, s)
	}
	return len(plan), nil
}

func (w *world) execute(t *testing.T, s Step) {
	t.Helper()
	switch {
	case s.Drop != "":
		delete(w.copies, s.Drop)
	case s.Copy != nil:
		content, isSeed := w.seeds[s.Copy.From]
		if from, there := w.copies[s.Copy.From]; there {
			content = from.content
		} else if !isSeed {
			t.Fatalf("copy of %s, which is not there", s.Copy.From)
		}
		if _, there := w.copies[s.Copy.To]; there {
			t.Fatalf("copy to %s, which is there", s.Copy.To)
		}
		w.copies[s.Copy.To] = stored{Copy{Mark: s.Copy.Mark}, content}
	}
	for _, r := range s.Renames {
		c, there := w.copies[r.From]
		if _, taken := w.copies[r.To]; !there || taken {
			t.Fatalf("rename %s to %s: source there: %v, target taken: %v", r.From, r.To, there, taken)
		}
		if r.Mark != nil {
			c.Mark = *r.Mark
		}
		delete(w.copies, r.From)
		w.copies[r.To] = c
	}
}

func (w *world) clone() *world {
	return &world{now: w.now, copies: maps.Clone(w.copies), seeds: w.seeds}
}

func newWorld() *world {
	return &world{now: time.Unix(1_800_000_000, 0), copies: map[string]stored{}, seeds: map[string]string{"tiny": "tiny:", "big": "big:"}}
}

const x = "shop_login"

func wanted(generation int, from string, snapshots ...Snapshot) Wanted {
	source, err := ParseSource(from)
	if err != nil {
		panic(err)
	}
	return Wanted{Name: x, Staging: "shop/login", Generation: generation, From: source, Snapshots: snapshots, KeepOld: time.Hour}
}

// converge runs a plan to its end.
func (w *world) converge(t *testing.T, wanted Wanted) {
	t.Helper()
	if _, err := w.run(t, wanted, 1000); err != nil {
		t.Fatal(err)
	}
}

func (w *world) write(text string) {
	c := w.copies[x]
	c.content += text
	w.copies[x] = c
}

func (w *world) contents() map[string]string {
	all := map[string]string{}
	for name, c := range w.copies {
		all[name] = c.content
	}
	return all
}

func TestResetAndRevert(t *testing.T) {
	w, snap := newWorld(), SnapshotCopy(x, "cart")
	cart := Snapshot{Label: "cart", Generation: 1}
	for _, step := range []struct {
		does   string
		wanted Wanted
		write  string
		want   map[string]string
	}{
		{"create", wanted(1, "seed/tiny"), "a", map[string]string{x: "tiny:a"}},
		{"again", wanted(1, "seed/tiny"), "b", map[string]string{x: "tiny:ab"}},
		{"snapshot", wanted(1, "seed/tiny", cart), "c", map[string]string{x: "tiny:abc", snap: "tiny:ab"}},
		{"reset", wanted(2, "seed/big", cart), "d", map[string]string{x: "big:d", x + "__old": "tiny:abc", snap: "tiny:ab"}},
		{"revert", wanted(1, "seed/tiny", cart), "e", map[string]string{x: "tiny:abce", x + "__old": "big:d", snap: "tiny:ab"}},
		{"revert of the revert", wanted(2, "seed/big", cart), "", map[string]string{x: "big:d", x + "__old": "tiny:abce", snap: "tiny:ab"}},
		{"restore", wanted(3, "snapshot/cart", cart), "f", map[string]string{x: "tiny:abf", x + "__old": "big:d", snap: "tiny:ab"}},
		{"forget", wanted(3, "snapshot/cart"), "", map[string]string{x: "tiny:abf", x + "__old": "big:d"}},
	} {
		w.converge(t, step.wanted)
		w.write(step.write)
		if got := w.contents(); !maps.Equal(got, step.want) {
			t.Errorf("%s: %v, want %v", step.does, got, step.want)
		}
	}
}

func TestRefusalsChangeNothing(t *testing.T) {
	for name, c := range map[string]struct {
		before func(w *world)
		wanted Wanted
		code   Code
	}{
		"old copy gone":           {func(w *world) { w.now = w.now.Add(2 * time.Hour); w.converge(t, wanted(2, "seed/tiny")) }, wanted(1, "seed/tiny"), GenerationGone},
		"old copy and data gone":  {func(w *world) { delete(w.copies, x) }, wanted(0, "seed/tiny"), GenerationGone},
		"seed missing":            {nil, wanted(3, "seed/gone"), SeedMissing},
		"snapshot missing":        {nil, wanted(3, "snapshot/gone"), SnapshotMissing},
		"snapshot of lost data":   {nil, wanted(2, "seed/tiny", Snapshot{Label: "late", Generation: 7}), SnapshotMissing},
		"database not ours":       {func(w *world) { w.copies[x] = stored{Copy: Copy{State: Foreign}} }, wanted(2, "seed/tiny"), NotOurs},
		"place of a copy is used": {func(w *world) { w.copies[x+"__new"] = stored{Copy: Copy{State: Foreign}} }, wanted(3, "seed/tiny"), NotOurs},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.converge(t, wanted(1, "seed/tiny"))
			w.converge(t, wanted(2, "seed/tiny"))
			if c.before != nil {
				c.before(w)
			}
			steps, err := c.wanted.Plan(w.observe(c.wanted.Seed()))
			var f *Fault
			if !errors.As(err, &f) || f.Code != c.code || len(steps) > 0 {
				t.Errorf("%d steps, %v; want %s", len(steps), err, c.code)
			}
		})
	}
}

// After an undo, a new reset is not the one that was undone.
func TestNewResetAfterUndoMakesNewData(t *testing.T) {
	w := newWorld()
	at := func(generation int, when string) Wanted {
		wanted := wanted(generation, "seed/tiny")
		wanted.At = when
		return wanted
	}
	for _, wanted := range []Wanted{at(1, "monday"), at(2, "tuesday")} {
		w.converge(t, wanted)
		w.write("used ")
	}
	w.converge(t, at(1, "monday"))
	w.converge(t, at(2, "wednesday"))
	if got := w.contents(); got[x] != "tiny:" || got[x+"__old"] != "tiny:used " {
		t.Errorf("contents %v", got)
	}
	// A run that saw only the last of two resets to one generation keeps the data before both.
	w.converge(t, at(2, "thursday"))
	w.converge(t, at(1, "monday"))
	if got := w.contents(); got[x] != "tiny:used " {
		t.Errorf("contents %v", got)
	}
}

// A run may end before every step, and in the middle of every copy; the next run ends as if
// nothing had happened.
func TestPlansSurviveEveryEnd(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	ends := 0
	for range 2000 {
		w, records := newWorld(), []Wanted{wanted(1, "seed/tiny")}
		for i := range 8 {
			next := records[len(records)-1]
			golden := w.clone()
			_, refused := golden.run(t, next, 1000)
			for limit := 0; ; limit++ {
				killed := w.clone()
				steps, err := killed.run(t, next, limit)
				if _, err2 := killed.run(t, next, 1000); refused == nil && (err != nil || err2 != nil) {
					t.Fatalf("refused after an end before step %d: %v, %v", limit, err, err2)
				}
				if !reflect.DeepEqual(killed.copies, golden.copies) {
					t.Fatalf("after an end before step %d of %+v\n%v\nwant\n%v", limit, next, killed.copies, golden.copies)
				}
				if ends++; steps < limit || err != nil {
					break
				}
			}
			w = golden
			w.write(fmt.Sprint(i))
			w.now = w.now.Add(time.Duration(random.IntN(40)) * time.Minute)
			records = append(records, nextRecord(random, records, i))
		}
	}
	if ends < 30_000 {
		t.Errorf("only %d ends", ends)
	}
}

// nextRecord is the record after a verb, or after a revert to an earlier record.
func nextRecord(random *rand.Rand, records []Wanted, i int) Wanted {
	now := records[len(records)-1]
	now.Snapshots = slices.Clone(now.Snapshots)
	label := []string{"cart", "order"}[random.IntN(2)]
	at := slices.IndexFunc(now.Snapshots, func(s Snapshot) bool { return s.Label == label })
	switch verb := random.IntN(5); {
	case verb == 0:
		return records[random.IntN(len(records))]
	case verb == 1 && at >= 0:
		now.Snapshots = slices.Delete(now.Snapshots, at, at+1)
	case verb == 2 && at < 0:
		now.Snapshots = append(now.Snapshots, Snapshot{label, now.Generation, fmt.Sprint(i)})
	case verb == 3 && at >= 0:
		now.Generation, now.At, now.From = now.Generation+1, fmt.Sprint(i), Source{FromSnapshot, label}
	default:
		now.Generation, now.At, now.From = now.Generation+1, fmt.Sprint(i), Source{FromSeed, []string{"tiny", "big"}[random.IntN(2)]}
	}
	return now
}

// A database of somebody else whose name Octopod does not need stops nothing.
func TestForeignDatabaseBesideTheFamilyStays(t *testing.T) {
	w := newWorld()
	w.copies[x+"__deadbeef"] = stored{Copy: Copy{State: Foreign}, content: "theirs"}
	w.converge(t, wanted(1, "seed/tiny"))
	if w.copies[x+"__deadbeef"].content != "theirs" || w.copies[x].content != "tiny:" {
		t.Errorf("contents %v", w.contents())
	}
}
