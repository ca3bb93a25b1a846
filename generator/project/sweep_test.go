package project_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/project"
	"octopod/generator/staging"
)

const swept = `apiVersion: octopod.dev/v1alpha1
kind: Project
metadata: {name: shop}
spec:
  engine: kustomize
  hosts: {baseDomain: staging.example.com}
  services:
    backend: {repository: git.example.com/acme/backend, image: r/backend:main}
    frontend: {repository: git.example.com/acme/frontend, image: r/frontend:main}
  lifecycle: {ttl: 14d, archiveRetention: 30d, branchGrace: 1h, permanent: [forever]%s}
`

func sweptWith(t *testing.T, more string) *project.Project {
	t.Helper()
	return parse(t, fmt.Sprintf(swept, more))
}

// now is noon on a Monday.
var now = noon.At

func ago(d time.Duration) *time.Time { t := now.Add(-d); return &t }

const day = 24 * time.Hour

// record returns an active staging of an existing branch that expires in a week.
func record(name string, changes ...func(*staging.Spec)) staging.Staging {
	s := staging.Staging{Name: name, Spec: staging.Spec{
		Branch: "b/" + name, State: staging.Active, Expires: ago(-7 * day),
		Created:  staging.Attribution{At: *ago(5 * day), By: "Ada"},
		Services: map[string]staging.Service{"backend": {Image: "r/backend:1", Commit: "1f2e3d4", From: staging.FromBranch}},
	}}
	for _, change := range changes {
		change(&s.Spec)
	}
	return s
}

func archived(since time.Duration) func(*staging.Spec) {
	return func(s *staging.Spec) { s.State, s.Since = staging.Archived, &staging.Transition{At: *ago(since)} }
}

func asleep(wakes time.Duration) func(*staging.Spec) {
	return func(s *staging.Spec) {
		s.State, s.Since = staging.Archived, &staging.Transition{At: *ago(day), Wakes: ago(-wakes)}
	}
}

func woken(since time.Duration) func(*staging.Spec) {
	return func(s *staging.Spec) { s.Since = &staging.Transition{At: *ago(since)} }
}

func expires(in time.Duration) func(*staging.Spec) {
	return func(s *staging.Spec) { s.Expires = ago(-in) }
}

func marked(since time.Duration) func(*staging.Spec) {
	return func(s *staging.Spec) { s.BranchGone = ago(since) }
}

func kept(until *time.Time) func(*staging.Spec) {
	return func(s *staging.Spec) {
		s.Kept = &staging.Protection{By: "Bob", Reason: "demo", At: *ago(day), Until: until}
	}
}

func unbuilt(s *staging.Spec) {
	s.Services = map[string]staging.Service{"backend": {Image: "r/backend:1", From: staging.FromDefault}}
}

// Lists of branches with b/one and without b/gone.
var (
	heard    = map[string][]string{"git.example.com/acme/backend": {"main"}, "git.example.com/acme/frontend": {"b/one", "main"}}
	unheard  = map[string][]string{"git.example.com/acme/backend": {"main"}}
	emptied  = map[string][]string{"git.example.com/acme/backend": {"main"}, "git.example.com/acme/frontend": {}}
	nothing  = map[string][]string{}
	tornDown = map[string]bool{"over": true}
)

func deleting(s *staging.Spec) { s.State = staging.Deleting }

