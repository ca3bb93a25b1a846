package main

import (
	"bufio"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"octopod/generator/testenv"

	"github.com/rogpeppe/go-internal/testscript"
)

// directOnly lists the scripts that cannot run through a server: they test the work tree of a
// clone, the selection of the env repo, connections to it, or init and import.
var directOnly = map[string]string{
	"detached":     "tests a clone",
	"worktree":     "reads uncommitted files of a clone",
	"which_repo":   "tests the selection of the env repo",
	"settings":     "tests the selection of the env repo",
	"init":         "creates several env repos",
	"git_ssh":      "tests connections to the env repo",
	"git_failures": "tests connections to the env repo",
	"sweep_http":   "tests connections to the repositories",
	"password":     "tests the address of the env repo",
	"import":       "works on the env repo only, like init",
	"init_helm":    "creates several env repos, and reads uncommitted files",

	"migrate_settings": "works on the env repo only, and reads uncommitted files",
}

// The scripts also pass through a server, which starts after init.
func TestScriptsThroughAServer(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	files = slices.DeleteFunc(files, func(file string) bool {
		_, direct := directOnly[strings.TrimSuffix(filepath.Base(file), ".txtar")]
		return direct
	})
	params := scriptParams(t)
	params.Dir, params.Files, params.UpdateScripts = "", files, false
	direct := params.Condition
	params.Condition = func(what string) (bool, error) {
		if what == "server" {
			return true, nil
		}
		return direct(what)
	}
	params.Cmds["argocd"] = func(ts *testscript.TestScript, neg bool, args []string) {
		nameArgoCD(ts, neg, args)
		ts.Setenv("OCTOPOD_SERVER", serveScript(ts)) // the server needs the Argo CD
	}
	params.Cmds["octopod"] = func(ts *testscript.TestScript, neg bool, args []string) {
		octopodCommand(ts, neg, args)
		if len(args) > 0 && args[0] == "init" && !neg && ts.Getenv("OCTOPOD_SERVER") == "" && isRepository(ts) {
			ts.Setenv("OCTOPOD_SERVER", serveScript(ts))
		}
	}
	testscript.Run(t, params)
}

// isRepository reports whether the env repo of the script has an octopod.yaml.
func isRepository(ts *testscript.TestScript) bool {
	return exec.Command("git", "-C", ts.MkAbs("envs.git"), "cat-file", "-e", "main:octopod.yaml").Run() == nil
}

// servesAt matches the address in the first line of a server.
var servesAt = regexp.MustCompile(`^Octopod serves (\S+)`)

// serveScript starts a server on the env repo of a script, and stops it at the end of the
// script.
func serveScript(ts *testscript.TestScript) string {
	server := exec.Command("octopod", "serve", "--env-repo", "envs.git", "--listen", "127.0.0.1:0")
	server.Dir = ts.MkAbs(".")
	for _, name := range []string{"HOME", "PATH", "GIT_CONFIG_NOSYSTEM", "ARGOCD_SERVER", "ARGOCD_AUTH_TOKEN", "ARGOCD_OPTS"} {
		server.Env = append(server.Env, name+"="+ts.Getenv(name))
	}
	stderr, err := server.StderrPipe()
	ts.Check(err)
	ts.Check(server.Start())
	lines := bufio.NewScanner(stderr)
	lines.Scan()
	found := servesAt.FindStringSubmatch(lines.Text())
	ended := make(chan error, 1)
	go func() {
		for lines.Scan() { // keeps the pipe empty
		}
		ended <- server.Wait()
	}()
	ts.Defer(func() {
		ts.Check(server.Process.Signal(syscall.SIGTERM))
		if err := <-ended; err != nil {
			ts.Fatalf("the server ended with %v", err)
		}
	})
	if found == nil {
		ts.Fatalf("the server prints %q", lines.Text())
	}
	waitReady(ts, found[1])
	return found[1]
}

// waitReady waits until a server is ready.
func waitReady(t testenv.Failer, url string) {
	testenv.Eventually(t, url+" is ready", func() (string, bool) {
		answer, err := http.Get(url + "/readyz")
		if err != nil {
			return err.Error(), false
		}
		defer answer.Body.Close()
		return answer.Status, answer.StatusCode == http.StatusOK
	})
}
