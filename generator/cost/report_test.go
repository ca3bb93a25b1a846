package cost_test

import (
	"slices"
	"testing"
	"time"

	"octopod/generator/cost"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// table has prices for mental arithmetic: a GiB of storage is 0.001 an hour, a staging 0.01.
var table = project.Cost{
	Currency: "EUR", Overhead: 1, TimeZone: "UTC",
	Prices: project.Prices{CPUHour: 0.1, MemoryGiBHour: 0.01, StorageGiBMonth: 0.73, LoadBalancerHour: 0.02, StagingMonth: 7.3},
	Teams:  []project.Team{{Name: "checkout", Branches: []string{"feature/pay*"}}},
}

// monday is the beginning of week 48.
var monday = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

func hours(n int) time.Time { return monday.Add(time.Duration(n) * time.Hour) }

// week is a week of three stagings, each of which changes in it:
//
//	login   Mon 0:00  1 replica:  0.5 × 0.1 + 1 × 0.01 + 10 × 0.001 + 0.01 = 0.08 an hour,  60 h = 4.80
//	        Wed 12:00 3 replicas: 1.5 × 0.1 + 3 × 0.01 + 10 × 0.001 + 0.01 = 0.20 an hour, 108 h = 21.60
//	search  Mon 0:00  awake:      1 × 0.1 + 2 × 0.01 + 20 × 0.001 + 0.01   = 0.15 an hour, 114 h = 17.10
//	        Fri 18:00 archived:   20 × 0.001 + 0.01                        = 0.03 an hour,  54 h = 1.62
//	                  saved:      (0.15 − 0.03) × 54 h = 6.48
//	pay     Tue 6:00  awake:      0.25 × 0.1 + 0.5 × 0.01 + 0.02 + 0.01    = 0.06 an hour,  48 h = 2.88
//	        Thu 6:00  deleted
//
// Together 4.80 + 21.60 + 17.10 + 1.62 + 2.88 = 48.00.
func week() []cost.Life {
	small, large := cost.Need{CPU: 500, Memory: gi, Storage: 10 * gi}, cost.Need{CPU: 1500, Memory: 3 * gi, Storage: 10 * gi}
	search := cost.Need{CPU: 1000, Memory: 2 * gi, Storage: 20 * gi}
	return []cost.Life{
		{Staging: "login", Branch: "feature/login", Author: "anna", Points: []cost.Point{
			{At: hours(0), State: staging.Active, Need: small}, {At: hours(60), State: staging.Active, Need: large}}},
		{Staging: "search", Branch: "feature/search", Author: "bob", Points: []cost.Point{
			{At: hours(0), State: staging.Active, Need: search}, {At: hours(114), State: staging.Archived, Need: search.Asleep()}}},
		{Staging: "pay", Branch: "feature/pay", Author: "anna", Points: []cost.Point{
			{At: hours(30), State: staging.Active, Need: cost.Need{CPU: 250, Memory: gi / 2, LoadBalancers: 1}}, {At: hours(78), Gone: true}}},
	}
}

func TestCostOfAChangedWeek(t *testing.T) {
	for _, tt := range []struct {
		by   cost.Group
		want map[string]float64
	}{
		{cost.ByStaging, map[string]float64{"login": 26.4, "search": 18.72, "pay": 2.88}},
		{cost.ByAuthor, map[string]float64{"anna": 29.28, "bob": 18.72}},
		{cost.ByOwner, map[string]float64{"checkout": 2.88, "": 45.12}},
		{cost.ByWeek, map[string]float64{"2026-W48": 48}},
	} {
		r := cost.ReportOf(table, week(), cost.Query{By: tt.by, Since: monday, Until: hours(168)})
		if len(r.Items) != len(tt.want) {
			t.Errorf("by %s: %+v", tt.by, r.Items)
		}
		for _, row := range r.Items {
			if want, ok := tt.want[row.Name]; !ok || row.Cost != want {
				t.Errorf("by %s: %q costs %v, want %v", tt.by, row.Name, row.Cost, want)
			}
		}
		if r.Total.Cost != 48 || r.Total.Saved != 6.48 || r.Total.AsleepHours != 54 || r.Total.AwakeHours != 60+108+114+48 {
			t.Errorf("by %s: total %+v", tt.by, r.Total)
		}
		if r.Total.PerDay != 5.52 { // (0.20 + 0.03) × 24 at the end
			t.Errorf("by %s: %v a day", tt.by, r.Total.PerDay)
		}
	}
}

// A part of the week costs the part, and names choose.
func TestCostOfAPart(t *testing.T) {
	r := cost.ReportOf(table, week(), cost.Query{Since: hours(50), Until: hours(70)})
	if r.Total.Cost != 0.8+2+3+1.2 { // login 10 × 0.08 + 10 × 0.20, search 20 × 0.15, pay 20 × 0.06
		t.Errorf("%+v", r)
	}
	r = cost.ReportOf(table, week(), cost.Query{Names: []string{"pay"}, Since: monday, Until: hours(168)})
	if len(r.Items) != 1 || r.Total.Cost != 2.88 || r.Total.PerDay != 0 {
		t.Errorf("%+v", r)
	}
}

// Weeks and months begin at midnight in the time zone, also when clocks change: the week of
// 19 October 2026 has 169 hours in Berlin.
func TestWeeksOfATimeZone(t *testing.T) {
	berlin := table
	berlin.TimeZone = "Europe/Berlin"
	life := []cost.Life{{Staging: "a", Points: []cost.Point{{At: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), State: staging.Active, Need: cost.Need{CPU: 900}}}}}
	until := time.Date(2026, 11, 1, 23, 0, 0, 0, time.UTC) // midnight of Monday in Berlin
	r := cost.ReportOf(berlin, life, cost.Query{By: cost.ByWeek, Since: until.AddDate(0, 0, -21), Until: until})
	// 0.9 × 0.1 + 0.01 = 0.10 an hour. 504 hours before midnight in winter, it is 1:00 in summer.
	var got []float64
	for _, row := range r.Items {
		got = append(got, row.AwakeHours)
	}
	if !slices.Equal(got, []float64{167, 169, 168}) || r.Items[0].Name != "2026-W42" || r.Total.Cost != 50.4 {
		t.Errorf("%v: %+v", got, r)
	}
	if r.MonthSoFar != 2.4 { // 24 hours of November in Berlin: it is 2 November 0:00, so one day
		t.Errorf("month so far %v", r.MonthSoFar)
	}
}

