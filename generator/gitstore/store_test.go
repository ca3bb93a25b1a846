package gitstore_test

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"octopod/generator/gitstore"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

var octopod = gitstore.Identity{Name: "Octopod", Email: "octopod@example.com"}

func open(t testing.TB, o gitstore.Options) *gitstore.Store {
	t.Helper()
	o.Committer = octopod
	o.AllowPlainHTTP = true
	if o.Timeout == 0 {
		o.Timeout = testenv.Timeout
	}
	s, err := gitstore.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// write returns an edit that writes one file.
func write(path, content string) gitstore.Edit {
	return func(context.Context, *gitstore.Snapshot) (gitstore.Commit, error) {
		return gitstore.Commit{
			Author:  gitstore.Identity{Name: "Ann", Email: "ann@example.com"},
			Message: "write " + path,
			Changes: []gitstore.Change{{Path: path, Data: []byte(content)}},
		}, nil
	}
}

func change(t testing.TB, s *gitstore.Store, e gitstore.Edit) gitstore.Result {
	t.Helper()
	r, err := s.Change(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func wantCode(t testing.TB, err error, code staging.Code, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", code)
	}
	if got := staging.CodeOf(err); got != code {
		t.Fatalf("code %s, want %s: %v", got, code, err)
	}
	text := err.Error() + "\n" + staging.HintOf(err)
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q does not say %q", text, w)
		}
	}
}

// place is one way to reach a repository.
type place struct {
	name string
	at   func(t *testing.T, repo string) gitstore.Options
}

func places() []place {
	return []place{
		{"local", func(_ *testing.T, repo string) gitstore.Options { return gitstore.Options{URL: repo} }},
		{"file", func(_ *testing.T, repo string) gitstore.Options { return gitstore.Options{URL: "file://" + repo} }},
		{"http", func(t *testing.T, repo string) gitstore.Options {
			return gitstore.Options{URL: testenv.ServeHTTP(t, filepath.Dir(repo)).URL + "/" + filepath.Base(repo)}
		}},
		{"http, a server without filters", func(t *testing.T, repo string) gitstore.Options {
			testenv.Git(t, repo, "config", "uploadpack.allowFilter", "false")
			testenv.Git(t, repo, "config", "uploadpack.allowAnySHA1InWant", "false")
			return gitstore.Options{URL: testenv.ServeHTTP(t, filepath.Dir(repo)).URL + "/" + filepath.Base(repo)}
		}},
		{"ssh", func(t *testing.T, repo string) gitstore.Options {
			s := testenv.ServeSSH(t, filepath.Dir(repo))
			return gitstore.Options{URL: s.URL + "/" + filepath.Base(repo),
				Auth: gitstore.Auth{SSHKeyFile: s.KeyFile, KnownHostsFiles: []string{s.KnownHosts}}}
		}},
	}
}

func TestChangeEverywhere(t *testing.T) {
	for _, p := range places() {
		t.Run(p.name, func(t *testing.T) {
			repo := testenv.Bare(t, filepath.Join(t.TempDir(), "env.git"), 20)
			s := open(t, p.at(t, repo))
			before := testenv.Git(t, repo, "rev-parse", "main")

			r := change(t, s, write("envs/feature-00003/staging.yaml", "new\n"))
			if !r.Changed || r.Attempts != 1 {
				t.Errorf("result %+v", r)
			}
			if got := testenv.Git(t, repo, "rev-parse", "main"); got != r.Revision.String() {
				t.Errorf("main is %s, want %s", got, r.Revision)
			}
			if got := testenv.Git(t, repo, "diff-tree", "-r", "--name-status", before, "main"); got != "M\tenvs/feature-00003/staging.yaml" {
				t.Errorf("diff %q", got)
			}
			if got := testenv.Git(t, repo, "log", "-1", "--format=%an %ae|%cn %ce|%s"); got != "Ann ann@example.com|Octopod octopod@example.com|write envs/feature-00003/staging.yaml" {
				t.Errorf("log %q", got)
			}

			again := change(t, s, write("envs/feature-00003/staging.yaml", "new\n"))
			if again.Changed || again.Revision != r.Revision {
				t.Errorf("the same again: %+v", again)
			}
			change(t, s, write("envs/other/deep/file.yaml", "x\n"))
			snap, err := s.Snapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for path, want := range map[string]string{"envs/other/deep/file.yaml": "x\n", "envs/feature-00003/staging.yaml": "new\n", "templates/shop/deployment.yaml": "kind: Deployment\n"} {
				if got, err := snap.ReadFile(path); err != nil || string(got) != want {
					t.Errorf("%s: %q, %v", path, got, err)
				}
			}
			testenv.Fsck(t, repo)
		})
	}
}

