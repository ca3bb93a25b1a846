package web_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"octopod/generator/lifecycle"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// heads lists the same branches for every repository.
type heads struct {
	names []string
	err   error
}

func (h heads) Heads(context.Context, string) (map[string]string, error) {
	all := map[string]string{}
	for _, name := range h.names {
		all[name] = "1f2e3d4"
	}
	return all, h.err
}

// backdate changes a time in the record of a staging.
func (w *world) backdate(name string, was *regexp.Regexp, at time.Time) {
	w.t.Helper()
	files, err := w.StagingFiles(w.t.Context(), name, "")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f.Path, "/staging.yaml") {
			w.write(f.Path, was.ReplaceAllString(string(f.Data), "${1}"+at.UTC().Format(time.RFC3339)))
		}
	}
}

var ends = regexp.MustCompile(`(expires: )\S+`)

// section returns the text under a heading.
func (a *answer) section(id string) string {
	return strings.Join(strings.Fields(a.Find("section[aria-labelledby="+id+"]").Text()), " ")
}

// An admin sees the results of the last clean-up with the reasons, and the time of
// the next one.
func TestTheCleanUpIsShown(t *testing.T) {
	w := newWorld(t, nil)
	ada, quinn := w.as("Ada", project.RoleAdmin), w.as("Quinn", project.RoleUser)
	reads := func(texts ...string) {
		t.Helper()
		said := ada.get("/shop/about").section("clean-up")
		for _, text := range texts {
			if !strings.Contains(said, text) {
				t.Errorf("the clean-up does not contain %q, but: %s", text, said)
			}
		}
	}
	sweep := func() {
		t.Helper()
		if _, err := w.Sweep(t.Context(), lifecycle.SweepRequest{By: rights.Actor{Person: staging.Person{Name: "Octopod"}}}); err != nil {
			t.Fatal(err)
		}
		w.catchUp()
	}
	reads("This server does not run the clean-up")
	next := time.Now().Add(7 * time.Minute)
	w.SetNextSweep(next)
	reads("Next run", "It has not run since the server started")
	if got := ada.get("/shop/about").Find("section[aria-labelledby=clean-up] time").AttrOr("datetime", ""); got != next.UTC().Format(time.RFC3339) {
		t.Errorf("the next run is at %q", got)
	}

	w.Heads = heads{names: []string{"feature/login"}}
	w.do(login())
	sweep()
	reads("Last run", "by Octopod. Nothing was due.", "Unchanged 1", "login in use until")
	for _, branch := range []string{"old", "soon", "needed"} {
		w.do(staging.Action{Verb: staging.Deploy, Branch: branch})
	}
	w.do(staging.Action{Verb: staging.Keep, Name: "needed", Reason: "<b>the demo</b>"})
	w.backdate("old", ends, time.Now().Add(-time.Hour))
	w.backdate("soon", ends, time.Now().Add(time.Hour))
	w.backdate("needed", ends, time.Now().Add(-time.Hour))
	w.write("envs/torn/staging.yaml", "nonsense\n")
	sweep()
	reads("Done 1 old Archived: no deploy until", "Due, not done 1 torn Failed", "Due soon 1 soon archived after",
		"needed kept by Ada: <b>the demo</b>")
	page := ada.get("/shop/about")
	if page.Find("section[aria-labelledby=clean-up] details[open]").Length() != 0 {
		t.Error("the list of unchanged stagings is open")
	}
	if to := page.Find(`section[aria-labelledby=clean-up] a`).First().AttrOr("href", ""); to != "/shop/stagings/old" {
		t.Errorf("what was archived is at %q", to)
	}
	if _, err := w.Sweep(t.Context(), lifecycle.SweepRequest{DryRun: true}); err != nil {
		t.Fatal(err)
	}
	reads("Done 1") // a dry run is not recorded

	w.Heads = heads{err: errors.New("no route to the forge")}
	sweep()
	reads("The branches of a repository could not be listed", "github.com/acme/shop-backend: no route to the forge")
	if said := quinn.get("/shop/about").section("clean-up"); said != "" {
		t.Errorf("a user sees %s", said)
	}
	quinn.get("/shop/about").lacks("no route", "sweep")
}

// The page shows that a project without lifecycle rules is never swept.
func TestACleanUpWithoutRules(t *testing.T) {
	w := newWorld(t, func(yaml string) string {
		from := strings.Index(yaml, "  lifecycle:\n")
		rest := yaml[from+len("  lifecycle:\n"):]
		for strings.HasPrefix(rest, "    ") {
			_, rest, _ = strings.Cut(rest, "\n")
		}
		return yaml[:from] + rest
	})
	w.SetNextSweep(time.Now().Add(time.Minute))
	said := w.as("Ada", project.RoleAdmin).get("/shop/about").section("clean-up")
	if !strings.Contains(said, "never has anything to do") || strings.Contains(said, "Next run") {
		t.Errorf("the clean-up contains %s", said)
	}
}

// An admin sees a failed sweep with its error.
func TestACleanUpThatFails(t *testing.T) {
	w := newWorld(t, nil)
	w.SetNextSweep(time.Now().Add(time.Minute))
	ada := w.as("Ada", project.RoleAdmin)
	ada.get("/shop/about").shows(200, "Clean-up")
	w.write(project.File, "nonsense: [\n")
	if _, err := w.Sweep(t.Context(), lifecycle.SweepRequest{}); err == nil {
		t.Fatal("a broken octopod.yaml is swept")
	}
	ada.get("/shop/about").shows(200, "The last run failed:")
}
