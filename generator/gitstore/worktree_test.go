package gitstore_test

import (
	"path/filepath"
	"testing"

	"octopod/generator/gitstore"
	"octopod/generator/testenv"
)

func TestReadWorkTreeSaysWhatGitSays(t *testing.T) {
	dir := t.TempDir()
	origin := testenv.Bare(t, filepath.Join(dir, "origin.git"), 1)
	clone := testenv.WorkTree(t, origin, filepath.Join(dir, "clone"))
	git := func(args ...string) string { return testenv.Git(t, clone, args...) }
	read := func(path string) gitstore.WorkTree {
		t.Helper()
		w, err := gitstore.ReadWorkTree(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	check := func(path, branch, remote string) {
		t.Helper()
		w := read(path)
		if w.Branch != branch || w.Remote != remote || w.Commit != testenv.Git(t, path, "rev-parse", "HEAD") ||
			w.Committed.Format("2006-01-02T15:04:05-07:00") != testenv.Git(t, path, "log", "-1", "--format=%cI") {
			t.Errorf("%+v", w)
		}
	}
	check(clone, "main", origin)

	git("switch", "--quiet", "--create", "feature/login")
	git("commit", "--quiet", "--allow-empty", "--message", "more")
	check(clone, "feature/login", origin)

	git("remote", "add", "fork", "git@example.com:ada/shop.git")
	git("config", "branch.feature/login.remote", "fork")
	check(clone, "feature/login", "git@example.com:ada/shop.git")

	git("gc", "--quiet", "--prune=now") // packs, and packed-refs
	check(clone, "feature/login", "git@example.com:ada/shop.git")

	other := filepath.Join(dir, "other")
	git("worktree", "add", "--quiet", "-b", "fix/x", other)
	check(other, "fix/x", origin)

	git("checkout", "--quiet", "--detach")
	check(clone, "", origin)

	fresh := filepath.Join(dir, "fresh")
	testenv.Git(t, dir, "init", "--quiet", "--initial-branch=start", fresh)
	if w := read(fresh); w != (gitstore.WorkTree{Branch: "start"}) {
		t.Errorf("before the first commit: %+v", w)
	}
	if _, err := gitstore.ReadWorkTree(t.Context(), dir); err == nil {
		t.Error("a plain directory is a work tree")
	}
}
