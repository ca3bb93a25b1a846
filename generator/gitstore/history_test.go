package gitstore_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"octopod/generator/gitstore"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

func TestHistoryOfAPath(t *testing.T) {
	for _, p := range places() {
		for _, keep := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/history=%v", p.name, keep), func(t *testing.T) {
				repo := testenv.Bare(t, filepath.Join(t.TempDir(), "env.git"), 5)
				o := p.at(t, repo)
				o.History = keep
				s := open(t, o)
				var first string
				for i := range 30 {
					r := change(t, s, write(fmt.Sprintf("envs/feature-0000%d/staging.yaml", i%5), fmt.Sprint(i)))
					if i == 0 {
						first = r.Revision.String()
					}
				}
				fresh := open(t, o)
				for _, store := range []*gitstore.Store{s, fresh} {
					for _, path := range []string{"envs/feature-00003", "envs/feature-00003/staging.yaml", "envs", "octopod.yaml", "envs/none"} {
						got, err := store.History(t.Context(), path, 0)
						if err != nil {
							t.Fatal(err)
						}
						want := strings.Fields(testenv.Git(t, repo, "log", "--first-parent", "--format=%H", "main", "--", path))
						if fmt.Sprint(revisions(got)) != fmt.Sprint(want) {
							t.Errorf("%s: got %v, want %v", path, revisions(got), want)
						}
						few, err := store.History(t.Context(), path, 2)
						if err != nil || len(few) != min(2, len(want)) {
							t.Errorf("%s: limit 2 gave %d, %v", path, len(few), err)
						}
					}
					for _, rev := range []string{first, first[:7]} {
						snap, err := store.At(t.Context(), rev)
						if err != nil {
							t.Fatal(err)
						}
						if b, err := snap.ReadFile("envs/feature-00000/staging.yaml"); err != nil || string(b) != "0" {
							t.Errorf("%q, %v", b, err)
						}
					}
					_, err := store.At(t.Context(), "1234567")
					wantCode(t, err, staging.CodeNotFound, "1234567")
				}
			})
		}
	}
}

// TestHashAt: HashAt returns the same hash as git, for every commit of the repository.
func TestHashAt(t *testing.T) {
	for _, p := range places() {
		t.Run(p.name, func(t *testing.T) {
			repo := testenv.Bare(t, filepath.Join(t.TempDir(), "env.git"), 5)
			s := open(t, p.at(t, repo))
			const dir = "envs/feature-00001"
			first := change(t, s, write(dir+"/staging.yaml", "first")).Revision
			change(t, s, write(dir+"/staging.yaml", "second"))
			fresh := open(t, p.at(t, repo))
			if _, err := fresh.Snapshot(t.Context()); err != nil {
				t.Fatal(err)
			}
			want := strings.TrimSpace(testenv.Git(t, repo, "rev-parse", first.String()+":"+dir))
			got, err := fresh.HashAt(t.Context(), first.String(), dir)
			if err != nil || got.String() != want {
				t.Errorf("%s, %v; git says %s", got, err, want)
			}
			for name, of := range map[string][2]string{
				"no such path":   {first.String(), "envs/none"},
				"no such commit": {strings.Repeat("5", 40), dir},
				"no commit":      {"main", dir},
			} {
				if got, err := fresh.HashAt(t.Context(), of[0], of[1]); err != nil || !got.IsZero() {
					t.Errorf("%s: %s, %v", name, got, err)
				}
			}
		})
	}
}

func revisions(entries []gitstore.HistoryEntry) (out []string) {
	for _, e := range entries {
		out = append(out, e.Revision.String())
	}
	return out
}

