package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"octopod/generator/testenv"
)

// sweptRepo creates an env repo, the only repository of its application, and the configuration
// of a server.
func sweptRepo(t *testing.T, dir, sweep string) (repo, app, config string) {
	t.Helper()
	repo, app = envRepo(t, dir, "shop"), filepath.Join(dir, "app.git")
	testenv.Git(t, dir, "init", "--quiet", "--bare", app)
	root := strings.TrimSpace(testenv.GitInput(t, app, nil, "commit-tree", "-m", "first", strings.TrimSpace(testenv.GitInput(t, app, nil, "mktree"))))
	testenv.Git(t, app, "update-ref", "refs/heads/main", root)
	testenv.Git(t, app, "update-ref", "refs/heads/feature/stays", root)
	edit(t, repo, func(text []byte) []byte {
		text = bytes.ReplaceAll(text, []byte("repository: github.com/acme/shop-backend"), []byte("repository: "+app))
		text = bytes.ReplaceAll(text, []byte("repository: github.com/acme/shop-frontend"), []byte("repository: "+app))
		return bytes.Replace(text, []byte("branchGrace: 1h"), []byte("branchGrace: 1s"), 1)
	})
	config = filepath.Join(dir, "server.yaml")
	text := fmt.Sprintf("projects: [{envRepo: %s}]\nsweep: %s\n", repo, sweep)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return repo, app, config
}

// edit commits a change of octopod.yaml without Octopod.
func edit(t *testing.T, repo string, change func([]byte) []byte) {
	t.Helper()
	clone := t.TempDir()
	testenv.Git(t, clone, "clone", "--quiet", repo, ".")
	file := filepath.Join(clone, "octopod.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, change(text), 0o644); err != nil {
		t.Fatal(err)
	}
	testenv.Git(t, clone, "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "--quiet", "--all", "--message", "by hand")
	testenv.Git(t, clone, "push", "--quiet", "origin", "HEAD:main")
}

// Two servers sweep in parallel, and each due change is committed once.
func TestServersSweep(t *testing.T) {
	dir := t.TempDir()
	repo, _, config := sweptRepo(t, dir, "{every: 1s, maxShare: 100}")
	one := startServer(t, dir, nil, "--server-config", config)
	two := startServer(t, dir, nil, "--server-config", config)
	me := []string{"OCTOPOD_SERVER=" + one.url}
	for _, branch := range []string{"feature/stays", "feature/goes", "feature/too"} {
		program(t, dir, me, "deploy", "--branch", branch, "--image", "backend=registry.example.com/shop/backend:1", "--commit", "1111111")
	}
	testenv.Eventually(t, "the due stagings are deleted", func() (string, bool) {
		out := program(t, dir, me, "get", "--all", "-o", "name")
		return out, strings.TrimSpace(out) == "stays"
	})
	if page := fetch(t, one.url+"/shop/about"); !strings.Contains(page, "Next run") || !strings.Contains(page, "Last run") {
		t.Errorf("the page does not show the sweep: %s", page)
	}
	metrics := fetch(t, one.url+"/metrics") + fetch(t, two.url+"/metrics")
	if !strings.Contains(metrics, `octopod_sweeps_total{project="shop",result="done"}`) || !strings.Contains(metrics, `octopod_orphans{project="shop"} 0`) {
		t.Errorf("metrics: %s", metrics)
	}
	log := one.end(t) + two.end(t)
	if !strings.Contains(log, `"msg":"swept"`) || !strings.Contains(log, `branch feature/goes is gone`) {
		t.Errorf("log: %s", log)
	}
	for _, name := range []string{"goes", "too"} {
		log := testenv.Git(t, repo, "log", "--format=%an/%s/%(trailers:key=Octopod-Via,valueonly,separator=)", "main", "--", "envs/"+name)
		lines := strings.Split(strings.TrimSpace(log), "\n")
		if len(lines) != 3 || !strings.HasPrefix(lines[0], "Octopod/delete "+name) || !strings.HasPrefix(lines[1], "Octopod/archive "+name) || !strings.HasSuffix(lines[1], "/sweep") {
			t.Errorf("the history of %s: %s", name, log)
		}
	}
	testenv.Git(t, repo, "fsck", "--strict")
}

// The next deploy, restore and the page each restore a staging that the sweep archived. The
// sweep warns before the end of the time to live.
func TestRestoreAndWarnThroughAServer(t *testing.T) {
	dir := t.TempDir()
	_, app, config := sweptRepo(t, dir, "{off: true}")
	s := startServer(t, dir, nil, "--server-config", config)
	me := []string{"OCTOPOD_SERVER=" + s.url}
	deploy := func() {
		program(t, dir, me, "deploy", "--branch", "feature/goes", "--image", "backend=registry.example.com/shop/backend:1", "--commit", "1111111")
	}
	if page := fetch(t, s.url+"/shop/about"); !strings.Contains(page, "This server does not run the clean-up") {
		t.Errorf("the page does not show that the sweep is off: %s", page)
	}
	state := func(want string) {
		t.Helper()
		if out := program(t, dir, me, "get", "goes", "-o", "yaml"); !strings.Contains(out, "state: "+want) {
			t.Errorf("not %s: %s", want, out)
		}
	}
	deploy()
	for _, wake := range []func(){
		deploy,
		func() { program(t, dir, me, "restore", "goes") },
		func() {
			answer, err := http.PostForm(s.url+"/shop/stagings/goes/restore", nil)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
		},
	} {
		testenv.Eventually(t, "the grace period after the restore is over", func() (string, bool) {
			out := program(t, dir, me, "sweep", "--max-share", "100")
			return out, strings.Contains(out, "\n1 changed")
		})
		state("archived")
		wake()
		state("active")
	}
	testenv.Git(t, app, "update-ref", "refs/heads/feature/goes", "refs/heads/main")
	edit(t, filepath.Join(dir, "shop.git"), func(text []byte) []byte {
		return bytes.Replace(text, []byte("ttl: 14d"), []byte("ttl: 14d\n    warning: 15d"), 1)
	})
	if out := program(t, dir, me, "sweep", "--dry-run"); !strings.Contains(out, "warn  archived after") {
		t.Errorf("no warning: %s", out)
	}
}

func fetch(t testing.TB, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v", url, answer.Status, err)
	}
	return string(text)
}