// TestNamesCannotForgeACommit: an author's name with line breaks stays on its line.
func TestNamesCannotForgeACommit(t *testing.T) {
	repo := testenv.Bare(t, filepath.Join(t.TempDir(), "env.git"), 1)
	s := open(t, gitstore.Options{URL: repo})
	change(t, s, func(context.Context, *gitstore.Snapshot) (gitstore.Commit, error) {
		return gitstore.Commit{
			Author:  gitstore.Identity{Name: "Eve\ncommitter Mallory <m@example.com> 1 +0000\n", Email: "eve@example.com>\x00 <"},
			Message: "one\x00\r\n\r\ntwo\n\n",
			Changes: []gitstore.Change{{Path: "envs/x/f", Data: []byte("x")}},
		}, nil
	})
	got := testenv.Git(t, repo, "log", "-1", "--format=%an|%ae|%cn|%B")
	if want := "Evecommitter Mallory m@example.com 1 +0000|eve@example.com|Octopod|one\n\ntwo\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	testenv.Fsck(t, repo)
}

func TestSnapshotIsAFileSystem(t *testing.T) {
	for _, p := range places() {
		t.Run(p.name, func(t *testing.T) {
			repo := testenv.Bare(t, filepath.Join(t.TempDir(), "env.git"), 3)
			s := open(t, p.at(t, repo))
			snap, err := s.Snapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := fstest.TestFS(snap, "octopod.yaml", "envs/feature-00000/staging.yaml", "templates/shop/deployment.yaml"); err != nil {
				t.Error(err)
			}
			matches, err := fs.Glob(snap, "envs/*/staging.yaml")
			if err != nil || len(matches) != 3 {
				t.Errorf("%v, %v", matches, err)
			}
		})
	}
}

func TestEmptyRepository(t *testing.T) {
	for _, p := range places() {
		t.Run(p.name, func(t *testing.T) {
			repo := testenv.EmptyBare(t, filepath.Join(t.TempDir(), "env.git"))
			s := open(t, p.at(t, repo))
			snap, err := s.Snapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !snap.Revision().IsZero() {
				t.Errorf("revision %s", snap.Revision())
			}
			if list, err := snap.ReadDir("."); err != nil || len(list) != 0 {
				t.Errorf("%v, %v", list, err)
			}
			for i := range 3 {
				change(t, s, write(fmt.Sprintf("envs/a%d/staging.yaml", i), "x\n"))
			}
			if got := testenv.Git(t, repo, "rev-list", "--count", "main"); got != "3" {
				t.Errorf("%s commits", got)
			}
			snap, err = s.Snapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if b, err := snap.ReadFile("envs/a1/staging.yaml"); err != nil || string(b) != "x\n" {
				t.Errorf("%q, %v", b, err)
			}
			testenv.Fsck(t, repo)
		})
	}
}

func TestMissingBranch(t *testing.T) {
	for _, p := range places() {
		t.Run(p.name, func(t *testing.T) {
			repo := testenv.Bare(t, filepath.Join(t.TempDir(), "env.git"), 1)
			o := p.at(t, repo)
			o.Branch = "production"
			s := open(t, o)
			_, err := s.Snapshot(t.Context())
			wantCode(t, err, staging.CodeNotFound, "production", "it has main")
			_, err = s.Change(t.Context(), write("a", "b"))
			wantCode(t, err, staging.CodeNotFound, "production")
		})
	}
}