// TestHistoryGrows: repeated calls include new commits, and notice that a branch was
// rewritten.
func TestHistoryGrows(t *testing.T) {
	for _, p := range places() {
		t.Run(p.name, func(t *testing.T) {
			repo := testenv.Bare(t, filepath.Join(t.TempDir(), "env.git"), 3)
			s := open(t, p.at(t, repo))
			const path = "envs/feature-00001"
			agrees := func() {
				t.Helper()
				if _, err := s.Snapshot(t.Context()); err != nil {
					t.Fatal(err)
				}
				got, err := s.History(t.Context(), path, 0)
				if err != nil {
					t.Fatal(err)
				}
				want := strings.Fields(testenv.Git(t, repo, "log", "--first-parent", "--format=%H", "main", "--", path))
				if fmt.Sprint(revisions(got)) != fmt.Sprint(want) {
					t.Errorf("got %v, want %v", revisions(got), want)
				}
			}
			agrees()
			for i := range 4 {
				change(t, s, write(path+"/staging.yaml", fmt.Sprint(i)))
				change(t, s, write("envs/feature-00002/staging.yaml", fmt.Sprint(i)))
				agrees()
			}
			testenv.Git(t, repo, "update-ref", "refs/heads/main", "main~3")
			agrees()
			change(t, s, write(path+"/staging.yaml", "again"))
			agrees()
		})
	}
}

// TestHistoryOfAShallowClone: the history ends where the clone does.
func TestHistoryOfAShallowClone(t *testing.T) {
	dir := t.TempDir()
	repo := testenv.Bare(t, filepath.Join(dir, "env.git"), 2)
	s := open(t, gitstore.Options{URL: repo})
	for i := range 6 {
		change(t, s, write("envs/x/f", fmt.Sprint(i)))
	}
	testenv.Git(t, dir, "clone", "-q", "--bare", "--depth=3", "file://"+repo, "shallow.git")
	shallow := filepath.Join(dir, "shallow.git")
	got, err := open(t, gitstore.Options{URL: shallow}).History(t.Context(), "envs/x", 0)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Fields(testenv.Git(t, shallow, "log", "--format=%H", "main", "--", "envs/x"))
	if len(want) != 3 || fmt.Sprint(revisions(got)) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", revisions(got), want)
	}
}

// TestHistoryIsFetchedOnce: a second call makes no request.
func TestHistoryIsFetchedOnce(t *testing.T) {
	dir := t.TempDir()
	repo := testenv.Bare(t, filepath.Join(dir, "env.git"), 2)
	change(t, open(t, gitstore.Options{URL: repo}), deploy(1, 1))
	server := testenv.ServeHTTP(t, dir)
	s := open(t, gitstore.Options{URL: server.URL + "/env.git"})
	for _, asked := range []bool{true, false} {
		server.Traffic()
		got, err := s.History(t.Context(), "envs/"+testenv.StagingName(1), 0)
		if err != nil || len(got) != 2 {
			t.Fatalf("%v, %v", got, err)
		}
		if requests, _, _ := server.Traffic(); (requests > 0) != asked {
			t.Errorf("%d requests", requests)
		}
	}
}

// TestWalkHistory: the walk follows first parents until the callback returns false,
// and ends where a shallow repository does.
func TestWalkHistory(t *testing.T) {
	for _, p := range places() {
		for _, keep := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/history=%v", p.name, keep), func(t *testing.T) {
				repo := testenv.Bare(t, filepath.Join(t.TempDir(), "env.git"), 2)
				o := p.at(t, repo)
				writer := open(t, o)
				for i := range 5 {
					change(t, writer, write("envs/feature-00000/staging.yaml", fmt.Sprint(i)))
				}
				o.History = keep
				snapshot, err := open(t, o).Snapshot(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				want := strings.Fields(testenv.Git(t, repo, "rev-list", "--first-parent", "main"))
				for most, want := range map[int][]string{3: want[:3], 100: want} {
					var got []string
					err := snapshot.WalkHistory(t.Context(), func(e gitstore.HistoryEntry) bool {
						got = append(got, e.Revision.String())
						return len(got) < most
					})
					if len(got) == 1 && !keep { // it has fetched no more
						want = want[:1]
					}
					if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
						t.Errorf("got %v, want %v: %v", got, want, err)
					}
				}
			})
		}
	}
}
