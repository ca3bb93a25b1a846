package gitstore_test

import (
	"path/filepath"
	"strings"
	"testing"

	"octopod/generator/gitstore"
	"octopod/generator/testenv"
)

// TestHashWithout: the hash is that of the tree that git mktree makes without the
// entry.
func TestHashWithout(t *testing.T) {
	for _, p := range places() {
		t.Run(p.name, func(t *testing.T) {
			repo := testenv.Bare(t, filepath.Join(t.TempDir(), "env.git"), 3)
			const dir = "envs/feature-00001"
			s := open(t, p.at(t, repo))
			tip, err := s.Snapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var kept []string
			for line := range strings.Lines(testenv.Git(t, repo, "ls-tree", "main:"+dir)) {
				if !strings.HasSuffix(strings.TrimSpace(line), "\tstaging.yaml") {
					kept = append(kept, strings.TrimSpace(line)+"\n")
				}
			}
			want := testenv.GitInput(t, repo, []byte(strings.Join(kept, "")), "mktree")

			got, err := tip.HashWithout(t.Context(), dir, "staging.yaml")
			if err != nil || got.String() != want {
				t.Errorf("at the tip: %s, %v; git makes %s", got, err, want)
			}
			if none, err := tip.HashWithout(t.Context(), "envs/nothing", "staging.yaml"); err != nil || !none.IsZero() {
				t.Errorf("of a missing directory: %s, %v", none, err)
			}
			whole, _, _ := tip.Entry(dir)
			if same, err := tip.HashWithout(t.Context(), dir, "no-such-file"); err != nil || same != whole.Hash {
				t.Errorf("without an entry that does not exist: %s, %v; want %s", same, err, whole.Hash)
			}
			file, _, _ := tip.Entry(dir + "/staging.yaml")
			if same, err := tip.HashWithout(t.Context(), dir+"/staging.yaml", "staging.yaml"); err != nil || same != file.Hash {
				t.Errorf("of a file: %s, %v; want %s", same, err, file.Hash)
			}

			change(t, s, write(dir+"/staging.yaml", "title: another\n"))
			entries, err := s.History(t.Context(), dir, 0)
			if err != nil || len(entries) < 2 {
				t.Fatal(entries, err)
			}
			for _, e := range entries[:2] {
				if got, err := s.HashWithout(t.Context(), e.Tree, "staging.yaml"); err != nil || got.String() != want {
					t.Errorf("in the history: %s, %v; want %s", got, err, want)
				}
			}
			if got, err := s.HashWithout(t.Context(), gitstore.Hash{}, "staging.yaml"); err != nil || !got.IsZero() {
				t.Errorf("of a removal: %s, %v", got, err)
			}
		})
	}
}