func TestSweep(t *testing.T) {
	for _, tt := range []struct {
		what     string
		record   staging.Staging
		branches map[string][]string
		more     string // of the lifecycle
		want     project.Step
		reason   string
	}{
		{what: "in use", record: record("one"), want: project.StepKeep, reason: "in use until 2026-11-30 12:00 UTC"},
		{what: "no end", record: record("one", func(s *staging.Spec) { s.Expires = nil }), want: project.StepKeep},
		{what: "its end is near", record: record("one", expires(day)), want: project.StepWarn, reason: "archived after 2026-11-24 12:00 UTC"},
		{what: "its end is not near yet", record: record("one", expires(day+time.Second)), want: project.StepKeep},
		{what: "its end is near, the project warns later", record: record("one", expires(day)), more: ", warning: 2h", want: project.StepKeep},
		{what: "its end has come", record: record("one", expires(0)), want: project.StepArchive, reason: "no deploy until 2026-11-23 12:00 UTC"},

		{what: "archived", record: record("one", archived(20*day)), want: project.StepKeep, reason: "archived since 2026-11-03 12:00 UTC"},
		{what: "archived, its end passed", record: record("one", archived(20*day), expires(-day)), want: project.StepKeep},
		{what: "archived, its deletion is near", record: record("one", archived(29*day)), want: project.StepWarn, reason: "deleted after 2026-11-24 12:00 UTC"},
		{what: "archived long enough", record: record("one", archived(30*day)), want: project.StepDelete, reason: "archived for 30d"},
		{what: "archived nobody knows when", record: record("one", func(s *staging.Spec) { s.State = staging.Archived }), want: project.StepMark},

		{what: "its branch is gone", record: record("gone"), want: project.StepArchive, reason: "branch b/gone is gone"},
		{what: "its branch is gone, it is new", record: record("gone", func(s *staging.Spec) { s.Created.At = *ago(time.Minute) }), want: project.StepWarn},
		{what: "its branch is gone, somebody woke it", record: record("gone", woken(59*time.Minute)), want: project.StepWarn},
		{what: "its branch is gone, somebody woke it long ago", record: record("gone", woken(time.Hour)), want: project.StepArchive},
		{what: "its branch is gone, it is archived already", record: record("gone", archived(day)), want: project.StepMark},
		{what: "its branch is gone, it sleeps", record: record("gone", asleep(time.Hour)), want: project.StepMark},
		{what: "its branch is gone for less than the grace", record: record("gone", archived(day), marked(59*time.Minute)), want: project.StepWarn, reason: "branch b/gone is gone: deleted after 2026-11-23 12:01 UTC"},
		{what: "its branch is gone for the grace", record: record("gone", archived(day), marked(time.Hour)), want: project.StepDelete, reason: "branch b/gone is gone since 2026-11-23 11:00 UTC"},
		{what: "its branch was never built", record: record("gone", unbuilt), want: project.StepKeep},
		{what: "a repository was not heard", record: record("gone"), branches: unheard, want: project.StepKeep},
		{what: "a repository was not heard, after the grace", record: record("gone", archived(day), marked(day)), branches: unheard, want: project.StepKeep},
		{what: "a repository is empty", record: record("gone"), branches: emptied, want: project.StepKeep},
		{what: "a repository is empty, after the grace", record: record("gone", archived(day), marked(day)), branches: emptied, want: project.StepKeep},
		{what: "no repository was heard", record: record("gone", archived(day), marked(day)), branches: nothing, want: project.StepKeep},
		{what: "its branch is back", record: record("one", archived(time.Minute), marked(time.Minute)), want: project.StepWake, reason: "branch b/one is back"},
		{what: "its branch is back, it was archived before", record: record("one", archived(day), marked(time.Minute)), want: project.StepMark, reason: "branch b/one is back"},

		{what: "kept, its end has come", record: record("one", expires(-day), kept(nil)), want: project.StepKeep, reason: "kept by Bob: demo"},
		{what: "kept, its branch is gone", record: record("gone", kept(ago(-day))), want: project.StepKeep},
		{what: "kept, archived long enough", record: record("one", archived(90*day), kept(nil)), want: project.StepKeep},
		{what: "kept until now", record: record("gone", kept(ago(0))), want: project.StepArchive},
		{what: "kept asleep", record: record("one", asleep(0), kept(nil)), want: project.StepWake},
		{what: "permanent", record: record("forever", expires(-day)), want: project.StepKeep, reason: "permanent"},
		{what: "of a default branch", record: record("x", expires(-day), func(s *staging.Spec) { s.Branch = "main" }), want: project.StepKeep, reason: "permanent"},

		{what: "by day", record: record("one"), more: ", sleep: {at: \"0 20 * * 1-5\", wake: \"0 7 * * 1-5\"}", want: project.StepKeep},
		{what: "by night", record: record("one"), more: ", sleep: {at: \"0 11 * * *\", wake: \"0 7 * * *\"}", want: project.StepSleep, reason: "asleep until 2026-11-24 07:00 UTC"},
		{what: "by night, woken since", record: record("one", woken(30*time.Minute)), more: ", sleep: {at: \"0 11 * * *\", wake: \"0 7 * * *\"}", want: project.StepKeep},
		{what: "by night, woken before", record: record("one", woken(2*time.Hour)), more: ", sleep: {at: \"0 11 * * *\", wake: \"0 7 * * *\"}", want: project.StepSleep},
		{what: "asleep", record: record("one", asleep(time.Hour)), want: project.StepKeep, reason: "asleep until 2026-11-23 13:00 UTC"},
		{what: "asleep till now", record: record("one", asleep(0)), want: project.StepWake, reason: "it slept until 2026-11-23 12:00 UTC"},
		{what: "asleep, its end has come", record: record("one", asleep(0), expires(0)), want: project.StepArchive},

		{what: "being torn down", record: record("gone", deleting), want: project.StepKeep, reason: "its teardown is not done, or Argo CD is unreachable"},
		{what: "torn down", record: record("over", deleting), want: project.StepFinish, reason: "the teardown is done"},
		{what: "kept, but torn down", record: record("over", deleting, kept(nil)), want: project.StepFinish},
	} {
		t.Run(tt.what, func(t *testing.T) {
			input := project.SweepInput{Now: now, Branches: heard, TeardownsDone: tornDown, MaxShare: 25}
			if tt.branches != nil {
				input.Branches = tt.branches
			}
			got := sweptWith(t, tt.more).Sweep([]staging.Staging{tt.record}, input)
			if len(got) != 1 || got[0].Staging != tt.record.Name || got[0].Step != tt.want || tt.reason != "" && got[0].Reason != tt.reason {
				t.Errorf("%+v, want %s: %s", got, tt.want, tt.reason)
			}
		})
	}
}

