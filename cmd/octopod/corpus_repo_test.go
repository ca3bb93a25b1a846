package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"octopod/generator/testenv"
)

// corpusDir contains the corpus: one folder for each env repo, and the branches of the
// application's repositories.
var corpusDir = func() string {
	dir, err := filepath.Abs("testdata/corpus")
	if err != nil {
		panic(err)
	}
	return dir
}()

// corpusRepos returns the names of the env repos of the corpus.
func corpusRepos(t testing.TB) []string {
	t.Helper()
	stories, err := filepath.Glob(filepath.Join(corpusDir, "*", "story.txtar"))
	if err != nil || len(stories) == 0 {
		t.Fatal("the corpus has no env repos", err)
	}
	var names []string
	for _, story := range stories {
		names = append(names, filepath.Base(filepath.Dir(story)))
	}
	return names
}

// exported returns the file with the git fast-export stream of an env repo. Show it
// with `zcat repo.fast-export.gz`.
func exported(repo string) string { return filepath.Join(corpusDir, repo, "repo.fast-export.gz") }

// enterCorpus creates the env repos and the application's repositories in a scratch
// directory, and changes into it: octopod.yaml uses relative paths, so that no answer
// depends on the directory.
func enterCorpus(t testing.TB) {
	t.Helper()
	dir := t.TempDir()
	makeRepositories(t, dir)
	for _, name := range corpusRepos(t) {
		repo := testenv.EmptyBare(t, filepath.Join(dir, name+".git"))
		testenv.GitInput(t, repo, readExported(t, name), "fast-import", "--quiet")
		readStory(t, name).unpack(t, dir)
	}
	t.Chdir(dir)
}

// makeRepositories creates the application's repositories. Each branch has one commit.
func makeRepositories(t testing.TB, dir string) {
	t.Helper()
	list, err := os.ReadFile(filepath.Join(corpusDir, "repositories.txt"))
	if err != nil {
		t.Fatal(err)
	}
	streams := map[string]string{}
	for line := range strings.Lines(string(list)) {
		if repo, branch, ok := strings.Cut(strings.TrimSpace(line), " "); ok && repo != "#" {
			streams[repo] += fmt.Sprintf("commit refs/heads/%s\ncommitter Ada <ada@example.com> 2061000000 +0000\ndata <<.\n%s\n.\n", branch, branch)
		}
	}
	for repo, stream := range streams {
		testenv.GitInput(t, testenv.EmptyBare(t, filepath.Join(dir, repo)), []byte(stream), "fast-import", "--quiet")
	}
}

// recordRepo creates an env repo again from its story, and saves it.
func recordRepo(t testing.TB, name string, p corpusProgram) {
	t.Helper()
	dir := t.TempDir()
	makeRepositories(t, dir)
	t.Chdir(dir)
	readStory(t, name).create(t, dir, p)
	writeExported(t, name, testenv.Git(t, filepath.Join(dir, name+".git"), "fast-export", "--all"))
}

