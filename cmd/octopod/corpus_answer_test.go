package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// An answer of the corpus is text in parts. The first part is the output of the
// program; each other part begins with its own line:
//
//	exit 0
//	…stdout…
//	=== error          the JSON object that a failed command writes to stderr
//	=== file out/FILE  a file that the command wrote for a CI system
//	=== commit         a new commit
//
// The answer of a server begins with HTTP STATUS and its headers:
//
//	=== body           the body
//	=== event KIND     an event of a stream
type part struct{ head, text string }

// partHead begins a part of an answer.
var partHead = regexp.MustCompile(`(?m)^(exit \d+|HTTP \d+|=== .*)$`)

// parts splits an answer.
func parts(answer string) []part {
	var all []part
	heads := partHead.FindAllStringIndex(answer, -1)
	for i, at := range heads {
		end := len(answer)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		all = append(all, part{answer[at[0]:at[1]], strings.TrimPrefix(answer[at[1]:end], "\n")})
	}
	return all
}

// outDir is where questions write files.
const outDir = "out"

// ask runs one question on an env repo and returns its answer. It reverts the commits,
// so that every question runs on the same env repo. For COMMAND && COMMAND, the answer
// contains only the last command.
func (q asker) ask(t testing.TB, question string) string {
	t.Helper()
	repo := q.repo
	if err := os.MkdirAll(outDir, 0o755); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(outDir)
	tip := repo.tip()
	defer repo.resetTo(tip)
	commands := strings.Split(repo.withRevisions(question), " && ")
	for _, prepare := range commands[:len(commands)-1] {
		q.program.run(t, q.call(prepare))
	}
	before := repo.tip()
	a := q.program.run(t, q.call(commands[len(commands)-1]))
	var b strings.Builder
	fmt.Fprintf(&b, "exit %d\n%s", a.exit, endLine(a.stdout))
	if object := machineError(a.stderr); object != "" {
		fmt.Fprintf(&b, "=== error\n%s", object)
	}
	for _, name := range filesIn(t, outDir) {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "=== file %s\n%s", name, endLine(string(data)))
	}
	return repo.withoutHashes(before, b.String()+repo.commitsSince(before))
}

// asker runs questions on one env repo.
type asker struct {
	program corpusProgram
	repo    bareRepo
	env     map[string]string // of every command
}

// newAsker returns an asker whose commits are by Ada.
func newAsker(p corpusProgram, repo bareRepo, env map[string]string) asker {
	all := map[string]string{"OCTOPOD_ENV_REPO": repo.dir, "OCTOPOD_ACTOR": "Ada <ada@example.com>"}
	maps.Copy(all, env)
	return asker{p, repo, all}
}

// call returns the call for one command of a question. Variables in the command
// override those of the asker.
func (q asker) call(command string) call {
	c := callOf(splitWords(command))
	env := maps.Clone(q.env)
	maps.Copy(env, c.env)
	c.at, c.env = corpusNow, env
	return c
}

// noNewline marks a text without a line break at its end.
const noNewline = "\n\\ no line break at the end\n"

func endLine(text string) string {
	if text == "" || strings.HasSuffix(text, "\n") {
		return text
	}
	return text + noNewline
}

// machineError returns the error object in the stderr of a command.
func machineError(stderr string) string {
	for line := range strings.Lines(stderr) {
		var b bytes.Buffer
		if strings.HasPrefix(line, "{") && json.Indent(&b, []byte(line), "", "  ") == nil {
			return b.String()
		}
	}
	return ""
}

func filesIn(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, filepath.Join(dir, e.Name()))
	}
	return names
}

// answersFile is a file of the corpus with questions and their answers.
type answersFile struct {
	path string
	*txtar.Archive
}

func readAnswers(t testing.TB, path string) answersFile {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(archive.Files) == 0 {
		t.Fatalf("%s has no questions", path)
	}
	return answersFile{path, archive}
}

// check runs every question of the file and compares the answers with the recorded
// ones. With -record it saves the answers that differ.
func (f answersFile) check(t *testing.T, answer func(t testing.TB, question string) string) {
	t.Helper()
	for i, recorded := range f.Files {
		now := answer(t, recorded.Name)
		a, b := comparedText(recorded.Name, string(recorded.Data)), comparedText(recorded.Name, now)
		switch {
		case a == b:
		case *record != "":
			f.Files[i].Data = []byte(now)
		default:
			t.Errorf("%s\n%s", recorded.Name, lineDiff(a, b))
		}
	}
	if *record != "" {
		if err := os.WriteFile(f.path, txtar.Format(f.Archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
