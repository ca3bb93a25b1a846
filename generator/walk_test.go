package generator_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/staging"
)

var walks = flag.Int("walks", 2, "random walks for each engine and output; -walks 125 makes 500")

// walker takes random steps over all verbs on two stagings, with edits of octopod.yaml in
// between, and checks after each step that it did what its verb says.
type walker struct {
	*fixture
	random *rand.Rand
	ran    map[string][]string // images and settings that ran, by staging
	level  string              // the default of LOG_LEVEL
	steps  []string
}

var walkedNames = []string{"login", "search"}

// verbsOfTheRecord change no other file than the record.
var verbsOfTheRecord = []staging.Verb{staging.Mark, staging.PinVerb, staging.Unpin, staging.Keep, staging.Unkeep, staging.Extend}

// TestRandomWalk is the promise of every verb at once: the files of a staging change only
// by an action whose commit says so, and a rollback ends at images and settings that ran
// before.
func TestRandomWalk(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *fixture) {
		for seed := range *walks {
			k := &walker{fixture: w, random: rand.New(rand.NewPCG(uint64(seed), 7)), ran: map[string][]string{}, level: "info"}
			for _, name := range walkedNames {
				if w.has(name) {
					w.do(staging.Action{Verb: staging.Delete, Name: name})
				}
				w.do(k.deploy(name))
				k.remember(name)
			}
			for range 14 {
				k.step()
			}
		}
	})
}

func (k *walker) deploy(name string) staging.Action {
	tag := fmt.Sprintf("%07x", k.random.Uint32()&0xfffffff)
	return staging.Action{Verb: staging.Deploy, Branch: "feature/" + name,
		Images: map[string]staging.Build{"frontend": {Image: "registry.example.com/shop/frontend:" + tag, Commit: tag}}}
}

// edit changes the default of LOG_LEVEL, by hand.
func (k *walker) edit() {
	levels := []string{"debug", "info", "warn", "error"}
	next := levels[k.random.IntN(len(levels))]
	data, err := k.tip().ReadFile(project.File)
	if err != nil {
		k.t.Fatal(err)
	}
	k.write(staging.File{Path: project.File, Data: []byte(strings.Replace(string(data), "default: "+k.level, "default: "+next, 1))})
	k.level = next
	k.steps = append(k.steps, "default "+next)
}

func (k *walker) step() {
	name := walkedNames[k.random.IntN(len(walkedNames))]
	title := fmt.Sprint("title ", k.random.IntN(5))
	actions := []staging.Action{
		k.deploy(name), {Verb: staging.Set, Name: name, Set: map[string]string{"PAYMENT_GATEWAY": []string{"sandbox", "production"}[k.random.IntN(2)]}},
		{Verb: staging.Unset, Name: name, Unset: []string{"PAYMENT_GATEWAY"}}, {Verb: staging.Set, Name: name, Title: &title},
		{Verb: staging.Archive, Name: name}, {Verb: staging.Restore, Name: name}, {Verb: staging.Restart, Name: name},
		{Verb: staging.PinVerb, Name: name, Reason: "walk"}, {Verb: staging.Unpin, Name: name}, {Verb: staging.Extend, Name: name},
		{Verb: staging.Keep, Name: name, Reason: "walk"}, {Verb: staging.Unkeep, Name: name},
		{Verb: staging.Mark, Name: name, Outcome: staging.Tested}, {Verb: staging.Rollback, Name: name},
	}
	if k.random.IntN(4) == 0 {
		k.edit()
		return
	}
	k.take(name, actions[k.random.IntN(len(actions))])
}

// take applies an action, which may be refused, and checks what it did.
func (k *walker) take(name string, a staging.Action) {
	k.t.Helper()
	k.steps = append(k.steps, fmt.Sprintf("%s %s", a.Verb, name))
	others := map[string]map[string]string{}
	for _, other := range walkedNames {
		others[other] = k.files(other)
	}
	before := k.record(name)
	files := k.withoutRecord(name)
	result, err := k.Apply(k.t.Context(), change.Request{Action: a, By: ada})
	for _, other := range walkedNames {
		if (other != name || err != nil) && !maps.Equal(others[other], k.files(other)) {
			k.t.Fatalf("%s changed the files of %s: %v", a.Verb, other, k.steps)
		}
	}
	if err != nil {
		return
	}
	after, now := k.record(name), k.withoutRecord(name)
	if (slices.Contains(verbsOfTheRecord, a.Verb) || a.Title != nil) && !maps.Equal(files, now) {
		k.t.Fatalf("%s changed more than the record: %v", a.Verb, k.steps)
	}
	k.checkLevel(a, result, files, now)
	if p := k.project(); a.Verb == staging.Rollback && p.RunsSame(before, after) {
		k.t.Fatalf("rollback changed nothing that runs: %v", k.steps)
	}
	if a.Verb == staging.Rollback && !slices.Contains(k.ran[name], running(k.project(), after)) {
		k.t.Fatalf("rollback of %s ends at what never ran: %s: %v", name, running(k.project(), after), k.steps)
	}
	k.remember(name)
}

// checkLevel checks that the default of LOG_LEVEL in the staging's files changes only by
// a commit that says that it ships pending changes, or restores earlier files.
func (k *walker) checkLevel(a staging.Action, r change.Result, files, now map[string]string) {
	k.t.Helper()
	was, is := levelIn(files), levelIn(now)
	if was == is || a.Verb == staging.Rollback {
		return
	}
	narrow := []staging.Verb{staging.Archive, staging.Restore, staging.Restart}
	if !strings.Contains(r.Note, "pending changes") || slices.Contains(narrow, a.Verb) {
		k.t.Fatalf("%s took LOG_LEVEL from %s to %s and said %q: %v", a.Verb, was, is, r.Note, k.steps)
	}
}

// levelIn returns the lines about LOG_LEVEL in the files of a staging.
func levelIn(files map[string]string) string {
	var lines []string
	for _, path := range slices.Sorted(maps.Keys(files)) {
		for line := range strings.Lines(files[path]) {
			if strings.Contains(line, "LOG_LEVEL") {
				lines = append(lines, strings.TrimSpace(line))
			}
		}
	}
	return strings.Join(lines, "; ")
}

func (k *walker) project() *project.Project {
	k.t.Helper()
	p, err := k.Project(k.t.Context())
	if err != nil {
		k.t.Fatal(err)
	}
	return p
}

// running returns images and own settings of a record as text.
func running(p *project.Project, s staging.Staging) string {
	var parts []string
	for _, name := range p.ServiceNames() {
		parts = append(parts, s.Spec.Services[name].Image)
	}
	return fmt.Sprint(parts, s.Spec.Overrides.App, s.Spec.Overrides.Deployment)
}

func (k *walker) remember(name string) {
	if s := k.record(name); s.Spec.State == staging.Active {
		k.ran[name] = append(k.ran[name], running(k.project(), s))
	}
}