func readExported(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(exported(name))
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	stream, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

func writeExported(t testing.TB, name, stream string) {
	t.Helper()
	var b bytes.Buffer
	packed, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // a valid level
	if _, err := io.WriteString(packed, stream+"\n"); err != nil {
		t.Fatal(err)
	}
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(exported(name), b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// gitWith runs git with an input and additional variables.
func gitWith(t testing.TB, dir string, stdin []byte, env []string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env, cmd.Stdin = dir, append(testenv.Env(), env...), bytes.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// bareRepo is an env repo of the corpus in the current directory.
type bareRepo struct {
	t   testing.TB
	dir string
}

func (r bareRepo) git(args ...string) string {
	r.t.Helper()
	return testenv.Git(r.t, r.dir, args...)
}

func (r bareRepo) tryGit(args ...string) (string, error) { return testenv.TryGit(r.dir, args...) }

// tip returns the commit of the branch main.
func (r bareRepo) tip() string {
	data, err := os.ReadFile(filepath.Join(r.dir, "refs/heads/main"))
	if err != nil {
		return r.git("rev-parse", "main")
	}
	return strings.TrimSpace(string(data))
}

// revisionAt matches $(06-01 09:40): the last commit of a step of the story.
var revisionAt = regexp.MustCompile(`\$\((\d\d-\d\d \d\d:\d\d)\)`)

// withRevisions replaces the dates in a question with the commits of these dates.
func (r bareRepo) withRevisions(question string) string {
	return revisionAt.ReplaceAllStringFunc(question, func(date string) string {
		return r.at(revisionAt.FindStringSubmatch(date)[1])
	})
}

func (r bareRepo) at(date string) string {
	r.t.Helper()
	for line := range strings.Lines(r.git("log", "--format=%cd %H", "--date=format-local:%m-%d %H:%M", "main")) {
		if commit, found := strings.CutPrefix(strings.TrimSpace(line), date+" "); found {
			return commit
		}
	}
	r.t.Fatalf("no commit of %s is of %s", r.dir, date)
	return ""
}

// messageIndent begins each line of a commit message.
const messageIndent = "    "

// describeCommit is git's format for a commit without its files.
const describeCommit = "author %an <%ae> %ad%ncommitter %cn <%ce> %cd%n%w(0,4,4)%B%w(0,0,0)"

// commitsSince describes the commits since a revision.
func (r bareRepo) commitsSince(before string) string {
	r.t.Helper()
	if r.tip() == before {
		return ""
	}
	var b strings.Builder
	for _, commit := range strings.Fields(r.git("rev-list", "--reverse", before+"..main")) {
		b.WriteString("=== commit\n" + r.git("show", "--no-patch", "--date=iso-strict", "--format=tree %T%n"+describeCommit, commit) + "\n")
		b.WriteString(r.git("diff-tree", "-r", "--no-commit-id", "--abbrev=12", "--no-renames", commit) + "\n")
		b.WriteString(r.git("diff-tree", "-p", "-U0", "--no-commit-id", "--no-renames", commit, "--", "*/staging.yaml", "octopod.yaml") + "\n")
	}
	return b.String()
}

// resetTo resets the branch to a revision.
func (r bareRepo) resetTo(revision string) {
	r.t.Helper()
	if r.tip() != revision {
		r.git("update-ref", "refs/heads/main", revision)
	}
}

// withoutHashes replaces the hashes of the commits since a revision with commit 1,
// commit 2, …, because they depend on the wording of the messages.
func (r bareRepo) withoutHashes(before, text string) string {
	r.t.Helper()
	if r.tip() == before {
		return text
	}
	for i, commit := range strings.Fields(r.git("rev-list", "--reverse", before+"..main")) {
		name := fmt.Sprintf("<commit %d>", i+1)
		text = strings.NewReplacer(commit, name, commit[:7], name).Replace(text)
	}
	return text
}

// versionsOf returns every version of every file with a name, with its path.
func (r bareRepo) versionsOf(name string) iter.Seq2[string, []byte] {
	r.t.Helper()
	var paths []string
	var wanted strings.Builder
	for line := range strings.Lines(r.git("rev-list", "--objects", "--all")) {
		if hash, path, _ := strings.Cut(strings.TrimSpace(line), " "); filepath.Base(path) == name {
			paths = append(paths, path)
			wanted.WriteString(hash + "\n")
		}
	}
	rest := testenv.GitInput(r.t, r.dir, []byte(wanted.String()), "cat-file", "--batch=%(objectsize)") + "\n"
	return func(yield func(string, []byte) bool) {
		for _, path := range paths {
			head, content, _ := strings.Cut(rest, "\n")
			size, err := strconv.Atoi(head)
			if err != nil {
				r.t.Fatal(err)
			}
			if rest = content[size+1:]; !yield(path, []byte(content[:size])) {
				return
			}
		}
	}
}
