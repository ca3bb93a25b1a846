// Package testbrowser drives a real browser like a person: it opens pages, clicks,
// types and waits for text. Only _test files import it.
package testbrowser

import (
	"context"
	"fmt"
	"os/exec"
	"testing"

	"github.com/chromedp/chromedp"

	"octopod/generator/testenv"
)

// Tab is the only tab of its own browser.
type Tab struct {
	t   testing.TB
	ctx context.Context // chromedp keeps the browser in it
	url string
}

// Start starts a browser for a server; it ends with the test.
func Start(t testing.TB, url string) *Tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.WindowSize(1400, 900),
		chromedp.Flag("force-prefers-reduced-motion", true), chromedp.WSURLReadTimeout(testenv.Timeout))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Run(ctx); err != nil { // the browser ends with the context of its first Run
		t.Fatal(err)
	}
	return &Tab{t, ctx, url}
}

func chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("there is no browser: apt-get install chromium")
	return ""
}

// Context returns the context of the tab, to listen to its events.
func (b *Tab) Context() context.Context { return b.ctx }

// Do runs actions that must succeed.
func (b *Tab) Do(actions ...chromedp.Action) {
	b.t.Helper()
	if err := b.try(actions...); err != nil {
		b.t.Fatalf("%v\n%s", err, b.text())
	}
}

func (b *Tab) try(actions ...chromedp.Action) error {
	ctx, cancel := context.WithTimeout(b.ctx, testenv.Timeout)
	defer cancel()
	return chromedp.Run(ctx, actions...)
}

// text returns the visible text of the page, for messages.
func (b *Tab) text() (text string) {
	var at string
	_ = b.try(chromedp.Location(&at), chromedp.Text("body", &text))
	return at + ":\n" + text
}

// Open opens a page of the server.
func (b *Tab) Open(path string) {
	b.t.Helper()
	b.Do(chromedp.Navigate(b.url+path), chromedp.WaitReady("html.js main"))
}

// Click clicks the element of a selector.
func (b *Tab) Click(selector string) {
	b.t.Helper()
	b.Do(chromedp.Click(selector, chromedp.NodeVisible))
}

// Press clicks a link or a button by its label.
func (b *Tab) Press(label string) {
	b.t.Helper()
	b.Click(fmt.Sprintf(`//main//*[self::a or self::button][starts-with(normalize-space(.), %q)]`, label))
}

// Fill replaces the content of a field.
func (b *Tab) Fill(selector, text string) {
	b.t.Helper()
	b.Do(chromedp.Evaluate(fmt.Sprintf(`document.querySelector(%q).value = ""`, selector), nil), chromedp.SendKeys(selector, text))
}

// WaitText waits until the page contains a text.
func (b *Tab) WaitText(text string) {
	b.t.Helper()
	b.WaitFor("it says "+text, fmt.Sprintf(`document.querySelector('main').innerText.includes(%q)`, text))
}

// WaitFor waits until a script returns true. The script may fail while the browser
// loads the next page.
func (b *Tab) WaitFor(what, script string) {
	b.t.Helper()
	testenv.Eventually(b.t, "the page shows that "+what, func() (pageState, bool) {
		var holds bool
		err := b.try(chromedp.Evaluate("!!("+script+")", &holds))
		return pageState{b, err}, err == nil && holds
	})
}

// pageState is the result of a poll. It reads the page's text only when printed.
type pageState struct {
	tab *Tab
	err error // of the script
}

func (g pageState) String() string { return fmt.Sprintf("(%v) %s", g.err, g.tab.text()) }
