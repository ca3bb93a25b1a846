package generator_test

import (
	"slices"
	"testing"
	"time"

	"octopod/generator/cost"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// priceTable has prices for mental arithmetic: 320 MiB of memory are 0.01 an hour, a GiB of a
// volume 0.01, and a staging 0.008.
const priceTable = `  cost:
    currency: EUR
    prices: {cpuHour: 0.1, memoryGiBHour: 0.032, storageGiBMonth: 7.3, stagingMonth: 5.84}
    teams: [{name: checkout, branches: [feature/pay]}]
`

// addPrices adds the price table to octopod.yaml.
func (w *fixture) addPrices() {
	w.t.Helper()
	w.write(staging.File{Path: project.File, Data: append(slices.Clone(w.read(project.File)), priceTable...)})
}

var costMonday = time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)

// at sets the clock so that the next action is some hours after costMonday.
func (w *fixture) at(hour int, a staging.Action) {
	w.t.Helper()
	w.clock.set(costMonday.Add(time.Duration(hour)*time.Hour - time.Minute))
	w.do(a)
}

// liveAWeek is a week of three stagings of the sample, which requests 0.12 cores, 320 MiB of
// memory and 1 GiB of a volume. A staging costs 0.012 + 0.01 + 0.01 + 0.008 = 0.04 an hour:
//
//	login   Mon 0:00                                                   0.04,  60 h = 2.40
//	        Wed 12:00 backend × 3: + 0.1 cores + 256 MiB = + 0.018     0.058, 60 h = 3.48
//	        Sat 0:00  the template requests 0.2 cores more: + 0.02     0.078, 48 h = 3.744
//	search  Mon 0:00                                                   0.04, 114 h = 4.56
//	        Fri 18:00 archived: 0.01 + 0.008                           0.018, 54 h = 0.972
//	                  saved: 0.04 − 0.018                              0.022, 54 h = 1.188
//	pay     Tue 6:00                                                   0.04,  48 h = 1.92
//	        Thu 6:00  deleted
//
// So login costs 9.624, search 5.532, pay 1.92; together 17.076. Where Octopod commits rendered
// objects, the edit of the template reaches nobody: login is 0.058 for 108 h = 6.264, so 8.664;
// together 16.116.
func (w *fixture) liveAWeek() {
	deploy := func(name string) staging.Action {
		return staging.Action{Verb: staging.Deploy, Name: name, Branch: "feature/" + name}
	}
	w.at(0, deploy("login"))
	w.at(0, deploy("search"))
	w.at(30, deploy("pay"))
	w.at(60, staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"backend.replicas": "3"}})
	w.at(61, staging.Action{Verb: staging.Mark, Name: "login", Outcome: staging.Tested})
	w.at(78, staging.Action{Verb: staging.Delete, Name: "pay"})
	w.at(114, staging.Action{Verb: staging.Archive, Name: "search"})
	w.clock.set(costMonday.Add(120 * time.Hour))
	w.edit("templates/shop/frontend.yaml", "cpu: 20m", "cpu: 220m")
	w.clock.set(costMonday.Add(168 * time.Hour))
}

// The cost of a changed week is the sum by hand, whether the commits have their requests in
// the message, because there was a price table, or must be rendered.
func TestCostIsTheSumByHand(t *testing.T) {
	for _, output := range []project.Output{project.OutputSource, project.OutputRendered} {
		for _, early := range []bool{true, false} {
			w := shop(t, project.EngineKustomize, output)
			if early {
				w.addPrices()
			}
			w.liveAWeek()
			if !early {
				w.addPrices()
			}
			login, total := 9.624, 17.076
			if output == project.OutputRendered {
				login, total = 8.664, 16.116
			}
			for range 2 { // the second time from the cache
				w.costs(cost.Query{Since: costMonday}, map[string]float64{"login": login, "search": 5.532, "pay": 1.92}, total)
			}
			w.costs(cost.Query{Since: costMonday, By: cost.ByOwner}, map[string]float64{"checkout": 1.92, "": total - 1.92}, total)
			w.costs(cost.Query{Since: costMonday, By: cost.ByAuthor}, map[string]float64{"Ada": total}, total)
			w.costs(cost.Query{Since: costMonday, By: cost.ByWeek}, map[string]float64{"2026-W49": total}, total)
			w.costs(cost.Query{Since: costMonday, Names: []string{"pay"}}, map[string]float64{"pay": 1.92}, 1.92)
		}
	}
}

