package web_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"octopod/generator/forge"
	"octopod/generator/gitstore"
	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/generator/testenv"
	"strings"
)

// withRepository adds a real repository of the application, with two commits
// on a branch.
func withRepository(t *testing.T) (w *world, first, second string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "frontend.git")
	testenv.Git(t, ".", "init", "--quiet", "--bare", "--initial-branch", "main", path)
	tree := testenv.Git(t, path, "hash-object", "-w", "-t", "tree", "/dev/null")
	first = testenv.Git(t, path, "commit-tree", "-m", "New login page (#42)", tree)
	second = testenv.Git(t, path, "commit-tree", "-m", "Larger button <b>", "-p", first, tree)
	testenv.Git(t, path, "update-ref", "refs/heads/main", second)
	w = newWorld(t, func(text string) string {
		text = strings.Replace(text, "default: sandbox", "default: sandbox\n      risky: [production]", 1)
		return strings.Replace(text, "github.com/acme/shop-frontend", path, 1)
	})
	w.Logs = forge.New("", gitstore.Options{}, nil, forge.NewRateLimiter(time.Now))
	return w, first, second
}

func frontend(commit string) staging.Action {
	a := login()
	a.Images = map[string]staging.Build{"frontend": {Image: "registry.example.com/shop/frontend:" + commit[:7], Commit: commit}}
	return a
}

// A tester sees, one click from their outdated mark, which commits and which settings are new;
// each version of the history has its own; and two stagings can be compared.
func TestWhatIsNewSinceYouTested(t *testing.T) {
	w, first, second := withRepository(t)
	w.do(frontend(first))
	w.running("login")
	quinn, vera := w.as("Quinn", project.RoleUser), w.as("Vera", project.RoleViewer)
	quinn.found(quinn.get("/shop/stagings/login"), "tested", "")
	if page := quinn.get("/shop/stagings/login"); page.Find(".found a").Length() != 0 {
		t.Error("something is new although nothing changed")
	}
	again := frontend(second)
	again.Set = map[string]string{"PAYMENT_GATEWAY": "production"}
	w.do(again)

	page := quinn.get("/shop/stagings/login")
	page.shows(200, "What is new since you tested")
	news := quinn.get(page.Find(".found a").AttrOr("href", ""))
	news.shows(200, "since you tested", first[:7], second[:7], "Larger button <b>", "Ann Author", "PAYMENT_GATEWAY", "sandbox → production", "Take care")
	news.lacks("New login page", "button <b>")
	vera.get("/shop/stagings/login").shows(200, "What is new since this test")
	vera.get(vera.get("/shop/stagings/login").Find(".found a").AttrOr("href", "")).shows(200, "since the test of Quinn", "Larger button")

	own := page.Find(".history .ways a:contains('What is new')").First()
	version := quinn.get(own.AttrOr("href", ""))
	version.shows(200, "Larger button")

	quinn.get("/shop/stagings/login/compare").shows(200, "compared with main", "LOG_LEVEL", "info → debug")
	w.do(staging.Action{Verb: staging.Deploy, Branch: "other"})
	quinn.get("/shop/stagings/other/compare?with=login").shows(200, "compared with login", "production → sandbox")
	quinn.get("/shop/stagings/other/compare").shows(200, "Nothing is different")
	quinn.get("/shop/stagings/other/compare?since=mark").shows(404)
	quinn.get("/shop/stagings/nothing/compare").shows(404)
}

// The page of what is new passes the rules of axe-core and fits every screen.
func TestWhatIsNewIsAccessible(t *testing.T) {
	w, first, second := withRepository(t)
	w.do(frontend(first))
	old := w.do(staging.Action{Verb: staging.Mark, Name: "login", Outcome: staging.Tested}).Revision
	again := frontend(second)
	again.Set = map[string]string{"PAYMENT_GATEWAY": "production"}
	w.do(again)
	w.do(staging.Action{Verb: staging.Deploy, Branch: "other"})
	axe, err := os.ReadFile("testdata/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	b := w.browsers(t, w.as("Quinn", project.RoleUser))[0]
	for _, l := range looks {
		b.look(l)
		b.Open("/shop/stagings/login/compare?revision=" + old)
		b.WaitText("Larger button <b>")
		if faults := b.axe(string(axe)); faults != "" {
			t.Errorf("%s:\n%s", l.name, faults)
		}
		b.WaitFor("it fits the screen, "+l.name, `document.documentElement.scrollWidth <= innerWidth + 1`)
	}
}
