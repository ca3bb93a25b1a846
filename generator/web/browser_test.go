package web_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"octopod/generator/lifecycle"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
	"octopod/generator/testenv/testbrowser"
)

var screenshots = flag.Bool("screenshots", false, "write a picture of every page to docs/images")

// browser is a tab of a real browser.
type browser struct {
	*testbrowser.Tab
	t testing.TB
}

// browsers starts a browser for each person, signed in as that person.
func (w *world) browsers(t testing.TB, people ...*person) []*browser {
	t.Helper()
	var tabs []*browser
	for _, p := range people {
		b := &browser{testbrowser.Start(t, w.url), t}
		b.Do(network.Enable(), network.SetExtraHTTPHeaders(network.Headers{"X-Person": p.name, "X-Role": string(p.role)}))
		tabs = append(tabs, b)
	}
	return tabs
}

// look sets screen size and colour scheme.
func (b *browser) look(l look) {
	b.t.Helper()
	b.Do(emulation.SetDeviceMetricsOverride(l.width, l.height, l.scale, l.width < 600),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: l.scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}))
}

type look struct {
	name          string
	scheme        string
	width, height int64
	scale         float64
}

var looks = []look{
	{"light", "light", 1400, 900, 1}, {"dark", "dark", 1400, 900, 1}, {"phone", "light", 390, 844, 2},
}

// One person creates, changes and deletes a staging; a second person watches.
func TestTwoPeopleAtBrowsers(t *testing.T) {
	w := newWorld(t, nil)
	w.do(staging.Action{Verb: staging.Deploy, Branch: "checkout"})
	w.running("checkout")
	quinn, pat := w.as("Quinn", project.RoleUser), w.as("Pat", project.RoleUser)
	tabs := w.browsers(t, quinn, pat)
	hers, his := tabs[0], tabs[1]

	his.Open("/shop/")
	his.WaitText("checkout")
	his.Do(chromedp.Evaluate(`window.stays = document.querySelector('#s-checkout')`, nil))

	hers.Open("/shop/")
	hers.Do(chromedp.Click("header .button.primary"), chromedp.WaitVisible("#branch"))
	hers.Do(chromedp.SendKeys("#branch", "feature/login"))
	hers.WaitFor("the address while she types", `document.querySelector('#preview').innerText.includes('https://login.staging.example.com')`)
	hers.Press("Create")
	hers.WaitText("Created.")
	hers.WaitText("Starting")

	his.WaitFor("there is a new staging, offered and not pushed in", `!document.querySelector('.fresh-rows').hidden && !document.querySelector('#s-login')`)
	his.Do(chromedp.Evaluate(`window.stays === document.querySelector('#s-checkout') || (() => { throw 'the list moved' })()`, nil))
	his.Click(".fresh-rows a")
	his.WaitFor("the new row", `document.querySelector('#s-login')`)

	w.running("login")
	hers.WaitFor("it runs, without a reload", `document.querySelector('#status .state').innerText === 'Running'`)
	hers.WaitFor("how long that took, without a reload", `/^ran after/i.test(document.querySelector('#outcome').innerText)`)
	his.WaitFor("it runs, without a reload", `document.querySelector('#s-login .state').innerText === 'Running'`)

	hers.Press("Change settings")
	hers.Do(chromedp.WaitVisible("#f-LOG_LEVEL"), chromedp.SetValue("#f-LOG_LEVEL", "debug"),
		chromedp.Evaluate(`document.querySelector('#f-LOG_LEVEL').dispatchEvent(new Event('change', {bubbles: true}))`, nil))
	hers.WaitFor("what will change", `/LOG_LEVEL[^]*debug/.test(document.querySelector('#preview').innerText)`)
	his.Open("/shop/stagings/login/settings")
	hers.Press("Save")
	hers.WaitText("Saved.")

	his.Do(chromedp.SetValue("#f-PAYMENT_GATEWAY", "production"))
	his.Press("Save")
	his.WaitText("Quinn changed this a moment ago")
	his.Press("Save")
	his.WaitText("Saved.")
	hers.WaitFor("his change, without a reload", `document.querySelector('main').innerText.includes('production')`)

	hers.Press("Undo this change")
	hers.WaitText("Undo this change of login?")
	hers.Press("Undo this change")
	hers.WaitText("Undone.")
	hers.Press("Archive…")
	hers.Press("Archive")
	hers.WaitText("Archived.")
	hers.Press("Restore")
	hers.Press("Restore")
	hers.WaitText("Restoring.")
	his.Open("/shop/")
	hers.Press("Delete…")
	hers.Do(chromedp.SendKeys("#confirm", "login"))
	hers.Press("Delete forever")
	hers.WaitText("Deleted.")
	his.WaitFor("it is being deleted", `document.querySelector('#s-login').innerText.includes('Deleting')`)
	w.argo.Remove("login")
	his.WaitFor("the row is gone", `!document.querySelector('#s-login') || document.querySelector('#s-login').classList.contains('left')`)
}