// Repeated sweeps reach an end: each decision changes the record, so that the next sweep
// decides something else.
func TestSweepsReachAnEnd(t *testing.T) {
	p := sweptWith(t, "")
	for _, tt := range []struct {
		what   string
		record staging.Staging
		every  time.Duration
		want   []project.Step // one for each sweep
	}{
		{"its branch is gone", record("gone"), 40 * time.Minute, []project.Step{project.StepArchive, project.StepWarn, project.StepDelete}},
		{"archived when its branch goes", record("gone", archived(day)), 40 * time.Minute, []project.Step{project.StepMark, project.StepWarn, project.StepDelete}},
		{"nobody deploys", record("one", expires(0)), 15 * day, []project.Step{project.StepArchive, project.StepKeep, project.StepDelete}},
		{"asleep", record("one", asleep(0)), time.Hour, []project.Step{project.StepWake, project.StepKeep}},
		{"archived nobody knows when", record("one", func(s *staging.Spec) { s.State = staging.Archived }), 29 * day,
			[]project.Step{project.StepMark, project.StepWarn, project.StepDelete}},
		{"its branch is back", record("one", archived(time.Minute), marked(time.Minute)), time.Hour, []project.Step{project.StepWake, project.StepKeep}},
		{"its branch is back, it was archived before", record("one", archived(day), marked(time.Minute)), time.Hour, []project.Step{project.StepMark, project.StepKeep}},
	} {
		t.Run(tt.what, func(t *testing.T) {
			var got []project.Step
			now, r := now, tt.record
			for range tt.want {
				d := p.Sweep([]staging.Staging{r}, project.SweepInput{Now: now, Branches: heard, MaxShare: 25})[0]
				got = append(got, d.Step)
				if a, changes := d.Action(); changes && a.Verb != staging.Delete {
					next, err := p.Apply(&r, a, staging.Attribution{At: now, By: "Octopod"})
					if err != nil {
						t.Fatal(err)
					}
					r = next
				}
				now = now.Add(tt.every)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A staging that sleeps every night still expires.
func TestSleepDoesNotRenewTheExpiry(t *testing.T) {
	p, r := sweptWith(t, ""), record("one")
	for _, a := range []staging.Action{{Verb: staging.Archive, Until: ago(-day)}, {Verb: staging.Restore}} {
		next, err := p.Apply(&r, a, staging.Attribution{At: now})
		if err != nil {
			t.Fatal(err)
		}
		r = next
	}
	if !r.Spec.Expires.Equal(*ago(-7 * day)) {
		t.Errorf("it ends on %s", r.Spec.Expires)
	}
	next, err := p.Apply(&r, staging.Action{Verb: staging.Archive}, staging.Attribution{At: now})
	if err == nil {
		next, err = p.Apply(&next, staging.Action{Verb: staging.Restore}, staging.Attribution{At: now})
	}
	if err != nil || !next.Spec.Expires.After(*ago(-13 * day)) {
		t.Errorf("woken by hand, it ends on %s, %v", next.Spec.Expires, err)
	}
}

func steps(decisions []project.Decision) string {
	var words []string
	for _, d := range decisions {
		words = append(words, d.Staging+" "+string(d.Step))
	}
	return strings.Join(words, ", ")
}

func TestSweepArchivesOverTheMaximum(t *testing.T) {
	used := func(d time.Duration) func(*staging.Spec) {
		return func(s *staging.Spec) { s.Created.At, s.Expires = *ago(d), nil }
	}
	by := func(author string) func(*staging.Spec) {
		return func(s *staging.Spec) { s.PullRequest = &staging.PullRequest{Number: 1, Author: author} }
	}
	built := func(d time.Duration) func(*staging.Spec) {
		return func(s *staging.Spec) {
			s.Services = map[string]staging.Service{"backend": {From: staging.FromBranch, Committed: *ago(d)}}
		}
	}
	for _, tt := range []struct {
		what, more string
		records    []staging.Staging
		want       string
	}{
		{"enough room", ", maxActive: 2", []staging.Staging{record("a"), record("b")}, "a keep, b keep"},
		{"the oldest sleeps", ", maxActive: 2", []staging.Staging{record("a", used(2*day)), record("b", used(3*day)), record("c", used(day))}, "a keep, b sleep, c keep"},
		{"the last build counts", ", maxActive: 1", []staging.Staging{record("a", used(3*day), built(time.Hour)), record("b", used(2*day))}, "a keep, b sleep"},
		{"the last deploy counts", ", maxActive: 1", []staging.Staging{record("a", expires(14*day)), record("b", expires(9*day), woken(4*day))}, "a keep, b sleep"},
		{"the name decides between equals", ", maxActive: 1", []staging.Staging{record("b"), record("a")}, "b keep, a sleep"},
		{"archived ones take no room", ", maxActive: 1", []staging.Staging{record("a", archived(day)), record("b")}, "a keep, b keep"},
		{"those that go take none", ", maxActive: 1", []staging.Staging{record("a", expires(0)), record("b")}, "a archive, b keep"},
		{"kept ones stay", ", maxActive: 1", []staging.Staging{record("a", used(9*day), kept(nil)), record("b", used(day))}, "a keep, b sleep"},
		{"permanent ones stay", ", maxActive: 1", []staging.Staging{record("forever", used(9*day)), record("b", used(day))}, "forever keep, b sleep"},
		{"who wakes waits for room", ", maxActive: 1", []staging.Staging{record("a", asleep(0)), record("b", woken(time.Hour))}, "a keep, b keep"},
		{"who wakes takes what is free", ", maxActive: 2", []staging.Staging{record("a", asleep(0)), record("b", woken(time.Hour))}, "a wake, b keep"},
		{"each author alone", ", maxActivePerAuthor: 1", []staging.Staging{record("a", by("ada"), used(2*day)), record("b", by("ada"), used(day)), record("c", by("bob"))}, "a sleep, b keep, c keep"},
		{"authors first, then all", ", maxActivePerAuthor: 1, maxActive: 1",
			[]staging.Staging{record("a", by("ada"), used(3*day)), record("b", by("ada"), used(2*day)), record("c", by("bob"), used(day))}, "a sleep, b sleep, c keep"},
		{"the project refuses instead", ", maxActive: 1, whenFull: refuse", []staging.Staging{record("a"), record("b")}, "a keep, b keep"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			got := sweptWith(t, tt.more).Sweep(tt.records, project.SweepInput{Now: now, MaxShare: 25})
			if steps(got) != tt.want {
				t.Errorf("%s, want %s", steps(got), tt.want)
			}
		})
	}
}

// A sweep does not remove many stagings at once, whatever the reason.
func TestSweepHoldsMassDeletion(t *testing.T) {
	many := func(n int, change ...func(*staging.Spec)) (all []staging.Staging) {
		for i := range n {
			all = append(all, record(fmt.Sprintf("s%03d", i), change...))
		}
		return all
	}
	used := func(s *staging.Spec) { s.Branch = "b/one" }
	for _, tt := range []struct {
		what    string
		records []staging.Staging
		share   int
		want    project.Step // of the first staging
	}{
		{"a few always may", many(3), 0, project.StepArchive},
		{"one too many", many(4), 25, project.StepHold},
		{"all branches are gone", many(100), 25, project.StepHold},
		{"as many as may", append(many(25), many(75, used)...), 25, project.StepArchive},
		{"one more than may", append(many(26), many(74, used)...), 25, project.StepHold},
		{"somebody looked", many(100), 100, project.StepArchive},
		{"deletions count as well", many(100, used, archived(99*day)), 25, project.StepHold},
		{"an end can come to all at once", many(100, used, expires(0)), 25, project.StepArchive},
	} {
		t.Run(tt.what, func(t *testing.T) {
			got := sweptWith(t, "").Sweep(tt.records, project.SweepInput{Now: now, Branches: heard, MaxShare: tt.share})
			if got[0].Step != tt.want {
				t.Errorf("%+v, want %s", got[0], tt.want)
			}
			if _, changes := got[0].Action(); changes == (tt.want == project.StepHold) {
				t.Errorf("what is held back changes nothing: %v", changes)
			}
		})
	}
}

// Nights follow local time, on weekends and when daylight saving time begins or ends.
func TestNightsFollowTheWallClock(t *testing.T) {
	p := sweptWith(t, `, sleep: {at: "0 20 * * 1-5", wake: "0 7 * * 1-5", timeZone: Europe/Berlin}`)
	for _, tt := range []struct{ now, want string }{
		{"2026-11-23T06:30:00+01:00", "asleep until 2026-11-23 06:00 UTC"}, // Monday morning
		{"2026-11-23T07:00:00+01:00", ""},
		{"2026-11-23T19:59:59+01:00", ""},
		{"2026-11-23T20:00:00+01:00", "asleep until 2026-11-24 06:00 UTC"},
		{"2026-11-27T20:00:00+01:00", "asleep until 2026-11-30 06:00 UTC"}, // Friday evening
		{"2026-11-29T12:00:00+01:00", "asleep until 2026-11-30 06:00 UTC"}, // Sunday
		{"2026-03-28T12:00:00+01:00", "asleep until 2026-03-30 05:00 UTC"}, // the weekend when daylight saving time begins
		{"2026-10-24T12:00:00+02:00", "asleep until 2026-10-26 06:00 UTC"}, // … and ends
	} {
		now, err := time.Parse(time.RFC3339, tt.now)
		if err != nil {
			t.Fatal(err)
		}
		r := record("one", func(s *staging.Spec) { s.Created.At, s.Expires = now.AddDate(0, -1, 0), nil })
		if got := p.Sweep([]staging.Staging{r}, project.SweepInput{Now: now.UTC()})[0].Reason; got != tt.want {
			t.Errorf("%s: %q, want %q", tt.now, got, tt.want)
		}
	}
}

func TestInvalidLifecycle(t *testing.T) {
	for _, tt := range []struct{ more, want string }{
		{", maxActivePerAuthor: -1", "spec.lifecycle.maxActivePerAuthor"},
		{", whenFull: explode", "write sleepOldest or refuse"},
		{", sleep: {at: \"0 20 * * 1-5\", wake: \"never\"}", `"never" is not a cron line`},
		{", sleep: {at: \"0 0 20 * * 1\", wake: \"0 7 * * 1\"}", "is not a cron line"},
		{", sleep: {at: \"0 0 31 2 *\", wake: \"0 7 * * 1\"}", "never happens"},
		{", sleep: {at: \"0 20 * * 1\", wake: \"0 7 * * 1\", timeZone: Berlin}", `"Berlin" is not a time zone`},
		{", sleep: {timeZone: UTC}", "is not a cron line"},
	} {
		_, err := project.Parse([]byte(fmt.Sprintf(swept, tt.more)))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.more, err, tt.want)
		}
	}
}

func TestCheckLimit(t *testing.T) {
	others := []staging.Staging{record("a"), record("b"), record("c", archived(day))}
	for _, tt := range []struct {
		more string
		full bool
	}{
		{", maxActive: 2, whenFull: refuse", true},
		{", maxActive: 3, whenFull: refuse", false},
		{", maxActive: 2", false},
		{", maxActivePerAuthor: 2, whenFull: refuse", true},
		{", whenFull: refuse", false},
	} {
		err := sweptWith(t, tt.more).CheckLimit(record("new"), others)
		if full := staging.CodeOf(err) == staging.CodeConflict; full != tt.full {
			t.Errorf("%s: %v", tt.more, err)
		}
	}
}

func TestKeepNeedsAReason(t *testing.T) {
	p, r := sweptWith(t, ""), record("one")
	for _, a := range []staging.Action{{Verb: staging.Keep}, {Verb: staging.Keep, Reason: "demo", Until: ago(0)}} {
		if _, err := p.Apply(&r, a, staging.Attribution{At: now, By: "Bob"}); staging.CodeOf(err) != staging.CodeInvalid {
			t.Errorf("%+v: %v", a, err)
		}
	}
	a := staging.Action{Verb: staging.Keep, Reason: "demo", Until: ago(-day)}
	first, err := p.Apply(&r, a, staging.Attribution{At: now, By: "Bob"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.Apply(&first, a, staging.Attribution{At: now.Add(time.Hour), By: "Eve"})
	if diff := cmp.Diff(first, again); err != nil || diff != "" || again.Spec.Kept.By != "Bob" {
		t.Errorf("the same again changes something: %s, %v", diff, err)
	}
}
