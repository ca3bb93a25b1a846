package web_test

import (
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/chromedp/chromedp"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// withPrices adds prices for mental arithmetic: 320 MiB of memory are 0.01 an hour, a GiB of a
// volume 0.01, and a staging 0.008. %s has more of the table.
func withPrices(more string) func(string) string {
	return func(text string) string {
		return text + "  cost: {currency: EUR, from: list price 2026, prices: {cpuHour: 0.1, memoryGiBHour: 0.032, storageGiBMonth: 7.3, stagingMonth: 5.84}" + more + "}\n"
	}
}

// movedClock is a clock that a test moves.
type movedClock struct{ at atomic.Pointer[time.Time] }

func (c *movedClock) Now() time.Time { return *c.at.Load() }

// hour moves the clock to some hours after costMonday.
func (c *movedClock) hour(hour int) {
	at := costMonday.Add(time.Duration(hour) * time.Hour)
	c.at.Store(&at)
}

var costMonday = time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)

// cells returns the rows of a table, cells separated by |.
func cells(table *goquery.Selection) []string {
	var rows []string
	table.Find("tbody tr, tfoot tr").Each(func(_ int, tr *goquery.Selection) {
		var row []string
		tr.Find("th, td:not(.bar)").Each(func(_ int, c *goquery.Selection) { row = append(row, strings.TrimSpace(c.Text())) })
		rows = append(rows, strings.Join(row, "|"))
	})
	return rows
}

// The cost on the page equals the sum by hand for three stagings over a changed week. The
// sample requests 0.12 cores, 320 MiB of memory and a volume of 1 GiB: 0.012 + 0.01 + 0.01 +
// 0.008 = 0.04 an hour.
//
//	login   Mon 0:00                                                   0.04,  60 h = 2.40
//	        Wed 12:00 backend × 3: + 0.1 cores + 256 MiB = + 0.018     0.058, 60 h = 3.48
//	        Sat 0:00  the template requests 0.2 cores more: + 0.02     0.078, 48 h = 3.744
//	search  Mon 0:00                                                   0.04, 114 h = 4.56
//	        Fri 18:00 archived: 0.01 + 0.008                           0.018, 54 h = 0.972
//	                  saved: 0.04 − 0.018                              0.022, 54 h = 1.188
//	pay     Tue 6:00, deleted Thu 6:00                                 0.04,  48 h = 1.92
//
// So login costs 9.62 and now 24 × 0.078 = 1.87 a day, search 5.53 and 24 × 0.018 = 0.43,
// pay 1.92; together 17.08 and 2.30 a day. December begins after a day: 17.08 − 48 × 0.04 = 15.16.
func TestTheCostPageIsTheSumByHand(t *testing.T) {
	clock := &movedClock{}
	clock.hour(-24)
	w := newWorldAt(t, withPrices(", budget: {stagingMonth: 50, month: 15}, teams: [{name: checkout, branches: [feature/pay]}]"), clock.Now)
	at := func(hour int, a staging.Action) { clock.hour(hour); w.do(a) }
	for _, name := range []string{"login", "search"} {
		at(0, staging.Action{Verb: staging.Deploy, Name: name, Branch: "feature/" + name})
	}
	at(30, staging.Action{Verb: staging.Deploy, Name: "pay", Branch: "feature/pay"})
	at(60, staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"backend.replicas": "3"}})
	at(78, staging.Action{Verb: staging.Delete, Name: "pay"})
	at(114, staging.Action{Verb: staging.Archive, Name: "search"})
	clock.hour(120)
	frontend, err := w.Files(t.Context(), "templates/shop/frontend.yaml", "")
	if err != nil {
		t.Fatal(err)
	}
	w.write("templates/shop/frontend.yaml", strings.Replace(string(frontend[0].Data), "cpu: 20m", "cpu: 220m", 1))
	clock.hour(168)

	page := w.as("Vera", project.RoleViewer).get("/shop/cost")
	page.shows(200, "€ 2.30 a day as it is now", "€ 15.16 this month so far", "All stagings cost € 15.16 this month, and the budget is € 15.00.", "list price 2026",
		"Login costs € 56.94 a month as it is, and the budget of a staging is € 50.00.")
	tables := page.Find("table")
	if got, want := cells(tables.Eq(0)), []string{"2026-W49|€ 17.08|€ 1.19"}; !slices.Equal(got, want) {
		t.Errorf("weeks %q, want %q", got, want)
	}
	want := []string{"login|€ 9.62|€ 0.00|€ 1.87", "search|€ 5.53|€ 1.19|€ 0.43", "pay|€ 1.92|€ 0.00|€ 0.00", "Together|€ 17.08|€ 1.19|€ 2.30"}
	if got := cells(tables.Eq(1)); !slices.Equal(got, want) {
		t.Errorf("stagings %q, want %q", got, want)
	}
	teams := w.as("Vera", project.RoleViewer).get("/shop/cost?by=owner")
	if got, want := cells(teams.Find("table").Eq(1)), []string{"no team|€ 15.16|€ 1.19|€ 2.30", "checkout|€ 1.92|€ 0.00|€ 0.00", "Together|€ 17.08|€ 1.19|€ 2.30"}; !slices.Equal(got, want) {
		t.Errorf("teams %q, want %q", got, want)
	}
	w.as("Vera", project.RoleViewer).get("/shop/stagings/login").shows(200, "€ 1.87 a day, € 9.62 in the last twelve weeks; € 0.43 a day while archived")
	if found := machinery.FindAllString(page.text(), -1); found != nil {
		t.Errorf("a tester reads %q", found)
	}
}

