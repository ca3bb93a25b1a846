package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"octopod/generator/testenv"
)

// story lists the steps that created an env repo of the corpus, in
// testdata/corpus/NAME/story.txtar.
//
// The head of the archive has one step per line:
//
//	2035-05-02 09:00 Ada: octopod deploy --branch feature/login
//
// A step that does not begin with octopod is a commit by hand:
//
//	write FILE [FROM]    writes one file of the archive; FILE/ writes all below it
//	replace FILE OLD NEW replaces text in a file
//	remove PATH          removes a file or a directory
//
// Every step has its own minute, so the date of a commit identifies its step.
type story struct {
	name  string
	steps []step
	files map[string]string
}

// step is one line of a story.
type step struct {
	at    time.Time
	who   string // first name of the author
	words []string
}

// byOctopod reports whether the program made the commits of the step.
func (s step) byOctopod() bool { return slices.Contains(s.words, "octopod") }

// actor returns the author of the step for --actor and git.
func (s step) actor() string {
	return fmt.Sprintf("%s <%s@example.com>", s.who, strings.ToLower(s.who))
}

func readStory(t testing.TB, name string) story {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join(corpusDir, name, "story.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	s := story{name: name, files: map[string]string{}}
	for _, file := range archive.Files {
		s.files[file.Name] = string(file.Data)
	}
	for line := range strings.Lines(string(archive.Comment)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			s.steps = append(s.steps, readStep(t, line))
		}
	}
	for i, step := range s.steps[1:] {
		if !step.at.After(s.steps[i].at) {
			t.Fatalf("%s: the step of %s does not come after the one before it", name, step.at)
		}
	}
	return s
}

func readStep(t testing.TB, line string) step {
	t.Helper()
	const date = "2006-01-02 15:04"
	who, command, found := strings.Cut(line[min(len(line), len(date)+1):], ": ")
	at, err := time.Parse(date, line[:min(len(line), len(date))])
	if err != nil || !found {
		t.Fatalf("not a step of a story: %s", line)
	}
	return step{at: at, who: who, words: splitWords(command)}
}

// splitWords splits a command line at spaces. Single quotes keep words together.
func splitWords(line string) []string {
	var words []string
	quoted, inWord := false, false
	for _, r := range line {
		switch {
		case r == '\'':
			quoted = !quoted
		case r == ' ' && !quoted:
			inWord = false
			continue
		}
		if !inWord {
			words, inWord = append(words, ""), true
		}
		if r != '\'' {
			words[len(words)-1] += string(r)
		}
	}
	return words
}

// create creates the env repo of a story in dir, with the recorded program.
func (s story) create(t testing.TB, dir string, p corpusProgram) {
	t.Helper()
	testenv.EmptyBare(t, filepath.Join(dir, s.name+".git"))
	s.unpack(t, dir)
	for _, step := range s.steps {
		if !step.byOctopod() {
			s.commitByHand(t, filepath.Join(dir, s.name+".git"), step)
			continue
		}
		if answer := p.run(t, step.call(s.name)); answer.exit != 0 {
			t.Fatalf("%s: %s %q: exit %d\n%s%s", s.name, step.at, step.words, answer.exit, answer.stdout, answer.stderr)
		}
	}
}

// call returns the call of the program for a step.
func (s step) call(repo string) call {
	c := callOf(s.words)
	c.at, c.env["OCTOPOD_ENV_REPO"], c.env["OCTOPOD_ACTOR"] = s.at, repo+".git", s.actor()
	return c
}

// unpack writes the files of a story to dir, for its commands.
func (s story) unpack(t testing.TB, dir string) {
	t.Helper()
	for name, text := range s.files {
		file := filepath.Join(dir, s.name, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// commitByHand commits with git, without Octopod.
func (s story) commitByHand(t testing.TB, repo string, step step) {
	t.Helper()
	g := scratchIndex{t, repo, filepath.Join(t.TempDir(), "index"), step}
	parent, err := testenv.TryGit(repo, "rev-parse", "--verify", "--quiet", "main")
	if err == nil {
		g.git(nil, "read-tree", parent)
	}
	path := step.words[1]
	switch step.words[0] {
	case "write":
		for name, text := range s.files {
			if name == step.words[len(step.words)-1] {
				g.write(path, text)
			} else if strings.HasSuffix(path, "/") && strings.HasPrefix(name, path) {
				g.write(name, text)
			}
		}
	case "replace":
		before := g.git(nil, "cat-file", "blob", "main:"+path) + "\n"
		after := strings.ReplaceAll(before, step.words[2], step.words[3])
		if after == before {
			t.Fatalf("%s: %s does not hold %q", s.name, path, step.words[2])
		}
		g.write(path, after)
	case "remove":
		g.git(nil, "rm", "-r", "--quiet", "--cached", path)
	default:
		t.Fatalf("%s: no step of a story: %q", s.name, step.words)
	}
	commit := []string{"commit-tree", "-m", strings.Join(step.words[:2], " "), g.git(nil, "write-tree")}
	if parent != "" {
		commit = append(commit, "-p", parent)
	}
	g.git(nil, "update-ref", "refs/heads/main", g.git(nil, commit...))
}

// scratchIndex is the git index for a commit by hand.
type scratchIndex struct {
	t    testing.TB
	repo string
	file string
	step step
}

func (g scratchIndex) write(path, text string) {
	g.git(nil, "update-index", "--add", "--cacheinfo", "100644,"+g.git([]byte(text), "hash-object", "-w", "--stdin")+","+path)
}

func (g scratchIndex) git(stdin []byte, args ...string) string {
	g.t.Helper()
	date := fmt.Sprintf("%d +0000", g.step.at.Unix())
	return gitWith(g.t, g.repo, stdin, []string{
		"GIT_INDEX_FILE=" + g.file, "GIT_WORK_TREE=" + filepath.Dir(g.file),
		"GIT_AUTHOR_NAME=" + g.step.who, "GIT_AUTHOR_EMAIL=" + strings.ToLower(g.step.who) + "@example.com", "GIT_AUTHOR_DATE=" + date,
		"GIT_COMMITTER_NAME=" + g.step.who, "GIT_COMMITTER_EMAIL=" + strings.ToLower(g.step.who) + "@example.com", "GIT_COMMITTER_DATE=" + date,
	}, args...)
}
