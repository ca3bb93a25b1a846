package main

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"octopod/generator/testenv"
)

var update = flag.Bool("update", false, "rewrite golden files and the expectations of scripts")

// The scripts in testdata/script run the built program and stock git: one script for each
// verb, one for each class of failure.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == renderWorker { // a worker of a server in this process
		main()
	}
	os.Exit(withProgram(m.Run))
}

// withProgram builds the program and puts it first on PATH. The build has no race
// detector, with which each of hundreds of starts takes a second; the tests of the
// program's packages use the race detector.
func withProgram(run func() int) int {
	dir, err := os.MkdirTemp("", "octopod-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "octopod"), ".")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		return 1
	}
	if err := os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return run()
}

func TestScripts(t *testing.T) { testscript.Run(t, scriptParams(t)) }

// scriptParams returns the environment and the commands of a script.
func scriptParams(t *testing.T) testscript.Params {
	return testscript.Params{
		Dir:                "testdata/script",
		UpdateScripts:      *update,
		RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			home := filepath.Join(e.WorkDir, ".home")
			e.Setenv("HOME", home)
			e.Setenv("GIT_CONFIG_NOSYSTEM", "1")
			e.Setenv("OCTOPOD_ENV_REPO", "envs.git")
			e.Setenv("NEWLINE", "a\nb")
			e.Setenv("LONG", strings.Repeat("a", 300))
			e.Setenv("ESC", "\x1b[31mred\x1b[0m")
			if err := os.MkdirAll(home, 0o755); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(home, ".gitconfig"), []byte(gitConfig), 0o644)
		},
		Condition: func(what string) (bool, error) {
			switch what {
			case "root":
				return os.Geteuid() == 0, nil
			case "server":
				return false, nil
			}
			return false, fmt.Errorf("unknown condition %q", what)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"octopod":   octopodCommand,
			"exits":     wantExit,
			"refused":   refused,
			"commit":    commit,
			"appears":   appears,
			"until":     until,
			"argocd":    nameArgoCD,
			"policy":    imagePolicy,
			"registry":  func(ts *testscript.TestScript, _ bool, _ []string) { serveRegistry(t, ts) },
			"push":      pushImage,
			"pushchart": pushChart,
			"serve":     func(ts *testscript.TestScript, neg bool, args []string) { serve(t, ts, args) },
		},
	}
}

const gitConfig = `[user]
	name = Ada Lovelace
	email = ada@example.com
[init]
	defaultBranch = main
[advice]
	detachedHead = false
`

// octopodCommand is `octopod …`, short for `exec octopod …`.
func octopodCommand(ts *testscript.TestScript, neg bool, args []string) {
	if err := ts.Exec("octopod", args...); (err != nil) != neg {
		ts.Fatalf("octopod %s: %v", strings.Join(args, " "), err)
	}
}

// nameArgoCD is `argocd ADDRESS TOKEN`: later commands use that Argo CD, without TLS.
func nameArgoCD(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: argocd ADDRESS TOKEN")
	}
	ts.Setenv("ARGOCD_SERVER", args[0])
	ts.Setenv("ARGOCD_AUTH_TOKEN", args[1])
	ts.Setenv("ARGOCD_OPTS", "--plaintext")
}

// wantExit is `exits CODE COMMAND…`: the command must end with this exit code.
func wantExit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// refused is `refused CODE COMMAND…`: like exits, and the command must change no branch of
// any repository and print nothing to stdout.
func refused(ts *testscript.TestScript, neg bool, args []string) {
	before := branches(ts)
	wantExit(ts, neg, args)
	if after := branches(ts); after != before {
		ts.Fatalf("something was written:\n%s\nbefore:\n%s", after, before)
	}
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("the command failed, but printed to stdout: %s", out)
	}
}

func branches(ts *testscript.TestScript) string {
	repos, err := filepath.Glob(ts.MkAbs("*.git"))
	ts.Check(err)
	var all []string
	for _, repo := range repos {
		out, _ := testenv.TryGit(repo, "for-each-ref") // some repositories are broken on purpose
		all = append(all, repo, out)
	}
	return strings.Join(all, "\n")
}