// The preview of a new staging has its price.
func TestANewStagingShowsItsPrice(t *testing.T) {
	w := newWorld(t, withPrices(""))
	quinn := w.as("Quinn", project.RoleUser)
	quinn.submit(quinn.get("/shop/new"), "preview", map[string]string{"branch": "feature/gifts"}).
		shows(200, "Costs about € 0.96 a day, and € 0.43 while it is archived.")
}

// Without a price table, and for roles that do not see it, there is no cost anywhere.
func TestCostIsShownWherePricesAre(t *testing.T) {
	for name, w := range map[string]*world{
		"no prices": newWorld(t, nil), "hidden": newWorld(t, func(text string) string {
			return withPrices("")(strings.Replace(text, "spec:\n", "spec:\n  ui: {visible: {cost: admin}}\n", 1))
		}),
	} {
		w.do(login())
		quinn := w.as("Quinn", project.RoleUser)
		for _, path := range []string{"/shop/", "/shop/stagings/login"} {
			if page := quinn.get(path); page.Find(`a[href="/shop/cost"]`).Length() > 0 || strings.Contains(page.text(), "€") {
				t.Errorf("%s: %s shows cost", name, path)
			}
		}
		if page := quinn.submit(quinn.get("/shop/new"), "preview", map[string]string{"branch": "feature/gifts"}); strings.Contains(page.text(), "€") {
			t.Errorf("%s: the preview shows cost", name)
		}
		if code := quinn.get("/shop/cost").status; code < 400 {
			t.Errorf("%s: the cost page answers %d", name, code)
		}
	}
}

// The cost page is accessible in light, dark and on a phone, and fits the screen.
func TestTheCostPageIsAccessible(t *testing.T) {
	clock := &movedClock{}
	clock.hour(0)
	w := newWorldAt(t, withPrices(", budget: {stagingMonth: 1}, teams: [{name: checkout, branches: ['*']}]"), clock.Now)
	w.do(login())
	clock.hour(10)
	axe, err := os.ReadFile("testdata/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	b := w.browsers(t, w.as("Quinn", project.RoleUser))[0]
	for _, l := range looks {
		b.look(l)
		for _, path := range []string{"/shop/cost", "/shop/stagings/login"} {
			b.Open(path)
			if faults := b.axe(string(axe)); faults != "" {
				t.Errorf("%s, %s:\n%s", path, l.name, faults)
			}
			var wide bool
			b.Do(chromedp.Evaluate(`document.documentElement.scrollWidth > innerWidth + 1`, &wide))
			if wide {
				t.Errorf("%s, %s: the page is wider than the screen", path, l.name)
			}
		}
	}
	var bar float64
	b.Open("/shop/cost")
	b.Do(chromedp.Evaluate(`document.querySelector('.bars .spent').getBoundingClientRect().width`, &bar))
	if bar < 20 {
		t.Errorf("the longest bar is %v pixels wide", bar)
	}
}
