package dextest

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"octopod/generator/testenv"
)

// A new tester, from the page to sign in at, in a real browser, before a real
// server and a real provider, with no manual: create, find, change, undo, say
// whether it works, archive, within three minutes.
func TestTheFirstThreeMinutesOfATester(t *testing.T) {
	s := serve(t)
	b := openTab(t)
	began := time.Now()

	b.goTo(s + "/")
	b.reads("Welcome to Octopod")
	b.click("Sign in with Acme")
	b.do(chromedp.WaitVisible("#login"), chromedp.SendKeys("#login", "grace"), chromedp.SendKeys("#password", password), chromedp.Submit("#password"))
	b.reads("No stagings yet")

	b.click("Make the first one")
	b.do(chromedp.WaitVisible("#branch"))
	b.sees("the branches are offered", `document.querySelector('#branches option[value="feature/gift-cards"]')`)
	b.do(chromedp.SendKeys("#branch", "feature/gift-cards"))
	b.sees("where it will be", `document.querySelector('#preview').innerText.includes('https://gift-cards.staging.example.com')`)
	b.reads("Backend has this branch")
	b.click("Create")
	b.reads("Created.")

	b.click("All stagings")
	b.do(chromedp.WaitVisible("#q"), chromedp.SendKeys("#q", "gftcrd"))
	b.sees("it is found", `[...document.querySelectorAll('.row h2 mark')].map(m => m.innerText).join('') === 'gftcrd'`)
	b.do(chromedp.Click(".row h2 a"))

	b.click("Change settings")
	b.do(chromedp.WaitVisible("#f-PAYMENT_GATEWAY"), chromedp.SetValue("#f-PAYMENT_GATEWAY", "production"))
	b.click("Save")
	b.reads("Saved.")
	b.sees("the setting is changed", `/PAYMENT_GATEWAY[^]*production[^]*changed here/.test(document.querySelector('.groups').innerText)`)
	b.click("Undo this change")
	b.reads("Undo this change of gift-cards?")
	b.click("Undo this change")
	b.reads("Undone.")

	b.do(chromedp.SendKeys("#note", "The total is wrong"))
	b.click("It is broken")
	b.reads("Found broken by Grace on this version")

	b.click("Archive…")
	b.click("Archive")
	b.reads("Archived.")
	if took := time.Since(began); took > 3*time.Minute {
		t.Errorf("it took %s", took)
	}

	b.do(chromedp.Click("header .menu summary"), chromedp.Click(`//button[.="Sign out"]`))
	b.reads("Signed out")
	b.goTo(s + "/shop/stagings/gift-cards")
	b.reads("Welcome to Octopod")
}

// serve runs octopod serve as a process, on an env repo and an application of
// its own. It gives its address.
func serve(t *testing.T) string {
	dir := t.TempDir()
	binary := filepath.Join(dir, "octopod")
	build := exec.Command("go", "build", "-C", "../../..", "-o", binary, "./cmd/octopod")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := func(args ...string) *exec.Cmd {
		c := exec.Command(binary, args...)
		c.Dir, c.Env = dir, []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "OCTOPOD_ACTOR=Ada <ada@example.com>", "SECRET=" + clientSecret,
			"SESSION_KEYS=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}
		return c
	}
	envs, app := filepath.Join(dir, "envs.git"), filepath.Join(dir, "app.git")
	if out, err := run("init", "--env-repo", envs, "--project", "shop", "--base-domain", "staging.example.com").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	testenv.Bare(t, app, 0)
	testenv.Git(t, app, "branch", "feature/gift-cards")
	edit(t, envs, func(yaml string) string {
		return strings.NewReplacer("repository: github.com/acme/shop-backend", "repository: "+app, "\nspec:\n", "\nspec:\n  access: {everyone: user}\n").Replace(yaml)
	})

	at := freeAddress(t)
	config := fmt.Sprintf(`
listen: %[1]s
url: http://%[1]s
projects:
- envRepo: %[2]s
auth:
  mode: oidc
  oidc: {title: Acme, issuer: %[3]q, client: {id: octopod, secret: {env: SECRET}}}
  session: {keys: {env: SESSION_KEYS}}
`, at, envs, startDex(t, "http://"+at))
	testenv.WriteFile(t, dir, "server.yaml", config)
	server := run("serve", "--server-config", "server.yaml")
	said, err := server.StderrPipe()
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(said)
	lines.Scan()
	if first := lines.Text(); !strings.Contains(first, "Octopod serves") {
		t.Fatal(first)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for lines.Scan() {
			t.Log(lines.Text())
		}
	}()
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM) // one that ended already is gone
		<-done
		if err := server.Wait(); err != nil {
			t.Error(err)
		}
	})
	return "http://" + at
}

// edit changes octopod.yaml as a person does, in a clone.
func edit(t *testing.T, envs string, change func(string) string) {
	clone := testenv.WorkTree(t, envs, filepath.Join(t.TempDir(), "clone"))
	data, err := os.ReadFile(filepath.Join(clone, "octopod.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	testenv.WriteFile(t, clone, "octopod.yaml", change(string(data)))
	testenv.Git(t, clone, "commit", "--quiet", "-am", "everybody may")
	testenv.Git(t, clone, "push", "--quiet")
}

// freeAddress is one that nobody listens at: dex must know it before Octopod does.
func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// tab is one of a real browser.
type tab struct {
	context.Context
	t *testing.T
}

func openTab(t *testing.T) *tab {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.WindowSize(1400, 900), chromedp.WSURLReadTimeout(2*time.Minute))
	allocated, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocated)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(cancel)
	return &tab{ctx, t}
}

func (b *tab) do(actions ...chromedp.Action) {
	b.t.Helper()
	if err := chromedp.Run(b, actions...); err != nil {
		var at, text string
		_ = chromedp.Run(b, chromedp.Location(&at), chromedp.Text("body", &text))
		b.t.Fatalf("%v\nat %s:\n%s", err, at, text)
	}
}

func (b *tab) goTo(address string) {
	b.t.Helper()
	b.do(chromedp.Navigate(address), chromedp.WaitReady("html.js main"))
}

// click clicks a link or a button by what it says.
func (b *tab) click(text string) {
	b.t.Helper()
	b.do(chromedp.Click(fmt.Sprintf(`//main//*[self::a or self::button][starts-with(normalize-space(.), %q)]`, text), chromedp.NodeVisible))
}

func (b *tab) reads(text string) {
	b.t.Helper()
	b.sees("it says "+text, fmt.Sprintf(`document.querySelector('main').innerText.includes(%q)`, text))
}

// sees waits until a script says true. While a page gives way to the next one
// it can say nothing.
func (b *tab) sees(what, script string) {
	b.t.Helper()
	var err error
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		var holds bool
		if err = chromedp.Run(b, chromedp.Evaluate("!!("+script+")", &holds)); err == nil && holds {
			return
		}
	}
	var text string
	_ = chromedp.Run(b, chromedp.Text("body", &text))
	b.t.Fatalf("the page never shows that %s (%v):\n%s", what, err, text)
}
