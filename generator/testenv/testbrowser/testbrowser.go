// Package testbrowser is a person at a real browser: what they do on the pages
// of a server, and what they come to see there. Only _test files import it.
package testbrowser

import (
	"context"
	"fmt"
	"os/exec"
	"testing"

	"github.com/chromedp/chromedp"

	"octopod/generator/testenv"
)

// Tab is the one tab of a browser of its own.
type Tab struct {
	t   testing.TB
	ctx context.Context // chromedp keeps the browser in it
	url string
}

// Start starts a browser for a server; it ends with the test.
func Start(t testing.TB, url string) *Tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.WindowSize(1400, 900),
		chromedp.Flag("force-prefers-reduced-motion", true), chromedp.WSURLReadTimeout(testenv.Patience))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Run(ctx); err != nil { // the browser lives as long as the context that starts it
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

// Do does something that must succeed.
func (b *Tab) Do(actions ...chromedp.Action) {
	b.t.Helper()
	if err := b.try(actions...); err != nil {
		b.t.Fatalf("%v\n%s", err, b.text())
	}
}

func (b *Tab) try(actions ...chromedp.Action) error {
	ctx, cancel := context.WithTimeout(b.ctx, testenv.Patience)
	defer cancel()
	return chromedp.Run(ctx, actions...)
}

// text is all that one can read now, for messages.
func (b *Tab) text() (text string) {
	var at string
	_ = b.try(chromedp.Location(&at), chromedp.Text("body", &text))
	return at + ":\n" + text
}

// Open goes to a page of the server.
func (b *Tab) Open(path string) {
	b.t.Helper()
	b.Do(chromedp.Navigate(b.url+path), chromedp.WaitReady("html.js main"))
}

// Click clicks what a selector finds.
func (b *Tab) Click(selector string) {
	b.t.Helper()
	b.Do(chromedp.Click(selector, chromedp.NodeVisible))
}

// Press clicks a link or a button by what it says.
func (b *Tab) Press(label string) {
	b.t.Helper()
	b.Click(fmt.Sprintf(`//main//*[self::a or self::button][starts-with(normalize-space(.), %q)]`, label))
}

// Fill types into a field, in the place of what it held.
func (b *Tab) Fill(selector, text string) {
	b.t.Helper()
	b.Do(chromedp.Evaluate(fmt.Sprintf(`document.querySelector(%q).value = ""`, selector), nil), chromedp.SendKeys(selector, text))
}

// Reads waits until the page says something.
func (b *Tab) Reads(text string) {
	b.t.Helper()
	b.Sees("it says "+text, fmt.Sprintf(`document.querySelector('main').innerText.includes(%q)`, text))
}

// Sees waits until a script says true. While a page gives way to the next one
// it can say nothing.
func (b *Tab) Sees(what, script string) {
	b.t.Helper()
	testenv.Eventually(b.t, "the page shows that "+what, func() (glance, bool) {
		var holds bool
		err := b.try(chromedp.Evaluate("!!("+script+")", &holds))
		return glance{b, err}, err == nil && holds
	})
}

// glance is a page as it was seen; what it says is asked for when it is told.
type glance struct {
	tab *Tab
	err error // of the script
}

func (g glance) String() string { return fmt.Sprintf("(%v) %s", g.err, g.tab.text()) }
