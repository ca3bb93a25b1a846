package generator_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
	"octopod/generator/testenv"
	"octopod/generator/testenv/testargo"
)

// rollouts returns the outcomes of a history in short: set applied 11s.
func rollouts(t *testing.T, events []staging.Event, err error) []string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, e := range events {
		text := string(e.Verb)
		if r := e.Rollout; r != nil {
			for _, step := range []struct {
				name string
				at   *time.Time
			}{{" applied ", r.Applied}, {" ran ", r.Running}} {
				if step.at != nil {
					text += step.name + step.at.Sub(e.At).String()
				}
			}
			if r.Phase != "" {
				text += fmt.Sprintf(" %s: %s", r.Phase, r.Reason)
			}
		}
		texts = append(texts, text)
	}
	return texts
}

// lifeOf deploys a staging, changes it and marks its test result.
func lifeOf(t *testing.T, w *fixture, argo *testargo.ArgoCD, name string) {
	t.Helper()
	w.do(staging.Action{Verb: staging.Deploy, Name: name, Branch: name})
	argo.SetRunning(name, w.tip().Revision(), w.clock.Now())
	w.do(staging.Action{Verb: staging.Set, Name: name, Set: map[string]string{"LOG_LEVEL": "debug"}})
	w.do(staging.Action{Verb: staging.Deploy, Name: "other", Branch: "other"}) // Argo CD syncs every new tip
	argo.SetRunning(name, w.tip().Revision(), w.clock.Now())
	w.do(staging.Action{Verb: staging.Mark, Name: name, Outcome: staging.Tested})
}

// The history shows durations from Argo CD's last syncs.
func TestHistoryShowsDurations(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	g, argo, _ := withArgo(t, w)
	lifeOf(t, w, argo, "login")
	ask := func(q staging.HistoryQuery) string {
		events, err := g.History(t.Context(), q)
		return fmt.Sprint(rollouts(t, events, err))
	}
	all := staging.HistoryQuery{Name: "login", Rollouts: true}
	if got := ask(all); got != "[mark set applied 1m11s deploy applied 11s]" {
		t.Error(got)
	}
	if got := ask(staging.HistoryQuery{Name: "login", Limit: 2, Rollouts: true}); got != "[mark set applied 1m11s]" {
		t.Error(got)
	}
	if got := ask(staging.HistoryQuery{Name: "login"}); got != "[mark set deploy]" {
		t.Error("rollouts without a request for them:", got)
	}
	argo.Put("login", func(app *staging.Application) { app.Deployments = app.Deployments[1:] })
	if got := ask(all); got != "[mark set deploy]" {
		t.Error("a duration for the oldest sync, whose start is unknown:", got)
	}
	argo.SetError(errors.New("no route"))
	if got := ask(all); got != "[mark set deploy]" {
		t.Error("without Argo CD:", got)
	}
}

// The history shows the outcomes of replaced versions that a server has watched.
func TestHistoryShowsOutcomes(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	g, argo, clock := withArgo(t, w)
	ctx, cancel := context.WithCancel(t.Context())
	feed, ended := live.NewFeed(g, clock.Now), make(chan struct{})
	go func() { feed.Run(ctx); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	watched, err := feed.Subscribe(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	is := func(want staging.Phase) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), testenv.Timeout)
		defer cancel()
		for {
			u, err := watched.Next(ctx)
			if err != nil {
				t.Fatalf("%s never came: %v", want, err)
			}
			if u.Kind == live.Modified && u.Staging.Status.Phase == want {
				return
			}
		}
	}
	// The clock advances after the feed has read the commit, so that the version before
	// it does not age, even on a busy machine.
	do := func(a staging.Action) {
		t.Helper()
		w.do(a)
		if err := feed.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		clock.advance(time.Minute)
	}
	set := func(level string) {
		t.Helper()
		do(staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"LOG_LEVEL": level}})
	}

	do(staging.Action{Verb: staging.Deploy, Name: "login", Branch: "login"})
	is(staging.PhaseCreating)
	argo.SetRunning("login", w.tip().Revision(), w.clock.Now(), w.images("login")...)
	is(staging.PhaseRunning)
	argo.SetError(errors.New("no route")) // an unknown state keeps the last known one
	is(staging.PhaseUnknown)
	set("debug")
	argo.SetError(nil)
	is(staging.PhaseUpdating)
	argo.SetRunning("login", w.tip().Revision(), w.clock.Now(), w.images("login")...)
	is(staging.PhaseRunning)
	argo.SetPods("login", staging.Pod{Name: "backend-1", Workload: "Deployment/backend", Health: "Degraded", Status: "CrashLoopBackOff"})
	argo.Put("login", func(app *staging.Application) { app.Health = "Progressing" })
	is(staging.PhaseFailed)
	set("warn")
	is(staging.PhaseUpdating)
	argo.SetPods("login")
	set("error")

	as := g.As(rights.Actor{}, feed)
	events, err := as.History(t.Context(), staging.HistoryQuery{Name: "login", Rollouts: true})
	got := rollouts(t, events, err)
	want := []string{
		"set Updating: Waiting for Argo CD to see the change",
		"set Updating: Waiting for Argo CD to see the change",
		"set applied 11s ran 10s Failed: backend keeps crashing",
		"deploy applied 11s ran 10s Running: Everything runs",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%q,\nwant %q", got, want)
	}
}
