package gitstore_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/gitstore"
	"octopod/generator/testenv"
)

// TestHeads: ListRefs returns all branches over every kind of connection, with loose
// and packed references, and no tags.
func TestHeads(t *testing.T) {
	dir := t.TempDir()
	app := filepath.Join(dir, "app.git")
	testenv.Git(t, dir, "init", "--bare", "--initial-branch", "main", app)
	tree := testenv.Git(t, app, "hash-object", "-w", "-t", "tree", "/dev/null")
	first := testenv.Git(t, app, "commit-tree", "-m", "first", tree)
	second := testenv.Git(t, app, "commit-tree", "-m", "second", "-p", first, tree)
	for branch, at := range map[string]string{"main": first, "feature/login": first, "feature/gone": first} {
		testenv.Git(t, app, "update-ref", "refs/heads/"+branch, at)
	}
	testenv.Git(t, app, "pack-refs", "--all")
	testenv.Git(t, app, "update-ref", "refs/heads/feature/login", second)
	testenv.Git(t, app, "update-ref", "-d", "refs/heads/feature/gone")
	testenv.Git(t, app, "update-ref", "refs/tags/feature/login", first)
	want := map[string]string{"main": first, "feature/login": second}
	for _, url := range []string{app, "file://" + app, testenv.ServeHTTP(t, dir).URL + "/app.git"} {
		known, err := gitstore.ListRefs(t.Context(), gitstore.Options{URL: url, AllowPlainHTTP: true})
		if err != nil {
			t.Errorf("%s: %v", url, err)
		}
		if diff := cmp.Diff(want, known.Heads); diff != "" {
			t.Errorf("%s: %s", url, diff)
		}
	}
}

// TestPullRequestsAreListed: ListRefs returns pull requests of all forges, open or
// closed.
func TestPullRequestsAreListed(t *testing.T) {
	for _, p := range places() {
		t.Run(p.name, func(t *testing.T) {
			repo := testenv.Bare(t, filepath.Join(t.TempDir(), "app.git"), 1)
			for _, ref := range []string{
				"refs/pull/42/head", "refs/pull/42/merge", "refs/merge-requests/7/head", "refs/pull-requests/3/from", "refs/pull/none/head", "refs/heads/feature/a",
			} {
				testenv.Git(t, repo, "update-ref", ref, "main")
			}
			o := p.at(t, repo)
			o.AllowPlainHTTP = true
			known, err := gitstore.ListRefs(t.Context(), o)
			if err != nil || len(known.Heads) != 2 {
				t.Fatal(known, err)
			}
			remote := strings.Contains(o.URL, "://") && !strings.HasPrefix(o.URL, "file:")
			if got := slices.Sorted(maps.Keys(known.Pulls)); remote && !slices.Equal(got, []int{3, 7, 42}) || known.Pulls[42] != map[bool]string{true: known.Heads["main"]}[remote] {
				t.Errorf("pull requests %v", known.Pulls)
			}
		})
	}
}