func (w *fixture) costs(q cost.Query, want map[string]float64, total float64) {
	w.t.Helper()
	r, err := w.Cost(w.t.Context(), q)
	if err != nil {
		w.t.Fatal(err)
	}
	near := func(a, b float64) bool { return a-b < 2e-4 && b-a < 2e-4 } // the actions of one hour are a minute apart at most
	if !near(r.Total.Cost, total) || len(r.Items) != len(want) {
		w.t.Errorf("%+v: total %v, want %v: %+v", q, r.Total.Cost, total, r.Items)
	}
	for _, row := range r.Items {
		if amount, ok := want[row.Name]; !ok || !near(row.Cost, amount) || row.UnknownHours > 0 {
			w.t.Errorf("%+v: %q costs %v, want %v: %+v", q, row.Name, row.Cost, amount, row)
		}
	}
	if saved := r.Total.Saved; len(q.Names) == 0 && !near(saved, 1.188) {
		w.t.Errorf("%+v: saved %v", q, saved)
	}
}

// A commit has its requests in the message, so that nothing is rendered for its cost, if there
// is a price table.
func TestCommitsHaveTheirRequests(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("1111111"))
	w.addPrices()
	w.do(staging.Action{Verb: staging.Archive, Name: "login"})
	w.do(staging.Action{Verb: staging.Restore, Name: "login"})
	events, err := w.Versions(t.Context(), staging.HistoryQuery{Name: "login"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range events {
		got = append(got, e.Requests)
	}
	if want := []string{"active cpu=120m memory=320Mi storage=1Gi", "archived cpu=0 memory=0 storage=1Gi", ""}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A version that does not render costs what the one before cost, and says for how long.
func TestCostOfBrokenVersions(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.at(0, staging.Action{Verb: staging.Deploy, Name: "login", Branch: "feature/login"})
	w.addPrices()
	w.clock.set(costMonday.Add(10 * time.Hour))
	w.edit("templates/shop/kustomization.yaml", "frontend.yaml", "missing.yaml")
	w.clock.set(costMonday.Add(20 * time.Hour))
	r, err := w.Cost(t.Context(), cost.Query{Since: costMonday})
	if err != nil || r.Total.Cost != 0.8 || r.Total.UnknownHours != 10 {
		t.Errorf("%+v (%v)", r, err)
	}
}

func TestCostRefusals(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	if _, err := w.Cost(t.Context(), cost.Query{}); staging.CodeOf(err) != staging.CodeInvalid {
		t.Errorf("without a price table: %v", err)
	}
	w.addPrices()
	for _, q := range []cost.Query{{By: "month"}, {Since: w.clock.Now().Add(time.Hour)}} {
		if _, err := w.Cost(t.Context(), q); staging.CodeOf(err) != staging.CodeInvalid {
			t.Errorf("%+v: %v", q, err)
		}
	}
	if _, err := w.Cost(t.Context(), cost.Query{Names: []string{"nobody"}}); staging.CodeOf(err) != staging.CodeNotFound {
		t.Errorf("a staging that never existed: %v", err)
	}
	if r, err := w.Cost(t.Context(), cost.Query{}); err != nil || len(r.Items) != 0 || r.Total.Cost != 0 {
		t.Errorf("without a staging: %+v (%v)", r, err)
	}
}