// commit is `commit FILE PATH`: it commits a file to envs.git without Octopod. FILE "-"
// removes the path.
func commit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: commit FILE PATH")
	}
	dir, err := os.MkdirTemp("", "commit")
	ts.Check(err)
	defer os.RemoveAll(dir)
	git := func(args ...string) {
		_, err := testenv.TryGit(dir, args...)
		ts.Check(err)
	}
	git("clone", "--quiet", ts.MkAbs("envs.git"), ".")
	path := filepath.Join(dir, filepath.FromSlash(args[1]))
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
	switch {
	case args[0] == "-":
		ts.Check(os.RemoveAll(path))
	case strings.HasPrefix(args[0], "->"):
		ts.Check(os.Symlink(strings.TrimPrefix(args[0], "->"), path))
	default:
		ts.Check(os.WriteFile(path, []byte(ts.ReadFile(args[0])), 0o644))
	}
	git("add", "--all")
	git("commit", "--quiet", "--message", "by hand: "+args[1])
	git("push", "--quiet", "origin", "HEAD:main")
}

// appears is `appears FILE`: it waits until the file exists.
func appears(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: appears FILE")
	}
	testenv.Eventually(ts, args[0]+" appears", func() (error, bool) {
		_, err := os.Stat(ts.MkAbs(args[0]))
		return err, err == nil
	})
}

// until is `until REGEXP COMMAND…`: it repeats a command until its stdout matches.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until REGEXP COMMAND…")
	}
	pattern, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	testenv.Eventually(ts, strings.Join(args[1:], " ")+" prints "+args[0], func() (string, bool) {
		err := ts.Exec(args[1], args[2:]...)
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		out := ts.ReadFile("stdout")
		return out, pattern.MatchString(out)
	})
}

// serve is `serve http|hang|lose-reply|contended|ssh|ssh-readonly`: it serves the repositories of
// the script over the network, as $URL/envs.git and $URL_WITH_PASSWORD/envs.git. The first request
// that hangs creates the file hangs.
func serve(t *testing.T, ts *testscript.TestScript, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: serve http|hang|lose-reply|contended|ssh|ssh-readonly")
	}
	if strings.HasPrefix(args[0], "ssh") {
		s := testenv.ServeSSH(t, ts.MkAbs("."))
		if args[0] == "ssh-readonly" {
			s.ReadOnly()
		}
		ts.Setenv("URL", s.URL)
		ts.Setenv("URL_WITH_PASSWORD", strings.Replace(s.URL, "git@", "git:right@", 1))
		ts.Setenv("KEY", s.KeyFile)
		ts.Setenv("KNOWN_HOSTS", s.KnownHosts)
		return
	}
	s := testenv.ServeHTTP(t, ts.MkAbs("."))
	ts.Setenv("URL", s.URL)
	ts.Setenv("URL_WITH_PASSWORD", strings.Replace(s.URL, "http://", "http://ci:right@", 1))
	s.Require("ci", "right")
	switch args[0] {
	case "contended":
		s.Intercept(func(w http.ResponseWriter, r *http.Request, git http.Handler) {
			if testenv.IsPush(r) {
				commitConcurrently(ts)
			}
			git.ServeHTTP(w, r)
		})
	case "hang":
		hangs := ts.MkAbs("hangs")
		s.Intercept(func(w http.ResponseWriter, r *http.Request, git http.Handler) {
			if err := os.WriteFile(hangs, nil, 0o644); err != nil {
				t.Error(err)
			}
			testenv.Hang(w, r, git)
		})
	case "lose-reply":
		s.Intercept(func(w http.ResponseWriter, r *http.Request, git http.Handler) {
			if testenv.IsPush(r) {
				s.Intercept(nil)
				testenv.LoseReply(w, r, git)
			}
			git.ServeHTTP(w, r)
		})
	}
}

// commitConcurrently adds a commit to the branch, like another writer.
func commitConcurrently(ts *testscript.TestScript) {
	git := func(args ...string) string {
		out, err := testenv.TryGit(ts.MkAbs("envs.git"), args...)
		ts.Check(err)
		return out
	}
	git("update-ref", "refs/heads/main", git("commit-tree", "-p", "main", "-m", "somebody else", "main^{tree}"))
}
