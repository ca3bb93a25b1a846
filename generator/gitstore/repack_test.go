package gitstore_test

import (
	"path/filepath"
	"strings"
	"testing"

	"octopod/generator/gitstore"
	"octopod/generator/testenv"
)

// TestRepack: many commits leave few packs, every object can be read, and a version of
// the tree of all stagings takes little space.
func TestRepack(t *testing.T) {
	const n, commits = 300, 260
	repo := testenv.Bare(t, filepath.Join(t.TempDir(), "env.git"), n)
	s := open(t, gitstore.Options{URL: repo})
	for v := range commits {
		if v%10 == 9 { // a one-shot command
			cold, err := gitstore.Open(t.Context(), gitstore.Options{URL: repo, Committer: octopod})
			if err != nil {
				t.Fatal(err)
			}
			change(t, cold, deploy(v%n, v+1))
			if err := cold.Close(); err != nil {
				t.Fatal(err)
			}
			continue
		}
		change(t, s, deploy(v%n, v+1))
	}
	packs, _ := filepath.Glob(filepath.Join(repo, "objects/pack/*.pack"))
	if len(packs) > 110 {
		t.Errorf("%d packs", len(packs))
	}
	if left, _ := filepath.Glob(filepath.Join(repo, "objects/pack/*.keep")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	testenv.Fsck(t, repo)
	if got := testenv.Git(t, repo, "rev-list", "--count", "main"); got != "261" {
		t.Errorf("%s commits", got)
	}
	h, err := s.History(t.Context(), "envs/"+testenv.StagingName(7), 0)
	want := strings.Fields(testenv.Git(t, repo, "log", "--format=%H", "main", "--", "envs/"+testenv.StagingName(7)))
	if err != nil || strings.Join(revisions(h), " ") != strings.Join(want, " ") {
		t.Errorf("history %v, want %v, %v", revisions(h), want, err)
	}
	t.Log(len(packs), "packs;", strings.ReplaceAll(testenv.Git(t, repo, "count-objects", "-v"), "\n", ", "))
}