// A build that arrives while a person types a note loses neither the note nor the
// result.
func TestANoteOutlivesANewBuild(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	w.running("login")
	b := w.browsers(t, w.as("Quinn", project.RoleUser))[0]
	b.Open("/shop/stagings/login")
	b.Do(chromedp.SendKeys("#note", "all fine"))
	again := login()
	again.Images["frontend"] = staging.Build{Image: "registry.example.com/shop/frontend:5c0ffee"}
	w.do(again)
	b.WaitFor("the new build, without a reload", `document.querySelector('.history').innerText.includes('5c0ffee')`)
	w.running("login")
	b.WaitFor("what runs now can be marked, without a reload", `document.querySelector('#result .works')`)
	b.WaitFor("the note is still there", `document.querySelector('#note').value === 'all fine'`)
	b.Press("It works")
	b.WaitText("Ada changed this a moment ago")
	b.WaitFor("the note is still there", `document.querySelector('#note').value === 'all fine'`)
	if w.record("login").Spec.Tested != nil {
		t.Error("a build is marked that nobody tried")
	}
	b.Press("It works")
	b.WaitText("Tested by Quinn on this version")
}

// The buttons of the test result are aligned; on a phone, in two lines.
func TestTheButtonsOfAMarkAreInLine(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	w.running("login")
	w.do(staging.Action{Verb: staging.Mark, Name: "login", Outcome: staging.Tested})
	b := w.browsers(t, w.as("Quinn", project.RoleUser))[0]
	for _, l := range looks {
		b.look(l)
		b.Open("/shop/stagings/login/mark")
		b.WaitFor("the buttons are in line, "+l.name, `(() => {
			const [works, broken, none, cancel] = [...document.querySelectorAll('.submit > *')].map(e => e.getBoundingClientRect());
			const middle = r => Math.round(r.top + r.height / 2);
			const edge = Math.round(document.querySelector('#note').getBoundingClientRect().left);
			return Math.round(works.left) === edge && middle(works) === middle(broken) && middle(none) === middle(cancel) &&
				(Math.round(none.left) + parseFloat(getComputedStyle(document.querySelector('.submit .plain')).paddingLeft) === edge || middle(none) === middle(works)) && Math.min(none.height, cancel.height) >= 24;
		})()`)
	}
}

// The keyboard suffices for everything.
func TestTheKeyboardIsEnough(t *testing.T) {
	w := newWorld(t, nil)
	w.do(login())
	b := w.browsers(t, w.as("Quinn", project.RoleUser))[0]
	b.Open("/shop/")
	b.Do(chromedp.KeyEvent("/"))
	b.WaitFor("the search has the focus", `document.activeElement.id === 'q'`)
	b.Fill("#q", "lgin") // typed keys arrive even where the page handles keys
	b.WaitFor("letters are marked", `[...document.querySelectorAll('.row .slug mark')].map(m => m.innerText).join('') === 'lgin'`)
	b.WaitFor("the address says what is searched", `location.search.includes('q=lgin')`)
	b.Do(chromedp.Focus("#s-login .acts summary"), chromedp.KeyEvent("\r"))
	b.WaitFor("the menu is open", `document.querySelector('#s-login .acts').open`)
	w.running("login")
	b.WaitFor("the row changes, the menu stays", `document.querySelector('#s-login .state').innerText === 'Running' && document.querySelector('#s-login .acts').open`)
	b.WaitFor("the focus stays", `document.activeElement.matches('#s-login .acts summary')`)
	b.Do(chromedp.KeyEvent("\u001b"))
	b.WaitFor("the menu is closed", `!document.querySelector('#s-login .acts').open`)
}

