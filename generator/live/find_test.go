package live

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"octopod/generator/catalog"
	"octopod/generator/envrepo"
	"octopod/generator/gitstore"
	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/generator/status"
	"octopod/generator/testenv"
)

// countedRecords counts the lists that read every record.
type countedRecords struct {
	*status.Reader
	lists int
}

func (r *countedRecords) Find(ctx context.Context, q staging.Query) ([]staging.View, error) {
	r.lists++
	return r.Reader.Find(ctx, q)
}

func (r *countedRecords) AddPending(context.Context, []staging.View) error { return nil }

// sampleRepo is an env repo with the sample project of this repository and copies of one of
// its stagings.
func sampleRepo(t *testing.T, names ...string) *envrepo.Repo {
	t.Helper()
	path := filepath.Join(t.TempDir(), "env.git")
	if err := gitstore.InitBare(t.Context(), path, "main"); err != nil {
		t.Fatal(err)
	}
	store, err := gitstore.Open(t.Context(), gitstore.Options{URL: path, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	repo := envrepo.New(store)
	data, err := os.ReadFile("../../" + project.File)
	if err != nil {
		t.Fatal(err)
	}
	write := []staging.File{{Path: project.File, Data: data}}
	for _, name := range names {
		write = append(write, sampleRecord(t, name))
	}
	commitFiles(t, repo, write...)
	return repo
}

func sampleRecord(t *testing.T, name string) staging.File {
	t.Helper()
	records, err := filepath.Glob("../../envs/*/staging.yaml")
	if err != nil || len(records) == 0 {
		t.Fatalf("%v %v", records, err)
	}
	text, err := os.ReadFile(records[0])
	if err != nil {
		t.Fatal(err)
	}
	of := filepath.Base(filepath.Dir(records[0]))
	return staging.File{Path: staging.RecordPath(name), Data: []byte(strings.Replace(string(text), "name: "+of, "name: "+name, 1))}
}

func commitFiles(t *testing.T, repo *envrepo.Repo, write ...staging.File) {
	t.Helper()
	edit := envrepo.Edit{Write: write, By: staging.Person{Name: "Ada", Email: "ada@example.com"}}
	if _, err := repo.Change(t.Context(), func(context.Context, *envrepo.Tree) (envrepo.Edit, error) { return edit, nil }); err != nil {
		t.Fatal(err)
	}
}

// A list comes from the feed once that shows the tip: reading every record again makes a
// list of 10,000 slow. A page holds what the caller may read, in the order of names.
func TestListsReadNoRecords(t *testing.T) {
	repo := sampleRepo(t, "d", "b", "a", "c")
	records := &countedRecords{Reader: status.New(&catalog.Catalog{Repo: repo, Now: time.Now}, nil)}
	feed := NewFeed(New(records.Reader), time.Now)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { feed.Run(ctx) })
	defer running.Wait()
	defer stop()
	atTip := func() {
		t.Helper()
		testenv.Eventually(t, "the feed shows the tip", func() (string, bool) {
			tree, err := repo.Tip(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, current := feed.viewsAt(tree.Revision())
			return tree.Revision(), current
		})
	}
	list := func(q staging.Query) string {
		t.Helper()
		q.All = true
		views, err := feed.Find(t.Context(), records, q, func(name string) bool { return name != "c" })
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, v := range views {
			names = append(names, v.Metadata.Name)
			if v.Status.Revision == "" || v.Status.URL == "" || v.Status.Changed != nil {
				t.Errorf("%s: %+v", v.Metadata.Name, v.Status)
			}
		}
		return strings.Join(names, " ")
	}
	atTip()
	for _, want := range []struct {
		q     staging.Query
		names string
	}{
		{staging.Query{}, "a b d"}, {staging.Query{Limit: 2}, "a b"}, {staging.Query{After: "b", Limit: 2}, "d"}, {staging.Query{After: "d"}, ""},
		{staging.Query{Selector: staging.Selector{{Field: "name", Value: "d"}}}, "d"},
	} {
		if got := list(want.q); got != want.names {
			t.Errorf("%+v: %q, want %q", want.q, got, want.names)
		}
	}
	if records.lists != 0 {
		t.Errorf("%d lists read every record", records.lists)
	}
	for _, name := range []string{"e", "f"} { // the list includes a commit that the feed does not show yet
		commitFiles(t, repo, sampleRecord(t, name))
		if got := strings.Fields(list(staging.Query{})); !slices.Contains(got, name) {
			t.Errorf("without %s: %v", name, got)
		}
		if got := list(staging.Query{After: "d"}); !strings.HasSuffix(got, name) {
			t.Errorf("a page without %s: %s", name, got)
		}
		atTip()
	}
}
