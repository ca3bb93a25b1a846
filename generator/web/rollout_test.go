package web_test

import (
	"regexp"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// The history shows duration and outcome of each version: for a tester in plain
// words, for an admin in Argo CD's terms.
func TestAHistorySaysHowEachVersionEnded(t *testing.T) {
	w := newWorld(t, nil)
	set := func(name, value string) {
		t.Helper()
		w.do(staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{name: value}})
		w.becomes("login", staging.PhaseUpdating)
	}
	w.do(login())
	w.running("login")
	set("LOG_LEVEL", "warn")
	w.running("login")
	w.argo.SetPods("login", staging.Pod{Name: "backend-1", Workload: "Deployment/backend", Health: "Degraded", Status: "CrashLoopBackOff"})
	w.argo.Put("login", func(app *staging.Application) { app.Health = "Progressing" })
	w.becomes("login", staging.PhaseFailed)
	set("LOG_LEVEL", "error")
	w.refuses("login", "quota of the namespace")
	w.becomes("login", staging.PhaseFailed)
	set("LOG_LEVEL", "info")
	set("backend.replicas", "2")

	for _, test := range []struct {
		name string
		role project.Role
		want []string
	}{
		{"Quinn", project.RoleUser, []string{
			"^$", "^superseded before it ran$",
			"^failed: The change could not be applied.$",
			`^ran after \d+ s, then failed: Backend keeps crashing.$`, `^ran after \d+ s$`,
		}},
		{"Root", project.RoleAdmin, []string{
			"^$", "^superseded before it ran$", "^failed: The change could not be applied$",
			`^ran after \d+ s, then failed: backend keeps crashing$`, `^ran after \d+ s$`,
		}},
	} {
		got := w.as(test.name, test.role).get("/shop/stagings/login").Find(".history .outcome").Map(
			func(_ int, s *goquery.Selection) string { return s.Text() })
		ok := len(got) == len(test.want)
		for i := range got {
			ok = ok && regexp.MustCompile(test.want[i]).MatchString(got[i])
		}
		if !ok {
			t.Errorf("%s reads %q,\nwant %q", test.name, got, test.want)
		}
	}
}

// refuses lets Argo CD say that what is committed of a staging cannot be applied.
func (w *world) refuses(name, why string) {
	w.t.Helper()
	events, err := w.History(w.t.Context(), staging.HistoryQuery{Name: name, Limit: 1})
	if err != nil {
		w.t.Fatal(err)
	}
	w.argo.SetPods(name)
	w.argo.Put(name, func(app *staging.Application) {
		app.Revision, app.Health, app.Sync = events[0].Revision, "Healthy", "OutOfSync"
		app.Operation = &staging.Operation{
			Phase: "Failed", Revision: app.Revision, StartedAt: events[0].At, FinishedAt: events[0].At, Failures: []string{why},
		}
	})
}
