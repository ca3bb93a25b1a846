package generator_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"octopod/generator"
	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/generator/testenv/testargo"
)

func TestWait(t *testing.T) {
	type waitCase struct {
		*fixture
		*generator.Stagings
		argo  *testargo.ArgoCD
		clock *clock
		last  string // revision
	}
	run := func(w waitCase) {
		w.argo.SetRunning("login", w.last, w.clock.Now(), w.images("login")...)
	}
	tests := []struct {
		name  string
		goal  live.Goal
		begin func(waitCase) // before the wait
		then  func(waitCase) // once the wait has seen the staging
		code  staging.Code
		says  string
	}{
		{"runs already", live.ForRunning, run, nil, "", ""},
		{"runs in the end", live.ForRunning, nil, run, "", ""},
		{"Argo CD does not accept the token", live.ForRunning,
			func(w waitCase) {
				w.argo.SetError(staging.Errorf(staging.CodeUnauthorized, "Argo CD does not accept the token"))
			}, nil, staging.CodeUnauthorized, "does not accept the token"},
		{"fails for good", live.ForRunning, nil, func(w waitCase) {
			w.argo.Put("login", func(a *staging.Application) {
				a.Revision, a.Operation = w.last, &staging.Operation{Phase: "Failed", Revision: w.last, FinishedAt: w.clock.Now()}
			})
		}, staging.CodeFailed, "The change could not be applied"},
		{"of nothing", live.ForRunning, func(w waitCase) { w.do(staging.Action{Verb: staging.Delete, Name: "login"}) },
			nil, staging.CodeNotFound, "no staging login"},
		{"goes", live.ForDeleted, func(w waitCase) { run(w); w.do(staging.Action{Verb: staging.Delete, Name: "login"}) },
			func(w waitCase) { w.argo.Remove("login") }, "", ""},
		{"is gone", live.ForDeleted, func(w waitCase) { w.do(staging.Action{Verb: staging.Delete, Name: "login"}) }, nil, "", ""},
		{"will not go", live.ForDeleted, nil, nil, staging.CodeConflict, "will not be deleted"},
		{"sleeps", live.ForRunning, func(w waitCase) { w.do(staging.Action{Verb: staging.Archive, Name: "login"}) },
			nil, staging.CodeConflict, "will not be running: its record says archived"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := shop(t, project.EngineKustomize, project.OutputSource)
			g, argo, clock := withArgo(t, w)
			all := waitCase{w, g, argo, clock, w.do(login("v1")).Revision}
			if tt.begin != nil {
				tt.begin(all)
			}
			seen := false
			_, err := live.Wait(t.Context(), g, live.WaitRequest{Name: "login", For: tt.goal}, func(staging.View) {
				if !seen && tt.then != nil {
					go tt.then(all)
				}
				seen = true
			})
			if tt.code == "" && err != nil || tt.code != "" && (staging.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.says)) {
				t.Errorf("%v (%s), want %s: %s", err, staging.CodeOf(err), tt.code, tt.says)
			}
		})
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("v1"))
	g, _, _ := withArgo(t, w)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := live.Wait(ctx, g, live.WaitRequest{Name: "login", For: live.ForRunning}, func(staging.View) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
