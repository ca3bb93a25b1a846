package dextest

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"octopod/generator/testenv"
	"octopod/generator/testenv/testbrowser"
)

// A new tester signs in, creates, finds and changes a staging, undoes the change,
// records a test result and archives the staging: without a manual, in a real
// browser, against a real server and provider. The test logs the time it takes.
func TestTheFirstThreeMinutesOfATester(t *testing.T) {
	s := serve(t)
	b := testbrowser.Start(t, s)
	began := time.Now()

	b.Open("/")
	b.WaitText("Welcome to Octopod")
	b.Press("Sign in with Acme")
	b.Do(chromedp.WaitVisible("#login"), chromedp.SendKeys("#login", "grace"), chromedp.SendKeys("#password", password), chromedp.Submit("#password"))
	b.WaitText("No stagings yet")

	b.Press("Create your first staging")
	b.Do(chromedp.WaitVisible("#branch"))
	b.WaitFor("the branches are offered", `document.querySelector('#branches option[value="feature/gift-cards"]')`)
	b.Do(chromedp.SendKeys("#branch", "feature/gift-cards"))
	b.WaitFor("where it will be", `document.querySelector('#preview').innerText.includes('https://gift-cards.staging.example.com')`)
	b.WaitText("Backend has this branch")
	b.Press("Create")
	b.WaitText("Created.")

	b.Press("All stagings")
	b.Do(chromedp.WaitVisible("#q"), chromedp.SendKeys("#q", "gftcrd"))
	b.WaitFor("it is found", `[...document.querySelectorAll('.row h2 mark')].map(m => m.innerText).join('') === 'gftcrd'`)
	b.Do(chromedp.Click(".row h2 a"))

	b.Press("Change settings")
	b.Do(chromedp.WaitVisible("#f-PAYMENT_GATEWAY"), chromedp.SetValue("#f-PAYMENT_GATEWAY", "production"))
	b.Press("Save")
	b.WaitText("Saved.")
	b.WaitFor("the setting is changed", `/PAYMENT_GATEWAY[^]*production[^]*changed here/.test(document.querySelector('.groups').innerText)`)
	b.Press("Undo this change")
	b.WaitText("Undo this change of gift-cards?")
	b.Press("Undo this change")
	b.WaitText("Undone.")

	b.Do(chromedp.SendKeys("#note", "The total is wrong"))
	b.Press("It is broken")
	b.WaitText("Found broken by Grace on this version")

	b.Press("Archive…")
	b.Press("Archive")
	b.WaitText("Archived.")
	t.Logf("it took %s", time.Since(began).Round(time.Second))

	b.Do(chromedp.Click("header .menu summary"), chromedp.Click(`//button[.="Sign out"]`))
	b.WaitText("Signed out")
	b.Open("/shop/stagings/gift-cards")
	b.WaitText("Welcome to Octopod")
}

// serve runs octopod serve as a process, with its own env repo and application, and
// returns its address.
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

	at := testenv.FreeAddress(t) // dex needs the address before Octopod listens
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
		_ = server.Process.Signal(syscall.SIGTERM) // an error means that it has exited
		<-done
		if err := server.Wait(); err != nil {
			t.Error(err)
		}
	})
	return "http://" + at
}

// edit changes octopod.yaml in a clone and pushes.
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