// gallery returns every page, each with content.
func gallery(w *world) []struct{ name, path, as string } {
	w.do(login())
	w.receive("feature/gift-cards", "pat")
	w.running("login")
	for i, branch := range []string{"main", "fix/checkout-rounding", "feature/gift-cards", "feature/search-as-you-type", "chore/node-22"} {
		a := staging.Action{Verb: staging.Deploy, Branch: branch, Images: map[string]staging.Build{
			"backend": {Image: fmt.Sprintf("registry.example.com/shop/backend:%07x", 0x9a31c4e*(i+1)%0xfffffff)},
		}}
		if i == 2 {
			title := "Gift cards, for the demo on Friday"
			a.Title, a.Set, a.Presets = &title, map[string]string{"backend.replicas": "2"}, []string{"payments-production"}
			a.PullRequest = &staging.PullRequest{Number: 77, URL: "https://github.com/acme/shop-backend/pull/77", Title: "Gift cards", Author: "pat"}
		}
		r := w.do(a)
		if i != 3 {
			w.running(r.Name)
		}
	}
	w.argo.Put("checkout-rounding", func(a *staging.Application) {
		a.Health = "Degraded"
		a.Resources = []staging.Resource{{Kind: "Deployment", Namespace: "shop-checkout-rounding", Name: "backend", Health: "Degraded", Message: "exceeded its progress deadline"}}
	})
	w.do(staging.Action{Verb: staging.Mark, Name: "gift-cards", Outcome: staging.Broken, Note: "The total is wrong with two cards"})
	w.do(staging.Action{Verb: staging.Mark, Name: "login", Outcome: staging.Tested, Note: "On a phone, too"})
	w.do(staging.Action{Verb: staging.Mark, Name: "main", Outcome: staging.Tested})
	w.do(staging.Action{Verb: staging.Archive, Name: "chore-node-22"})
	w.do(staging.Action{Verb: staging.Deploy, Branch: "spike/new-cart"})
	w.do(staging.Action{Verb: staging.Keep, Name: "gift-cards", Reason: "the demo on Friday"})
	w.backdate("spike-new-cart", ends, time.Now().Add(-time.Hour))
	w.backdate("login", ends, time.Now().Add(20*time.Hour))
	w.SetNextSweep(time.Now().Add(8*time.Minute + 30*time.Second))
	if _, err := w.Sweep(w.t.Context(), lifecycle.SweepRequest{By: rights.Actor{Person: staging.Person{Name: "Octopod"}}}); err != nil {
		w.t.Fatal(err)
	}
	w.catchUp()
	w.running("gift-cards")
	w.do(staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"PAYMENT_GATEWAY": "production"}})
	w.argo.SetPods("login", staging.Pod{Name: "backend-1", Workload: "Deployment/backend", Health: "Degraded", Status: "CrashLoopBackOff"})
	w.running("login")
	w.argo.Put("login", func(a *staging.Application) { a.Health = "Progressing" })
	w.becomes("login", staging.PhaseFailed)
	w.argo.SetPods("login")
	w.do(staging.Action{Verb: staging.Unset, Name: "login", Unset: []string{"PAYMENT_GATEWAY"}})
	w.running("login")
	w.do(staging.Action{Verb: staging.Set, Name: "login", Absent: []string{"LEGACY_FLAG"}})
	w.running("login")
	events, err := w.History(w.t.Context(), staging.HistoryQuery{Name: "login", Limit: 1})
	if err != nil {
		w.t.Fatal(err)
	}
	return []struct{ name, path, as string }{
		{"stagings", "/shop/", "user"}, {"search", "/shop/?q=gift", "user"}, {"new", "/shop/new?branch=feature/new-cart", "user"},
		{"one", "/shop/stagings/login", "user"}, {"history", "/shop/stagings/login#history", "user"}, {"trouble", "/shop/stagings/checkout-rounding", "admin"},
		{"settings", "/shop/stagings/login/settings", "user"}, {"undo", "/shop/stagings/login/undo?to=" + events[0].Revision, "admin"},
		{"delete", "/shop/stagings/login/delete", "user"}, {"archived", "/shop/archived", "user"}, {"activity", "/shop/activity", "admin"},
		{"project", "/shop/about?check=1", "admin"}, {"clean-up", "/shop/about#clean-up", "admin"},
		{"files", "/shop/stagings/login/files", "admin"}, {"objects", "/shop/stagings/checkout-rounding/resources", "admin"},
		{"mark", "/shop/stagings/gift-cards/mark", "user"}, {"deliveries", "/shop/deliveries", "admin"},
		{"keep", "/shop/stagings/login/keep", "user"}, {"several", "/shop/bulk?verb=archive&name=login&name=main", "user"}, {"compact", "/shop/?view=compact", "viewer"},
		{"pending", "/shop/stagings/login/pending", "admin"}, {"update", "/shop/stagings/login/regenerate", "admin"},
		{"sign-in", "/signin?next=/shop/", "user"},
		{"not-found", "/shop/stagings/nothing", "viewer"}, {"nothing-fits", "/shop/?q=zebra", "viewer"},
	}
}

