package gitstore_test

import (
	"os"
	"path/filepath"
	"testing"

	"octopod/generator/gitstore"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// checkedOut creates a repository with a work tree.
func checkedOut(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	return testenv.WorkTree(t, testenv.Bare(t, filepath.Join(dir, "env.git"), 3), filepath.Join(dir, "work"))
}

// TestWorkTreeIsUpdated: a change to the checked-out branch updates files and index,
// and git status is clean afterwards.
func TestWorkTreeIsUpdated(t *testing.T) {
	work := checkedOut(t)
	testenv.WriteFile(t, work, "notes.txt", "untracked, in nobody's way")
	testenv.WriteFile(t, work, "octopod.yaml", "edited, but not touched by us")
	status := testenv.Git(t, work, "status", "--porcelain")
	s := open(t, gitstore.Options{URL: work})
	dir := "envs/" + testenv.StagingName(1)
	change(t, s, deploy(1, 3))
	change(t, s, edit(file("envs/new/deep/f.yaml", "x\n"), remove(dir)))
	change(t, s, edit(file(dir, "a file where a directory was\n")))
	change(t, s, edit(remove("envs/new")))
	if got := testenv.Git(t, work, "status", "--porcelain"); got != status {
		t.Errorf("git status: %q, before %q", got, status)
	}
	if got := testenv.Git(t, work, "diff-files", "--name-only"); got != "octopod.yaml" {
		t.Errorf("git diff-files: %q", got)
	}
	if b, err := os.ReadFile(filepath.Join(work, dir)); err != nil || string(b) != "a file where a directory was\n" {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := os.Stat(filepath.Join(work, "envs/new")); !os.IsNotExist(err) {
		t.Errorf("an empty directory is left: %v", err)
	}
	testenv.Fsck(t, work)
}

// TestUncommittedWork: uncommitted changes are never overwritten.
func TestUncommittedWork(t *testing.T) {
	path := "envs/" + testenv.StagingName(1) + "/staging.yaml"
	for name, c := range map[string]struct {
		spoil func(t *testing.T, work string)
		path  string
	}{
		"modified": {func(t *testing.T, work string) { testenv.WriteFile(t, work, path, "mine") }, path},
		"staged": {func(t *testing.T, work string) {
			testenv.WriteFile(t, work, path, "mine")
			testenv.Git(t, work, "add", path)
		}, path},
		"deleted":             {func(t *testing.T, work string) { _ = os.Remove(filepath.Join(work, path)) }, path},
		"untracked":           {func(t *testing.T, work string) { testenv.WriteFile(t, work, "envs/mine/f", "mine") }, "envs/mine/f"},
		"a file in the way":   {func(t *testing.T, work string) { testenv.WriteFile(t, work, "envs/mine", "mine") }, "envs/mine/f"},
		"a folder in the way": {func(t *testing.T, work string) { testenv.WriteFile(t, work, "envs/mine/f/g", "mine") }, "envs/mine/f"},
		"a link that leads out": {func(t *testing.T, work string) {
			if err := os.Symlink(t.TempDir(), filepath.Join(work, "envs/mine")); err != nil {
				t.Fatal(err)
			}
		}, "envs/mine/f"},
	} {
		t.Run(name, func(t *testing.T) {
			work := checkedOut(t)
			c.spoil(t, work)
			status, head := testenv.Git(t, work, "status", "--porcelain"), testenv.Git(t, work, "rev-parse", "HEAD")
			s := open(t, gitstore.Options{URL: work})
			_, err := s.Change(t.Context(), edit(file(c.path, "ours"), file("envs/other/f", "ours")))
			wantCode(t, err, staging.CodeConflict, c.path, "commit or stash")
			if got := testenv.Git(t, work, "status", "--porcelain") + testenv.Git(t, work, "rev-parse", "HEAD"); got != status+head {
				t.Errorf("something was written: %q, before %q", got, status+head)
			}
		})
	}
}

// TestLinkedWorkTrees: a `git worktree` is updated like any other work tree. A branch
// that another work tree has checked out does not move.
func TestLinkedWorkTrees(t *testing.T) {
	work := checkedOut(t)
	linked := filepath.Join(t.TempDir(), "linked")
	testenv.Git(t, work, "worktree", "add", "-q", "-b", "staging", linked)
	s := open(t, gitstore.Options{URL: linked, Branch: "staging"})
	change(t, s, deploy(1, 3))
	for _, dir := range []string{work, linked} {
		if got := testenv.Git(t, dir, "status", "--porcelain"); got != "" {
			t.Errorf("%s: git status: %q", dir, got)
		}
	}
	other := open(t, gitstore.Options{URL: work, Branch: "staging"})
	_, err := other.Change(t.Context(), deploy(2, 3))
	wantCode(t, err, staging.CodeConflict, "another work tree")
}

// TestBranchThatIsNotCheckedOut: the branch moves and the work tree stays untouched.
func TestBranchThatIsNotCheckedOut(t *testing.T) {
	work := checkedOut(t)
	testenv.Git(t, work, "checkout", "-q", "-b", "other")
	testenv.WriteFile(t, work, "octopod.yaml", "mine")
	s := open(t, gitstore.Options{URL: work})
	change(t, s, edit(file("octopod.yaml", "ours")))
	if got := testenv.Git(t, work, "status", "--porcelain"); got != " M octopod.yaml" {
		t.Errorf("git status: %q", got)
	}
}