// What cannot be rendered costs what it cost before, and says so.
func TestUnknownTimes(t *testing.T) {
	life := []cost.Life{{Staging: "a", Points: []cost.Point{
		{At: hours(0), State: staging.Active, Need: cost.Need{CPU: 1000, Storage: 10 * gi}},
		{At: hours(10), State: staging.Active, Unknown: true},
		{At: hours(20), State: staging.Archived, Unknown: true},
		{At: hours(15), State: staging.Active, Need: cost.Need{CPU: 1000, Storage: 10 * gi}}, // a clock that is slow
	}}}
	r := cost.ReportOf(table, life, cost.Query{Since: monday, Until: hours(40)})
	// 20 × 0.12, and from the later date on 20 × 0.12: the archive in between took no time.
	if r.Total.Cost != 4.8 || r.Total.UnknownHours != 10 {
		t.Errorf("%+v", r.Total)
	}
}

// A staging that was never awake in the history saves nothing.
func TestNeverAwake(t *testing.T) {
	life := []cost.Life{{Staging: "a", Points: []cost.Point{{At: hours(0), State: staging.Archived, Need: cost.Need{Storage: 10 * gi}}}}}
	r := cost.ReportOf(table, life, cost.Query{Since: monday, Until: hours(100)})
	if r.Total.Cost != 2 || r.Total.Saved != 0 || r.Total.PerDayAsleep != 0.48 {
		t.Errorf("%+v", r.Total)
	}
}

func TestOverheadIsOnWhatNodesShare(t *testing.T) {
	more := table
	more.Overhead = 1.5
	r := cost.RateOf(more, cost.Need{CPU: 1000, Memory: gi, Storage: 10 * gi, LoadBalancers: 1})
	if want := (0.1+0.01)*1.5 + 0.01 + 0.02 + 0.01; r.Total() < want-1e-9 || r.Total() > want+1e-9 {
		t.Errorf("%v, want %v", r.Total(), want)
	}
}

func TestMoney(t *testing.T) {
	for _, tt := range []struct {
		currency string
		amount   float64
		want     string
	}{{"EUR", 0.118, "€ 0.12"}, {"USD", 0, "$ 0.00"}, {"CHF", 1234.5, "CHF 1234.50"}, {"EUR", 0.001, "under € 0.01"}} {
		if got := cost.Money(tt.currency, tt.amount); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