// Every page, in light, dark and on a phone, passes the WCAG 2.2 AA rules of axe-core
// and fits the screen.
func TestEveryPageIsAccessible(t *testing.T) {
	w := newWorld(t, nil)
	pages := gallery(w)
	axe, err := os.ReadFile("testdata/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	people := map[string]*browser{}
	for i, b := range w.browsers(t, w.as("Quinn Tester", project.RoleUser), w.as("Ada Admin", project.RoleAdmin), w.as("Vera", project.RoleViewer)) {
		people[[]string{"user", "admin", "viewer"}[i]] = b
	}
	for _, page := range pages {
		b := people[page.as]
		for _, l := range looks {
			b.look(l)
			b.Do(chromedp.Navigate("about:blank")) // a fragment alone does not reload the page
			b.Open(page.path)
			if page.name == "new" {
				b.WaitFor("the preview", `document.querySelector('#preview').innerText.includes('https://')`)
			}
			if faults := b.axe(string(axe)); faults != "" {
				t.Errorf("%s, %s:\n%s", page.name, l.name, faults)
			}
			var wide bool
			b.Do(chromedp.Evaluate(`document.documentElement.scrollWidth > innerWidth + 1`, &wide))
			var squeezed bool
			b.Do(chromedp.Evaluate(`[...document.querySelectorAll('.row h2')].some(h => h.offsetHeight > 90)`, &squeezed))
			if squeezed {
				t.Errorf("%s, %s: names have no room", page.name, l.name)
			}
			if wide {
				t.Errorf("%s, %s: the page is wider than the screen", page.name, l.name)
			}
			if *screenshots {
				b.picture(page.name + "-" + l.name)
			}
		}
	}
}

// The accessibility check can find faults.
func TestTheCheckOfPagesFindsFaults(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browsers(t, w.as("Vera", project.RoleViewer))[0]
	axe, err := os.ReadFile("testdata/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	b.Open("/shop/")
	b.Do(chromedp.Evaluate(`document.querySelector('main').append(new Image()); document.querySelector('h1').style.color = '#ddd'; 0`, nil))
	if faults := b.axe(string(axe)); !strings.Contains(faults, "image-alt") || !strings.Contains(faults, "color-contrast") {
		t.Errorf("found: %s", faults)
	}
}

func (b *browser) axe(script string) string {
	b.t.Helper()
	var faults []string
	b.Do(chromedp.Evaluate(script+";0", nil), chromedp.Evaluate(`axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}).then(r =>
		r.violations.flatMap(v => v.nodes.map(n => v.id + ': ' + n.failureSummary.replaceAll('\n', ' ') + ' ' + n.html.slice(0, 160))))`, &faults, chromedp.EvalAsValue, awaitPromise))
	return strings.Join(faults, "\n")
}

func (b *browser) picture(name string) {
	b.t.Helper()
	var png []byte
	b.Do(chromedp.CaptureScreenshot(&png))
	file := filepath.Join("../../docs/images", name+".png")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(file, png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

func awaitPromise(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }
