package generator_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// importItems returns stagings of another system. Every third is archived.
func importItems(n int) []change.ImportItem {
	var all []change.ImportItem
	for i := range n {
		name := "old-" + strconv.Itoa(i)
		all = append(all, change.ImportItem{
			Action:   staging.Action{Verb: staging.Create, Name: name, Branch: name, Set: map[string]string{"LOG_LEVEL": "debug"}, Reason: "imported"},
			Archived: i%3 == 0, Created: time.Date(2021, 11, 3, 9, 12, 44, 512e6, time.UTC),
		})
	}
	return all
}

func TestAnImportIsOneCommitForEachStaging(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputRendered)
	before := commits(t, w.path)
	result, err := w.Import(t.Context(), change.ImportRequest{Items: importItems(7), By: ada})
	if err != nil || !result.Changed || result.Revision != w.tip().Revision() {
		t.Fatalf("got %+v, %v", result, err)
	}
	if n := commits(t, w.path) - before; n != 7 {
		t.Errorf("%d commits, want 7", n)
	}
	for i, a := range importItems(7) {
		s, err := w.tip().Staging(a.Action.Name)
		if err != nil {
			t.Fatal(err)
		}
		if archived := s.Spec.State == staging.Archived; archived != a.Archived || !s.Spec.Created.At.Equal(a.Created.Truncate(time.Second)) || !result.Outcomes[i].Changed {
			t.Errorf("%s: %+v, %+v", s.Name, s.Spec, result.Outcomes[i])
		}
		if s.Spec.Expires != nil && s.Spec.Expires.Before(w.clock.Now()) {
			t.Errorf("%s is over already, at %s", s.Name, s.Spec.Expires)
		}
	}
	again, err := w.Import(t.Context(), change.ImportRequest{Items: importItems(7), By: ada})
	if err != nil || again.Changed || commits(t, w.path)-before != 7 {
		t.Errorf("once more: %+v, %v", again, err)
	}
}

func TestAnImportThatCannotBeWholeIsNone(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	before := w.tip().Revision()
	all := importItems(3)
	all[1].Action.Set["LOG_LEVEL"] = "loud"
	result, err := w.Import(t.Context(), change.ImportRequest{Items: all, By: ada})
	if err != nil || result.Changed || w.tip().Revision() != before {
		t.Fatalf("got %+v, %v", result, err)
	}
	if staging.CodeOf(result.Outcomes[1].Err) != staging.CodeInvalid || result.Outcomes[0].Err != nil || result.Outcomes[2].Err != nil {
		t.Errorf("got %+v", result.Outcomes)
	}
}

func TestADryRunOfAnImportCommitsNothing(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	before := w.tip().Revision()
	result, err := w.Import(t.Context(), change.ImportRequest{Items: importItems(2), By: ada, DryRun: true})
	if err != nil || !result.Changed || len(result.Plan) == 0 || w.tip().Revision() != before {
		t.Errorf("got %+v, %v", result, err)
	}
}

// The dry run of an import reports what an import reports: also items that collide with each
// other.
func TestADryRunOfAnImportNamesCollidingItems(t *testing.T) {
	named := func(names ...string) (all []change.ImportItem) {
		for _, name := range names {
			all = append(all, change.ImportItem{Action: staging.Action{Verb: staging.Create, Name: name, Branch: name, Reason: "imported"}})
		}
		return all
	}
	for name, tt := range map[string]struct {
		items  []change.ImportItem
		failed int
		want   string
	}{
		"one host":   {named("login", "search", "api-login"), 2, "both own the host api-login.staging.example.com"},
		"one name":   {named("login", "search", "login"), 2, "twice"},
		"no room":    {named("one", "two", "three", "four"), 3, "the maximum is 3"},
		"all before": {append(importItems(3), named("login", "api-login")...), 4, "both own the host"},
	} {
		w := shop(t, project.EngineKustomize, project.OutputSource)
		w.replace(project.File, "maxActive: 40", "maxActive: 3\n    whenFull: refuse")
		for _, dry := range []bool{true, false} {
			result, err := w.Import(t.Context(), change.ImportRequest{Items: tt.items, By: ada, DryRun: dry})
			if err != nil || result.Changed {
				t.Fatalf("%s: %+v, %v", name, result, err)
			}
			for i, outcome := range result.Outcomes {
				if failed := outcome.Err != nil; failed != (i == tt.failed) || failed && !strings.Contains(outcome.Err.Error(), tt.want) {
					t.Errorf("%s, dry run %v: item %d: %v", name, dry, i, outcome.Err)
				}
			}
		}
	}
}
