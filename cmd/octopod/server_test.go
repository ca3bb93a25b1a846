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

// directOnly are the scripts that are about something a server has no part in:
// the work tree of a clone, which env repo is meant and how it is reached, and
// init and import, which fill one. (demo makes its own, with --server or without.)
var directOnly = map[string]string{
	"detached":     "is about a clone",
	"worktree":     "looks at files of a clone that are not committed",
	"which_repo":   "is about which env repo is meant",
	"settings":     "is about which env repo is meant",
	"init":         "makes several env repos, one after the other",
	"git_ssh":      "is about the way to the env repo",
	"git_failures": "is about the way to the env repo",
	"sweep_http":   "is about the way to the repositories",
	"password":     "is about the address of the env repo",
	"import":       "is done once, on the env repo itself, as init is",
}

// The scripts pass through a server as they do on the env repo itself: one that
// is started as soon as the env repo is made.
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
		ts.Setenv("OCTOPOD_SERVER", serveScript(ts)) // which Argo CD is the server's to know
	}
	params.Cmds["octopod"] = func(ts *testscript.TestScript, neg bool, args []string) {
		octopodCommand(ts, neg, args)
		if len(args) > 0 && args[0] == "init" && !neg && ts.Getenv("OCTOPOD_SERVER") == "" && isRepository(ts) {
			ts.Setenv("OCTOPOD_SERVER", serveScript(ts))
		}
	}
	testscript.Run(t, params)
}

// isRepository tells whether init made the env repo that the script is about.
func isRepository(ts *testscript.TestScript) bool {
	return exec.Command("git", "-C", ts.MkAbs("envs.git"), "cat-file", "-e", "main:octopod.yaml").Run() == nil
}

// servesAt finds the address in what the server says first.
var servesAt = regexp.MustCompile(`^Octopod serves (\S+)`)

// serveScript starts a server on the env repo of a script, and ends it with the
// script.
func serveScript(ts *testscript.TestScript) string {
	server := exec.Command("octopod", "serve", "--env-repo", "envs.git", "--listen", "127.0.0.1:0")
	server.Dir = ts.MkAbs(".")
	for _, name := range []string{"HOME", "PATH", "GIT_CONFIG_NOSYSTEM", "ARGOCD_SERVER", "ARGOCD_AUTH_TOKEN", "ARGOCD_OPTS"} {
		server.Env = append(server.Env, name+"="+ts.Getenv(name))
	}
	said, err := server.StderrPipe()
	ts.Check(err)
	ts.Check(server.Start())
	lines := bufio.NewScanner(said)
	lines.Scan()
	found := servesAt.FindStringSubmatch(lines.Text())
	ended := make(chan error, 1)
	go func() {
		for lines.Scan() { // so that it never waits for its reader
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
		ts.Fatalf("the server says %q", lines.Text())
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
