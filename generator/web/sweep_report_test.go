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

// heads lists the branches of every repository.
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

// backdate lets a staging be of another time, as if nobody had deployed since.
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

// section is what a person reads under a heading.
func (a *answer) section(id string) string {
	return strings.Join(strings.Fields(a.Find("section[aria-labelledby="+id+"]").Text()), " ")
}

// Who may start a clean-up sees what the last one did, what it left and why, and
// when the next one is.
func TestTheCleanUpIsTold(t *testing.T) {
	w := newWorld(t, nil)
	ada, quinn := w.as("Ada", project.RoleAdmin), w.as("Quinn", project.RoleUser)
	reads := func(texts ...string) {
		t.Helper()
		said := ada.get("/shop/about").section("clean-up")
		for _, text := range texts {
			if !strings.Contains(said, text) {
				t.Errorf("the clean-up does not say %q, but: %s", text, said)
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
	reads("No sweep loop runs in this server")
	next := time.Now().Add(7 * time.Minute)
	w.SetNextSweep(next)
	reads("This server looks next", "It has not run yet since this server was started")
	if got := ada.get("/shop/about").Find("section[aria-labelledby=clean-up] time").AttrOr("datetime", ""); got != next.UTC().Format(time.RFC3339) {
		t.Errorf("the next run is at %q", got)
	}

	w.Heads = heads{names: []string{"feature/login"}}
	w.do(login())
	sweep()
	reads("Last run", "by Octopod. Nothing was due.", "Left as they are 1", "login in use until")
	for _, branch := range []string{"old", "soon", "needed"} {
		w.do(staging.Action{Verb: staging.Deploy, Branch: branch})
	}
	w.do(staging.Action{Verb: staging.Keep, Name: "needed", Reason: "<b>the demo</b>"})
	w.backdate("old", ends, time.Now().Add(-time.Hour))
	w.backdate("soon", ends, time.Now().Add(time.Hour))
	w.backdate("needed", ends, time.Now().Add(-time.Hour))
	w.write("envs/torn/staging.yaml", "nonsense\n")
	sweep()
	reads("Done 1 old Archived: no deploy until", "Due, and not done 1 torn Could not be looked after", "Due soon 1 soon archived after",
		"needed kept by Ada: <b>the demo</b>")
	page := ada.get("/shop/about")
	if page.Find("section[aria-labelledby=clean-up] details[open]").Length() != 0 {
		t.Error("what is left alone is in the way of what was done")
	}
	if to := page.Find(`section[aria-labelledby=clean-up] a`).First().AttrOr("href", ""); to != "/shop/stagings/old" {
		t.Errorf("what was archived is at %q", to)
	}
	if _, err := w.Sweep(t.Context(), lifecycle.SweepRequest{DryRun: true}); err != nil {
		t.Fatal(err)
	}
	reads("Done 1") // what only would be done is no run

	w.Heads = heads{err: errors.New("no route to the forge")}
	sweep()
	reads("The branches of a repository are not known", "github.com/acme/shop-backend: no route to the forge")
	if said := quinn.get("/shop/about").section("clean-up"); said != "" {
		t.Errorf("a user is told %s", said)
	}
	quinn.get("/shop/about").lacks("no route", "sweep")
}

// A project without a lifecycle has nothing that is ever due, and the page says so.
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
	if !strings.Contains(said, "nothing is ever due") || strings.Contains(said, "looks next") {
		t.Errorf("it says %s", said)
	}
}

// A sweep that came to nothing is told as one, and hides none of its reason from
// those who can mend it.
func TestACleanUpThatFails(t *testing.T) {
	w := newWorld(t, nil)
	w.SetNextSweep(time.Now().Add(time.Minute))
	ada := w.as("Ada", project.RoleAdmin)
	ada.get("/shop/about").shows(200, "Clean-up")
	w.write(project.File, "nonsense: [\n")
	if _, err := w.Sweep(t.Context(), lifecycle.SweepRequest{}); err == nil {
		t.Fatal("a broken octopod.yaml is swept")
	}
	ada.get("/shop/about").shows(200, "It came to nothing:")
}
