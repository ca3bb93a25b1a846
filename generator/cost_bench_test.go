package generator_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"octopod/generator/cost"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// A thousand stagings over twelve weeks, each changed once a week. Goal: 100 ms warm, also for
// the first report after a commit.
func BenchmarkCostOfAThousandStagings(b *testing.B) {
	const stagings, weeks = 1000, 12
	w := shop(b, project.EngineKustomize, project.OutputRendered)
	w.write(staging.File{Path: project.File, Data: append(w.read(project.File), priceTable...)})
	begin := costMonday
	for week := range weeks {
		w.clock.set(begin.Add(time.Duration(week) * 7 * 24 * time.Hour))
		w.changeAll(stagings, week)
	}
	w.clock.advance(24 * time.Hour)
	report := func(b *testing.B, by cost.Group) {
		r, err := w.Cost(b.Context(), cost.Query{By: by, Since: begin})
		if err != nil || r.Total.UnknownHours > 0 || r.Total.Cost == 0 {
			b.Fatalf("%+v (%v)", r.Total, err)
		}
	}
	began := time.Now()
	report(b, cost.ByStaging)
	b.Logf("cold: %v", time.Since(began).Round(time.Millisecond))
	b.Run("warm", func(b *testing.B) {
		for b.Loop() {
			report(b, cost.ByWeek)
		}
	})
	b.Run("after a commit", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			w.clock.advance(time.Second)
			w.write(staging.File{Path: "note", Data: []byte(w.clock.Now().String())})
			b.StartTimer()
			report(b, cost.ByStaging)
		}
	})
}

// changeAll makes one commit for each staging, as Octopod writes them.
func (w *fixture) changeAll(stagings, week int) {
	w.t.Helper()
	edits := make([]envrepo.EditFunc, stagings)
	for i := range edits {
		edits[i] = func(context.Context, *envrepo.Tree) (envrepo.Edit, error) {
			name := fmt.Sprintf("s%04d", i)
			record, err := envrepo.Record(staging.Staging{Name: name, Spec: staging.Spec{
				Branch: "feature/" + name, State: staging.Active, Restarts: week, Created: staging.Attribution{At: costMonday, By: fmt.Sprintf("person %d", i%50)},
			}})
			need := cost.Need{CPU: int64(100 + week), Memory: 320 << 20, Storage: 1 << 30}
			return envrepo.Edit{Verb: staging.Deploy, Staging: name, By: ada.Person, Via: staging.ViaCLI, Write: []staging.File{record}, Requests: "active " + need.String()}, err
		}
	}
	_, errs := w.repo.ChangeAll(w.t.Context(), edits)
	for _, err := range errs {
		if err != nil {
			w.t.Fatal(err)
		}
	}
}