// TestBranchNames: a branch may be given with refs/heads/, and a name that git
// rejects is rejected before the repository is touched.
func TestBranchNames(t *testing.T) {
	repo := testenv.Bare(t, filepath.Join(t.TempDir(), "env.git"), 1)
	s := open(t, gitstore.Options{URL: repo, Branch: "refs/heads/main"})
	if tip, err := s.Snapshot(t.Context()); err != nil || tip.Revision().IsZero() {
		t.Errorf("refs/heads/main: %v", err)
	}
	for _, name := range []string{"a..b", "-a", "a.lock", "a b", "@", "refs/tags/a", "a\xff", strings.Repeat("a", 250)} {
		_, err := gitstore.Open(t.Context(), gitstore.Options{URL: repo, Branch: name})
		wantCode(t, err, staging.CodeInvalid, "git branch")
		err = gitstore.InitBare(t.Context(), filepath.Join(t.TempDir(), "new.git"), name)
		wantCode(t, err, staging.CodeInvalid, "git branch")
	}
}

// TestBorrowedObjects: a repository with alternates (git clone --shared), even
// circular ones.
func TestBorrowedObjects(t *testing.T) {
	dir := t.TempDir()
	repo := testenv.Bare(t, filepath.Join(dir, "env.git"), 2)
	testenv.Git(t, dir, "clone", "-q", "--bare", "--shared", repo, "borrows.git")
	testenv.WriteFile(t, repo, "objects/info/alternates", filepath.Join(dir, "borrows.git/objects")+"\n")
	s := open(t, gitstore.Options{URL: filepath.Join(dir, "borrows.git")})
	change(t, s, write("envs/x/f", "1"))
	snap, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if b, err := snap.ReadFile("octopod.yaml"); err != nil || string(b) != "project: shop\n" {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := s.At(t.Context(), "0123456789012345678901234567890123456789"); err == nil {
		t.Error("found a file that does not exist")
	}
}

// TestBracketsInThePath: a path is not a glob pattern.
func TestBracketsInThePath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "envs[1]*")
	repo := testenv.Bare(t, filepath.Join(dir, "env.git"), 2)
	s := open(t, gitstore.Options{URL: repo})
	change(t, s, write("envs/x/f", "1"))
	testenv.Git(t, repo, "repack", "-adq")
	snap, err := open(t, gitstore.Options{URL: repo}).Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if b, err := snap.ReadFile("envs/x/f"); err != nil || string(b) != "1" {
		t.Errorf("%q, %v", b, err)
	}
}

// TestUnreadableEntries: a file over the size limit and a submodule are errors. A
// symbolic link reads as its target.
func TestUnreadableEntries(t *testing.T) {
	for _, p := range places() {
		t.Run(p.name, func(t *testing.T) {
			repo := testenv.Bare(t, filepath.Join(t.TempDir(), "env.git"), 1)
			big := make([]byte, gitstore.MaxBlob+1)
			blob := testenv.GitInput(t, repo, big, "hash-object", "-w", "--stdin")
			link := testenv.GitInput(t, repo, []byte("octopod.yaml"), "hash-object", "-w", "--stdin")
			head := testenv.Git(t, repo, "rev-parse", "main")
			tree := testenv.GitInput(t, repo, []byte(testenv.Git(t, repo, "ls-tree", "main")+
				"\n100644 blob "+blob+"\tbig.bin\n120000 blob "+link+"\tlink\n160000 commit "+head+"\tsub\n"), "mktree", "--missing")
			testenv.Git(t, repo, "update-ref", "refs/heads/main", testenv.Git(t, repo, "commit-tree", "-p", head, "-m", "x", tree))
			s := open(t, p.at(t, repo))
			snap, err := s.Snapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, err = snap.ReadFile("big.bin")
			wantCode(t, err, staging.CodeInvalid, "big.bin", "8 MiB")
			_, err = snap.ReadFile("sub")
			wantCode(t, err, staging.CodeInvalid, "sub", "submodule")
			if b, err := snap.ReadFile("link"); err != nil || string(b) != "octopod.yaml" {
				t.Errorf("%q, %v", b, err)
			}
			if info, err := snap.Stat("link"); err != nil || info.Mode()&fs.ModeSymlink == 0 {
				t.Errorf("%v, %v", info, err)
			}
			change(t, s, write("envs/x/f", "1"))
		})
	}
}
