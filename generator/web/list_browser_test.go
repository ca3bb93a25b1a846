package web_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"octopod/generator/project"
)

// wholeRows counts the rows that are whole on the first screen.
const wholeRows = `[...document.querySelectorAll('.row')].filter(r => r.getBoundingClientRect().bottom <= innerHeight).length`

// With five services, a screen shows twelve rows, a phone six, and every target of the
// phone is large enough for a thumb.
func TestAScreenShowsManyStagings(t *testing.T) {
	w := market(t, 40, nil)
	b := w.browsers(t, w.as("Quinn", project.RoleUser))[0]
	for _, tt := range []struct {
		look
		rows, height int
	}{{look{"wide", "light", 1440, 900, 1}, 12, 64}, {look{"phone", "light", 390, 844, 1}, 6, 100}} {
		b.look(tt.look)
		b.Open("/shop/")
		var rows, height, small int
		var which string
		b.Do(chromedp.Evaluate(wholeRows, &rows), chromedp.Evaluate(`Math.max(...[...document.querySelectorAll('.row')].map(r => r.offsetHeight))`, &height),
			chromedp.Evaluate(`(() => {
				const size = e => (e.closest('h2') ? e.closest('.row') : e).getBoundingClientRect(); // the link of a row covers it
				const shown = [...document.querySelectorAll('a, button, summary, input')].filter(e => e.checkVisibility() && !e.matches('.skip'));
				window.small = shown.filter(e => size(e).height < 44 || size(e).width < 44);
				return window.small.length;
			})()`, &small), chromedp.Evaluate(`window.small.slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join()`, &which))
		t.Logf("%s: %d rows on the first screen, at most %d px high", tt.name, rows, height)
		if rows < tt.rows || height > tt.height {
			t.Errorf("%s: %d rows of %d px, want %d of %d", tt.name, rows, height, tt.rows, tt.height)
		}
		if tt.name == "phone" && small > 0 {
			t.Errorf("%d targets are smaller than 44 px: %s", small, which)
		}
	}
}

// Back returns to the same rows at the same place, and so does the link to all
// stagings.
func TestBackReturnsToTheSamePlace(t *testing.T) {
	w := crowd(t, 230)
	b := w.browsers(t, w.as("Quinn", project.RoleUser))[0]
	b.Open("/shop/?sort=name")
	b.Do(chromedp.Evaluate(`document.querySelector('.more-rows a').click()`, nil))
	b.WaitFor("more rows", `document.querySelectorAll('.row').length === 200`)
	b.WaitFor("the address has them", `location.search.includes('rows=200')`)
	b.Do(chromedp.Evaluate(`scrollTo(0, document.querySelector('#s-feature-0150').offsetTop)`, nil))
	var before, after float64
	const place = `document.querySelector('#s-feature-0152').getBoundingClientRect().top`
	b.Do(chromedp.Evaluate(place, &before))
	open := func() {
		b.Do(chromedp.Evaluate(`document.querySelector('#s-feature-0152 h2 a').click()`, nil))
		b.WaitFor("the staging", `document.querySelector('#status')`)
	}
	open()
	b.Do(chromedp.NavigateBack())
	b.WaitFor("the list", `document.querySelector('#s-feature-0152') && scrollY > 0`)
	b.Do(chromedp.Evaluate(place, &after))
	if moved := after - before; moved < -2 || moved > 2 {
		t.Errorf("the row is %v px away", moved)
	}
	open()
	b.Press("All stagings")
	b.WaitFor("the same list at the row", `location.search.includes('rows=200') && location.hash === '#s-feature-0152' && scrollY > 0`)
}

// A click anywhere in a row opens the staging.
func TestTheWholeRowIsALink(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	b := w.browsers(t, w.as("Quinn", project.RoleUser))[0]
	b.Open("/shop/")
	var x, y float64
	b.Do(chromedp.Evaluate(`document.querySelector('#s-login .when').getBoundingClientRect().left + 20`, &x),
		chromedp.Evaluate(`document.querySelector('#s-login').getBoundingClientRect().bottom - 8`, &y))
	b.Do(chromedp.MouseClickXY(x, y))
	b.WaitFor("the staging", `location.pathname === '/shop/stagings/login'`)
}

// swapBudget is the time that the main thread may be blocked by a search among 1,000
// stagings. A loaded machine of two cores is slower; the benchmark reports the figure.
const swapBudget = 1500

// A search among 1,000 stagings does not stop the page.
func TestASearchDoesNotStopThePage(t *testing.T) {
	w := crowd(t, 1000)
	b := w.browsers(t, w.as("Quinn", project.RoleUser))[0]
	if blocked := b.longestTask("/shop/", "spring", "feature"); blocked > swapBudget {
		t.Errorf("a search blocks the page for %d ms", blocked)
	}
}

// BenchmarkSearchSwap reports how long a search among 1,000 stagings blocks the main
// thread of a browser.
func BenchmarkSearchSwap(b *testing.B) {
	w := crowd(b, 1000)
	tab := w.browsers(b, w.as("Quinn", project.RoleUser))[0]
	longest := 0
	for b.Loop() {
		longest = max(longest, tab.longestTask("/shop/", "spring", "feature"))
	}
	b.ReportMetric(float64(longest), "blocked-ms")
}

// longestTask types searches into a list, and returns the longest task in milliseconds.
func (b *browser) longestTask(path string, queries ...string) (longest int) {
	b.t.Helper()
	b.Open(path)
	b.Do(chromedp.Evaluate(`window.longest = 0; new PerformanceObserver(l => l.getEntries().forEach(e => { window.longest = Math.max(window.longest, Math.round(e.duration)) })).observe({type: 'longtask'}); 0`, nil))
	for _, query := range queries {
		b.Fill("#q", query)
		b.WaitFor("the results of "+query, fmt.Sprintf(`document.querySelector('#results').dataset.events.includes('q=%s&') || document.querySelector('#results').dataset.events.endsWith('q=%[1]s')`, query))
	}
	b.Do(chromedp.Evaluate(`new Promise(done => requestAnimationFrame(() => setTimeout(() => done(window.longest), 50)))`, &longest, awaitPromise))
	return longest
}

// The first visit of a list of 40 stagings with five services is at most 50 KB.
func TestTheFirstVisitIsSmall(t *testing.T) {
	w := market(t, 40, nil)
	_, total, _ := w.page(t, "/shop/")
	for _, asset := range []string{"/assets/app.css", "/assets/app.js", "/assets/htmx.min.js"} {
		_, size, _ := w.page(t, asset)
		total += size
	}
	t.Logf("%d bytes", total)
	if total > 50<<10 {
		t.Errorf("the first visit has %d KiB", total>>10)
	}
}
