package gitstore_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"octopod/generator/gitstore"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

func edit(changes ...gitstore.Change) gitstore.Edit {
	return func(context.Context, *gitstore.Snapshot) (gitstore.Commit, error) {
		return gitstore.Commit{Message: "edit", Changes: changes}, nil
	}
}

func file(path, content string) gitstore.Change {
	return gitstore.Change{Path: path, Data: []byte(content)}
}

func remove(path string) gitstore.Change { return gitstore.Change{Path: path, Delete: true} }

// TestTreeOrder: a directory sorts as if its name ended in a slash, so `a-` and
// `a.b` come before the directory `a`, and `a0` after it.
func TestTreeOrder(t *testing.T) {
	repo := testenv.EmptyBare(t, filepath.Join(t.TempDir(), "env.git"))
	s := open(t, gitstore.Options{URL: repo})
	for _, path := range []string{"a/f", "a.b", "a-", "a0", "a", "a-/f", "pr-1/f", "pr-1-x/f", "pr-1.x", "ünï/f", "a.b/f", "Z", "z"} {
		if path == "a" || path == "a-/f" || path == "a.b/f" { // a file takes a directory's place and the other way round
			change(t, s, edit(remove(strings.TrimSuffix(path, "/f"))))
		}
		change(t, s, edit(file(path, path)))
		testenv.Fsck(t, repo)
	}
	got := testenv.Git(t, repo, "-c", "core.quotepath=false", "ls-tree", "--name-only", "main")
	if want := "Z\na\na-\na.b\na0\npr-1-x\npr-1.x\npr-1\nz\nünï"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestRandomEdits compares random edits with the same edits by the git command: the
// trees have the same hashes.
func TestRandomEdits(t *testing.T) {
	repo := testenv.EmptyBare(t, filepath.Join(t.TempDir(), "env.git"))
	s := open(t, gitstore.Options{URL: repo})
	rnd := rand.New(rand.NewPCG(1, 2))
	names := []string{"a", "a-b", "a.b", "b", "b0", "c"}
	pick := func() string {
		parts := make([]string, 1+rnd.IntN(3))
		for i := range parts {
			parts[i] = names[rnd.IntN(len(names))]
		}
		return strings.Join(parts, "/")
	}
	there := map[string]string{}
	for round := range 150 {
		var changes []gitstore.Change
		next := map[string]string{}
		for k, v := range there {
			next[k] = v
		}
		for range 1 + rnd.IntN(4) {
			p := pick()
			if rnd.IntN(3) == 0 {
				changes = append(changes, remove(p))
				for k := range next {
					if k == p || strings.HasPrefix(k, p+"/") {
						delete(next, k)
					}
				}
				continue
			}
			changes = append(changes, file(p, fmt.Sprint(round)))
			next[p] = fmt.Sprint(round)
		}
		_, err := s.Change(t.Context(), edit(changes...))
		if err != nil {
			if staging.CodeOf(err) != staging.CodeInvalid {
				t.Fatal(err)
			}
			continue // a file below a file, or a path twice
		}
		if overlapping(changes) {
			next = nil // order matters there; take git's word for it
		}
		if next == nil {
			next = map[string]string{}
			for _, p := range strings.Fields(testenv.Git(t, repo, "ls-tree", "-r", "--name-only", "main")) {
				next[p] = testenv.Git(t, repo, "show", "main:"+p)
			}
		}
		there = next
		if head := testenv.Git(t, repo, "for-each-ref", "--format=%(objectname)", "refs/heads/main"); head == "" {
			continue
		}
		if got, want := testenv.Git(t, repo, "rev-parse", "main^{tree}"), gitTree(t, repo, there); got != want {
			t.Fatalf("round %d: tree %s, git makes %s of %v", round, got, want, there)
		}
	}
	testenv.Fsck(t, repo)
}

func overlapping(changes []gitstore.Change) bool {
	for i, a := range changes {
		for j, b := range changes {
			if i != j && (a.Path == b.Path || strings.HasPrefix(b.Path, a.Path+"/")) {
				return true
			}
		}
	}
	return false
}

// gitTree builds a tree with the git command.
func gitTree(t *testing.T, repo string, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("commit refs/heads/expected\ncommitter C <c@example.com> 1 +0000\ndata 1\nx\ndeleteall\n")
	for p, c := range files {
		fmt.Fprintf(&b, "M 100644 inline %s\ndata %d\n%s\n", p, len(c), c)
	}
	testenv.GitInput(t, repo, b.Bytes(), "fast-import", "--quiet", "--force")
	return testenv.Git(t, repo, "rev-parse", "expected^{tree}")
}

// TestInvalidChanges: invalid and contradictory changes fail before anything is
// written.
func TestInvalidChanges(t *testing.T) {
	repo := testenv.Bare(t, filepath.Join(t.TempDir(), "env.git"), 1)
	s := open(t, gitstore.Options{URL: repo})
	before := testenv.Git(t, repo, "rev-parse", "main")
	for name, changes := range map[string][]gitstore.Change{
		"empty path":               {file("", "x")},
		"absolute":                 {file("/etc/passwd", "x")},
		"dot dot":                  {file("envs/../../etc", "x")},
		"dot git":                  {file("envs/.git/hooks/pre-commit", "x")},
		"dot GIT":                  {file(".GIT/config", "x")},
		"git~1":                    {file("git~1/config", "x")},
		"newline":                  {file("envs/a\nb", "x")},
		"backslash":                {file(`envs\..\x`, "x")},
		"twice":                    {file("a", "x"), file("a", "y")},
		"file and below":           {file("a", "x"), file("a/b", "y")},
		"below and file":           {file("a/b", "x"), file("a", "y")},
		"below a file":             {file("octopod.yaml/x", "x")},
		"file over a directory":    {file("envs", "x")},
		"write and delete":         {{Path: "a", Data: []byte("x"), Delete: true}},
		"an entry that is nothing": {{Path: "a", Entry: &gitstore.TreeRef{}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Change(t.Context(), edit(changes...))
			wantCode(t, err, staging.CodeInvalid)
		})
	}
	if after := testenv.Git(t, repo, "rev-parse", "main"); after != before {
		t.Error("something was written")
	}
}

// TestDirectoryAsItWas: a rollback puts the entry of an earlier revision with one file
// on top, over every kind of connection.
func TestDirectoryAsItWas(t *testing.T) {
	for _, p := range places() {
		t.Run(p.name, func(t *testing.T) {
			repo := testenv.Bare(t, filepath.Join(t.TempDir(), "env.git"), 2)
			s := open(t, p.at(t, repo))
			snap, err := s.Snapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			dir := "envs/" + testenv.StagingName(1)
			old, exists, err := snap.Entry(dir)
			if err != nil || !exists {
				t.Fatal("no entry", err)
			}
			first := snap.Revision().String()
			change(t, s, deploy(1, 7))
			change(t, s, edit(remove(dir)))
			if list := testenv.Git(t, repo, "ls-tree", "--name-only", "main:envs"); strings.Contains(list, testenv.StagingName(1)) {
				t.Errorf("still there: %s", list)
			}
			change(t, s, edit(gitstore.Change{Path: dir, Entry: &old}))
			if got := testenv.Git(t, repo, "rev-parse", "main:"+dir); got != old.Hash.String() {
				t.Errorf("tree %s, want %s", got, old.Hash)
			}
			change(t, s, edit(gitstore.Change{Path: dir, Entry: &old}, file(dir+"/staging.yaml", "pinned")))
			if got := testenv.Git(t, repo, "diff", "--name-only", first, "main"); got != dir+"/staging.yaml" {
				t.Errorf("diff %q", got)
			}
			testenv.Fsck(t, repo)
		})
	}
}

// TestEverythingRemoved: a commit may remove the last file.
func TestEverythingRemoved(t *testing.T) {
	repo := testenv.EmptyBare(t, filepath.Join(t.TempDir(), "env.git"))
	s := open(t, gitstore.Options{URL: repo})
	change(t, s, edit(file("a/b/c", "x")))
	change(t, s, edit(remove("a/b/c")))
	if got := testenv.Git(t, repo, "ls-tree", "main"); got != "" {
		t.Errorf("%q", got)
	}
	if r := change(t, s, edit(remove("a"))); r.Changed {
		t.Error("removing a file that does not exist made a commit")
	}
	change(t, s, edit(file("d", "x")))
	testenv.Fsck(t, repo)
}

// TestStockRevert: a person clones, reverts and pushes with the git command.
func TestStockRevert(t *testing.T) {
	dir := t.TempDir()
	repo := testenv.Bare(t, filepath.Join(dir, "env.git"), 3)
	s := open(t, gitstore.Options{URL: testenv.ServeHTTP(t, dir).URL + "/env.git"})
	before := testenv.Git(t, repo, "rev-parse", "main^{tree}")
	r := change(t, s, deploy(1, 5))
	clone := testenv.WorkTree(t, repo, filepath.Join(t.TempDir(), "clone"))
	testenv.Git(t, clone, "revert", "--no-edit", r.Revision.String())
	testenv.Git(t, clone, "push", "-q")
	if got := testenv.Git(t, repo, "rev-parse", "main^{tree}"); got != before {
		t.Errorf("tree %s, want %s", got, before)
	}
	if r := change(t, s, deploy(1, 5)); !r.Changed {
		t.Errorf("deploy after the revert: %+v", r)
	}
	testenv.Fsck(t, repo)
}
