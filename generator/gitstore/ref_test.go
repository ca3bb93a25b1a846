package gitstore_test

import (
	"context"
	"testing"

	"octopod/generator/gitstore"
	"octopod/generator/testenv"
)

// A store of a reference that is no branch creates it with the first commit, beside the
// branches, and leaves those alone.
func TestAReferenceThatIsNoBranch(t *testing.T) {
	repo := t.TempDir() + "/r.git"
	testenv.Git(t, t.TempDir(), "init", "--bare", "-q", "--initial-branch", "main", repo)
	write := func(o gitstore.Options, name string) {
		o.URL, o.Committer = repo, gitstore.Identity{Name: "o", Email: "o@example.com"}
		s := open(t, o)
		_, err := s.Change(t.Context(), func(context.Context, *gitstore.Snapshot) (gitstore.Commit, error) {
			return gitstore.Commit{Message: name, Changes: []gitstore.Change{{Path: name, Data: []byte(name)}}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	write(gitstore.Options{}, "a")
	tip := testenv.Git(t, repo, "rev-parse", "main")
	write(gitstore.Options{Ref: "refs/octopod/x"}, "b")
	write(gitstore.Options{Ref: "refs/octopod/x"}, "c")
	if got := testenv.Git(t, repo, "ls-tree", "-r", "--name-only", "refs/octopod/x"); got != "b\nc" {
		t.Errorf("files %q", got)
	}
	if now := testenv.Git(t, repo, "rev-parse", "main"); now != tip {
		t.Error("the branch moved")
	}
}
