package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"octopod/generator/testenv"
)

// corpusProgram runs the questions of the corpus: the code of this tree, or the
// program of an earlier revision for -record.
type corpusProgram interface {
	run(t testing.TB, c call) answer
	// serve starts a server and returns its address. The server ends with the test.
	serve(t testing.TB, c call) (url string)
}

// call is one start of the program in the current directory.
type call struct {
	at   time.Time // the program's clock
	env  map[string]string
	args []string
}

// answer is the output and the exit code of a program.
type answer struct {
	stdout, stderr string
	exit           int
}

// callOf parses a command line: KEY=VALUE octopod ARGUMENT….
func callOf(words []string) call {
	c := call{env: map[string]string{}}
	for len(words) > 0 && words[0] != "octopod" {
		key, value, _ := strings.Cut(words[0], "=")
		c.env[key], words = value, words[1:]
	}
	c.args = words[1:]
	return c
}

// thisTree runs the code of this tree in the process of the test.
type thisTree struct{}

func (thisTree) run(t testing.TB, c call) answer {
	t.Helper()
	var out, errs bytes.Buffer
	now := func() time.Time { return c.at }
	exit := run(t.Context(), c.args, stdio{strings.NewReader(""), &out, &errs}, impatient(c.env), now)
	return answer{out.String(), errs.String(), exit}
}

func (thisTree) serve(t testing.TB, c call) string {
	t.Helper()
	ctx, end := context.WithCancel(context.Background())
	stderr, writer := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		run(ctx, c.args, stdio{strings.NewReader(""), io.Discard, writer}, environ(c.env), func() time.Time { return c.at })
		_ = writer.Close()
	}()
	t.Cleanup(func() { end(); <-ended })
	return serverURL(t, stderr)
}

// serverURL returns the address in the greeting of a server, once it is ready.
func serverURL(t testing.TB, stderr io.Reader) string {
	t.Helper()
	lines := bufio.NewScanner(stderr)
	lines.Scan()
	found := servesAt.FindStringSubmatch(lines.Text())
	var rest strings.Builder
	go func() {
		for lines.Scan() {
			rest.WriteString(lines.Text() + "\n")
		}
	}()
	if found == nil {
		t.Fatalf("the server prints %q", lines.Text())
	}
	waitReady(t, found[1])
	return found[1]
}

// impatient adds a short patience with git remotes: some calls ask a closed port.
func impatient(env map[string]string) environ {
	all := environ{"OCTOPOD_GIT_PATIENCE": "2s"}
	maps.Copy(all, env)
	return all
}

// recorded is the program of another revision. It reads its clock from clockVariable.
type recorded struct{ binary string }

const clockVariable = "OCTOPOD_CORPUS_CLOCK"

func (p recorded) command(c call) *exec.Cmd {
	cmd := exec.Command(p.binary, c.args...)
	cmd.Env = []string{clockVariable + "=" + c.at.Format(time.RFC3339)}
	for key, value := range c.env {
		cmd.Env = append(cmd.Env, key+"="+value)
	}
	return cmd
}

func (p recorded) run(t testing.TB, c call) answer {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := p.command(c)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return answer{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

func (p recorded) serve(t testing.TB, c call) string {
	t.Helper()
	cmd := p.command(c)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	return serverURL(t, stderr)
}

// buildRecorded builds the program of a revision. It changes one word of the source:
// main reads the clock from the environment, so that the hashes of commits do not
// depend on the time of the run.
func buildRecorded(t testing.TB, revision string) recorded {
	t.Helper()
	source := t.TempDir()
	root := testenv.Git(t, ".", "rev-parse", "--show-toplevel")
	archive := exec.Command("sh", "-c", `git -C "$1" archive "$2" | tar -x -C "$3"`, "sh", root, revision, source)
	if out, err := archive.CombinedOutput(); err != nil {
		t.Fatalf("unpacking %s: %v\n%s", revision, err, out)
	}
	main := filepath.Join(source, "cmd", "octopod", "main.go")
	text, err := os.ReadFile(main)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "time.Now"); n != 1 {
		t.Fatalf("main.go of %s uses the clock in %d places", revision, n)
	}
	text = append([]byte(strings.Replace(string(text), "time.Now", "corpusClock", 1)), corpusClock...)
	if err := os.WriteFile(main, text, 0o644); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "octopod")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "./cmd/octopod")
	build.Dir = source
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", revision, err, out)
	}
	return recorded{binary}
}

var corpusClock = fmt.Sprintf(`
func corpusClock() time.Time {
	at, err := time.Parse(time.RFC3339, os.Getenv(%q))
	if err != nil {
		panic(err)
	}
	return at
}
`, clockVariable)
