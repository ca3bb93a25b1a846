package gitstore_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"octopod/generator/gitstore"
	"octopod/generator/testenv"
)

// appRepo is a repository of an application: main has base, a and b; the branch feature adds
// c and d to a. It returns its path, and the commits by message.
func appRepo(t *testing.T, dir string) (path string, commits map[string]string) {
	t.Helper()
	path, commits = filepath.Join(dir, "app.git"), map[string]string{}
	testenv.Git(t, dir, "init", "--bare", "--initial-branch", "main", path)
	tree := testenv.Git(t, path, "hash-object", "-w", "-t", "tree", "/dev/null")
	for _, c := range []struct{ message, parent string }{{"base", ""}, {"a", "base"}, {"b", "a"}, {"c", "a"}, {"d", "c"}, {"rewritten", "base"}} {
		args := []string{"commit-tree", "-m", c.message + "\n\nIts body.", tree}
		if c.parent != "" {
			args = append(args, "-p", commits[c.parent])
		}
		commits[c.message] = testenv.Git(t, path, args...)
	}
	for branch, at := range map[string]string{"main": "b", "feature": "d", "other": "rewritten"} {
		testenv.Git(t, path, "update-ref", "refs/heads/"+branch, commits[at])
	}
	testenv.Git(t, path, "config", "uploadpack.allowFilter", "true")
	testenv.Git(t, path, "config", "uploadpack.allowReachableSHA1InWant", "true")
	return path, commits
}

// Between lists the commits that one state of a repository has and another has not, newest
// first, over every kind of connection, by commit or by branch.
func TestBetweenListsTheCommits(t *testing.T) {
	dir := t.TempDir()
	path, commits := appRepo(t, dir)
	for _, url := range []string{path, testenv.ServeHTTP(t, dir).URL + "/app.git"} {
		for _, tt := range []struct{ from, to, want string }{
			{commits["a"], commits["b"], "b"},
			{commits["base"], commits["d"], "d c a"},
			{"main", "feature", "d c"},
			{commits["d"], commits["a"], ""}, // the way back brings nothing new
			{commits["b"], "main", ""},
			{commits["d"], commits["rewritten"], "rewritten"},
		} {
			found, err := gitstore.Between(t.Context(), gitstore.Options{URL: url, AllowPlainHTTP: true}, tt.from, tt.to)
			if err != nil {
				t.Errorf("%s: %s..%s: %v", url, tt.from, tt.to, err)
			}
			var names []string
			for _, c := range found.Commits {
				subject, _, _ := strings.Cut(c.Message, "\n")
				names = append(names, subject)
				if c.Author.Name == "" || c.When.IsZero() || c.Revision.String() != commits[subject] {
					t.Errorf("%s: %+v", url, c)
				}
			}
			if got := strings.Join(names, " "); got != tt.want || found.More {
				t.Errorf("%s: %s..%s: %q, more %v, want %q", url, tt.from, tt.to, got, found.More, tt.want)
			}
		}
	}
}

// A commit that the repository does not know is an error, and never a wrong list.
func TestBetweenDoesNotGuess(t *testing.T) {
	dir := t.TempDir()
	path, commits := appRepo(t, dir)
	unknown := strings.Repeat("5c", 20)
	for _, url := range []string{path, testenv.ServeHTTP(t, dir).URL + "/app.git"} {
		for _, tt := range []struct{ from, to string }{{unknown, commits["d"]}, {commits["d"], unknown}, {"nothing", "main"}, {"5c0ffee", "main"}} {
			if found, err := gitstore.Between(t.Context(), gitstore.Options{URL: url, AllowPlainHTTP: true}, tt.from, tt.to); err == nil {
				t.Errorf("%s: %s..%s: %d commits", url, tt.from, tt.to, len(found.Commits))
			}
		}
	}
}

// Of many commits, the newest are listed, and More says so.
func TestBetweenIsBounded(t *testing.T) {
	dir := t.TempDir()
	path, commits := appRepo(t, dir)
	tree, last := testenv.Git(t, path, "hash-object", "-t", "tree", "/dev/null"), commits["b"]
	for i := range gitstore.MostCommits + 3 {
		last = testenv.Git(t, path, "commit-tree", "-m", fmt.Sprint("number ", i), "-p", last, tree)
	}
	testenv.Git(t, path, "update-ref", "refs/heads/main", last)
	for _, url := range []string{path, testenv.ServeHTTP(t, dir).URL + "/app.git"} {
		found, err := gitstore.Between(t.Context(), gitstore.Options{URL: url, AllowPlainHTTP: true}, commits["a"], "main")
		if err != nil || !found.More || len(found.Commits) != gitstore.MostCommits || found.Commits[0].Revision.String() != last {
			t.Errorf("%s: %d, more %v: %v", url, len(found.Commits), found.More, err)
		}
	}
}
