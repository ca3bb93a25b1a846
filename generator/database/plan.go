package database

import (
	"maps"
	"slices"
	"time"
)

// Copy is a database of the family on the server.
type Copy struct {
	State CopyState
	Mark  Mark // of a complete copy
}

// CopyState is what Octopod may do with a copy: use it, drop it, or only leave it alone.
type CopyState int

// The states of a copy.
const (
	Complete CopyState = iota // has its mark
	Broken                    // a killed run or a killed DROP DATABASE left it
	Foreign                   // Octopod did not make it, or made it for another staging
)

// Observed is what a server holds of one family.
type Observed struct {
	Now     time.Time // by the clock of the server
	Copies  map[string]Copy
	HasSeed bool // the seed that the record names is there
}

// Step is one change of a server. Exactly one of Copy, Drop and Renames is set.
type Step struct {
	Copy    *CopyStep
	Drop    string
	Renames []Rename // in this order, in one transaction
}

// CopyStep makes a complete copy of a database.
type CopyStep struct {
	From, To string
	Mark     Mark
}

// Rename changes the name of a database, and its mark if Mark is set.
type Rename struct {
	From, To string
	Mark     *Mark
}

// planner builds a plan for one family.
type planner struct {
	Wanted
	Observed
	steps []Step
	later []Snapshot // snapshots of the data that the plan makes
}

// Plan returns the steps from observed copies to the wanted ones. It returns a Fault, and
// no step, if the wanted ones cannot be reached.
func (w Wanted) Plan(o Observed) ([]Step, error) {
	p := &planner{Wanted: w, Observed: o}
	p.Copies = maps.Clone(o.Copies)
	for name, c := range sorted(p.Copies) {
		switch {
		case c.State == Broken:
			p.drop(name)
		case c.State == Foreign && !p.uses(name):
			delete(p.Copies, name)
		case c.State == Foreign:
			return nil, Faultf(NotOurs, "the database %s has no mark of the staging %s: rename or drop it by hand", name, w.Staging)
		}
	}
	for _, plan := range []func() error{p.snapshotsBefore, p.data, p.snapshotsAfter} {
		if err := plan(); err != nil {
			return nil, err
		}
	}
	p.dropUnwanted()
	return p.steps, nil
}

// sorted iterates over copies by name, so that plans are the same every time.
func sorted(copies map[string]Copy) func(yield func(string, Copy) bool) {
	return func(yield func(string, Copy) bool) {
		for _, name := range slices.Sorted(maps.Keys(copies)) {
			if !yield(name, copies[name]) {
				return
			}
		}
	}
}

func (p *planner) drop(name string) {
	if _, there := p.Copies[name]; there {
		p.steps = append(p.steps, Step{Drop: name})
		delete(p.Copies, name)
	}
}

func (p *planner) copy(from, to string, mark Mark) {
	p.steps = append(p.steps, Step{Copy: &CopyStep{from, to, mark}})
	p.Copies[to] = Copy{Mark: mark}
}

func (p *planner) rename(renames ...Rename) {
	p.steps = append(p.steps, Step{Renames: renames})
	for _, r := range renames {
		c := p.Copies[r.From]
		if r.Mark != nil {
			c.Mark = *r.Mark
		}
		delete(p.Copies, r.From)
		p.Copies[r.To] = c
	}
}

// uses reports whether w needs the name of a database for a copy.
func (w Wanted) uses(name string) bool {
	if !isSnapshotOf(w.Name, name) {
		return true
	}
	return slices.ContainsFunc(w.Snapshots, func(s Snapshot) bool { return SnapshotCopy(w.Name, s.Label) == name })
}

// dropUnwanted drops every copy that the record no longer needs.
func (p *planner) dropUnwanted() {
	p.drop(newCopy(p.Name))
	if old, there := p.Copies[oldCopy(p.Name)]; there && !p.Now.Before(old.Mark.Replaced.Add(p.KeepOld)) {
		p.drop(oldCopy(p.Name))
	}
	wanted := map[string]bool{p.Name: true, oldCopy(p.Name): true}
	for _, s := range p.Snapshots {
		wanted[SnapshotCopy(p.Name, s.Label)] = true
	}
	for name := range sorted(p.Copies) {
		if !wanted[name] {
			p.drop(name)
		}
	}
}
