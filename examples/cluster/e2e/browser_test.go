//go:build cluster

package e2e_test

import (
	"context"
	"fmt"
	"os/exec"
	"testing"

	"github.com/chromedp/chromedp"
)

// browser is a tab of a real browser on the page of a server.
type browser struct {
	context.Context
	t   testing.TB
	url string
}

// newBrowser starts one; it ends with the test.
func newBrowser(t testing.TB, url string) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("there is no browser: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.WindowSize(1400, 900), chromedp.WSURLReadTimeout(patience))
	allocated, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocated)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 5*patience)
	t.Cleanup(cancel)
	if err := chromedp.Run(ctx); err != nil { // the browser lives as long as the context that starts it
		t.Fatal(err)
	}
	return &browser{ctx, t, url}
}

func (b *browser) do(actions ...chromedp.Action) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b, patience)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		b.t.Fatalf("%v\n%s", err, b.text())
	}
}

// text is all that one can read now, for messages.
func (b *browser) text() (text string) {
	var at string
	_ = chromedp.Run(b, chromedp.Location(&at), chromedp.Text("body", &text))
	return at + ":\n" + text
}

func (b *browser) open(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.url+path), chromedp.WaitReady("main"), chromedp.WaitReady("html.js"))
}

// press clicks a link or a button by what it says.
func (b *browser) press(label string) {
	b.t.Helper()
	b.do(chromedp.Click(fmt.Sprintf(`//main//*[self::a or self::button][starts-with(normalize-space(.), %q)]`, label), chromedp.NodeVisible))
}

// sees waits until a script says true. While a page gives way to the next one
// it can say nothing.
func (b *browser) sees(what, script string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b, patience)
	defer cancel()
	_, ok := poll(ctx, func() (string, bool) {
		var holds bool
		err := chromedp.Run(ctx, chromedp.Evaluate("!!("+script+")", &holds))
		return "", err == nil && holds
	})
	if !ok {
		b.t.Fatalf("the page never shows that %s:\n%s", what, b.text())
	}
}

func (b *browser) reads(text string) {
	b.t.Helper()
	b.sees("it says "+text, fmt.Sprintf(`document.querySelector('main').innerText.includes(%q)`, text))
}

// becomes waits on the page of a staging until its status is this word, and the
// page must come to say so by itself.
func (b *browser) becomes(word string) {
	b.t.Helper()
	b.do(chromedp.Evaluate(`window.sameDocument = true`, nil))
	b.sees("the staging is "+word, fmt.Sprintf(`document.querySelector('#status .state').innerText === %q`, word))
	b.sees("nothing was loaded anew", `window.sameDocument`)
}
