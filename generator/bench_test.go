package generator_test

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// regenerated is the number of stagings that a template change regenerates.
const regenerated = 1000

// BenchmarkGoalDERegenerateAll: after a template change, every staging is
// rendered, checked and committed again. The stock commands, one for each
// staging, only render. Goal D: ≤ 0.10 of kustomize; goal E: ≤ 0.35 of jsonnet.
func BenchmarkGoalDERegenerateAll(b *testing.B) {
	for engine, goal := range map[project.Engine]float64{project.EngineKustomize: 0.10, project.EngineJsonnet: 0.35} {
		b.Run(string(engine), func(b *testing.B) {
			w := shop(b, engine, project.OutputRendered)
			fillWith(b, w, regenerated)
			stock := stockPerStaging(b, w, engine)
			touch := toucher(w, engine)
			b.ResetTimer()
			for range b.N {
				b.StopTimer()
				touch()
				b.StartTimer()
				r, err := w.Regenerate(b.Context(), change.RegenerateRequest{By: ada})
				if err != nil || r.Failed() > 0 || !r.Changed {
					b.Fatalf("changed %v, %d failed, %v", r.Changed, r.Failed(), err)
				}
			}
			own := b.Elapsed().Seconds() * 1000 / float64(b.N) / regenerated
			b.ReportMetric(own, "ms/staging")
			b.ReportMetric(stock, "stock-ms/staging")
			b.ReportMetric(own/stock, "ratio")
			b.ReportMetric(goal, "goal")
		})
	}
}

// fillWith deploys many stagings in parallel, so that they share pushes.
func fillWith(b *testing.B, w *fixture, n int) {
	b.Helper()
	var work errgroup.Group
	work.SetLimit(32)
	for i := range n {
		work.Go(func() error {
			_, err := w.Apply(b.Context(), change.Request{By: ada, Action: staging.Action{
				Verb: staging.Deploy, Branch: fmt.Sprintf("branch-%04d", i),
				Set: map[string]string{"backend.replicas": fmt.Sprint(i % 4)},
			}})
			return err
		})
	}
	if err := work.Wait(); err != nil {
		b.Fatal(err)
	}
}

// toucher returns a function that changes the template of every staging, differently
// at each call.
func toucher(w *fixture, engine project.Engine) func() {
	file, anchor, change := "templates/shop/backend.yaml", "name: backend", "name: backend\n  annotations: {touched: \"%d\"}"
	if engine == project.EngineJsonnet {
		file, anchor, change = "jsonnet/shop.libsonnet", "LOG_LEVEL: 'info'", "LOG_LEVEL: 'info', TOUCHED: '%d'"
	}
	original, times := w.read(file), 0
	return func() {
		times++
		w.write(staging.File{Path: file, Data: replaceOnce(w.t, original, anchor, fmt.Sprintf(change, times))})
	}
}

// stockPerStaging times the engine's own command on a few stagings, in
// milliseconds for each. The first run is not counted.
func stockPerStaging(b *testing.B, w *fixture, engine project.Engine) float64 {
	b.Helper()
	dir := checkout(b, w)
	run := func(i int) {
		name := fmt.Sprintf("branch-%04d", i)
		if engine == project.EngineKustomize {
			runStock(b, dir, "kustomize", "build", "envs/"+name)
		} else {
			runStock(b, dir, "jsonnet", "-J", "jsonnet", "envs/"+name+"/main.jsonnet")
		}
	}
	const runs = 15
	run(0)
	start := time.Now()
	for i := range runs {
		run(i)
	}
	return float64(time.Since(start).Microseconds()) / 1000 / runs
}
