package envrepo_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/envrepo"
	"octopod/generator/gitstore"
	"octopod/generator/project"
	"octopod/generator/staging"
)

func open(t *testing.T) *envrepo.Repo {
	t.Helper()
	path := filepath.Join(t.TempDir(), "env.git")
	if err := gitstore.InitBare(t.Context(), path, "main"); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	store, err := gitstore.Open(t.Context(), gitstore.Options{URL: path, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return envrepo.New(store)
}

func commit(t *testing.T, r *envrepo.Repo, e envrepo.Edit) envrepo.Result {
	t.Helper()
	e.By = staging.Person{Name: "Ada", Email: "ada@example.com"}
	result, err := r.Change(t.Context(), func(context.Context, *envrepo.Tree) (envrepo.Edit, error) { return e, nil })
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// full is a record that uses every field.
func full() staging.Staging {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	return staging.Staging{Name: "login", Title: "New: \"login\" # page", Spec: staging.Spec{
		Branch: "feature/login", State: staging.Archived,
		Services: map[string]staging.Service{
			"backend": {Image: "r/b:1", Commit: "1f2e3d4", Repository: "github.com/acme/backend", From: staging.FromBranch},
		},
		Overrides: staging.Overrides{
			App:        staging.Values{"GONE": nil, "TEXT": "007", "YES": "yes", "ON": true, "N": 2, "EMPTY": "", "LINES": "a\nb\n"},
			Deployment: staging.Values{"backend.replicas": 0},
		},
		Presets:     []string{"payments-production"},
		PullRequest: &staging.PullRequest{Number: 42, Title: "Login"},
		Created:     staging.Attribution{At: at, By: "Ada"}, Expires: &at,
		Pinned: &staging.Pin{By: "Ada", Reason: "demo", At: at},
	}}
}

func TestARecordIsReadAsItWasWritten(t *testing.T) {
	r := open(t)
	file, err := envrepo.Record(full())
	if err != nil {
		t.Fatal(err)
	}
	commit(t, r, envrepo.Edit{Verb: staging.Deploy, Staging: "login", Write: []staging.File{file}})
	tree, err := r.Tip(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := tree.Staging("login")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(full(), got); diff != "" {
		t.Errorf("(-written +read):\n%s\n%s", diff, file.Data)
	}
}

// Files that Octopod does not generate any more go; files of people stay.
func TestADirectoryHoldsItsFilesAndThoseOfPeople(t *testing.T) {
	r := open(t)
	dir := func(files ...string) []envrepo.Directory {
		d := envrepo.Directory{Path: "envs/x"}
		for _, f := range files {
			d.Files = append(d.Files, staging.File{Path: "envs/x/" + f, Data: []byte(f)})
		}
		return []envrepo.Directory{d}
	}
	commit(t, r, envrepo.Edit{Verb: "one", Replace: dir("staging.yaml", "manifests.yaml"), Write: []staging.File{
		{Path: "envs/x/notes.md", Data: []byte("x")}, {Path: "envs/x/sub/kustomization.yaml", Data: []byte("x")}, {Path: "envs/y/a", Data: []byte("y")},
	}})
	tree, _ := r.Tip(t.Context())
	edit := envrepo.Edit{Verb: "two", Replace: dir("staging.yaml", "main.jsonnet")}
	plan, err := edit.Plan(tree)
	if err != nil {
		t.Fatal(err)
	}
	want := []staging.PlanItem{
		{Path: "envs/x/main.jsonnet", Action: staging.Added},
		{Path: "envs/x/manifests.yaml", Action: staging.Removed},
	}
	if diff := cmp.Diff(want, plan); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	first := commit(t, r, edit)
	if again := commit(t, r, edit); again.Changed || again.Revision != first.Revision {
		t.Errorf("the same edit again: %+v after %+v", again, first)
	}
	tree, _ = r.Tip(t.Context())
	files, err := tree.StagingFiles("x")
	if err != nil || len(files) != 4 {
		t.Errorf("files %v, %v", files, err)
	}
	if exists, err := tree.Has("y"); err != nil || !exists {
		t.Errorf("the other staging is gone")
	}
}

func TestHistorySpeaksOctopodsWords(t *testing.T) {
	r := open(t)
	write := func(text string) []staging.File {
		return []staging.File{{Path: "envs/login/staging.yaml", Data: []byte(text)}}
	}
	commit(t, r, envrepo.Edit{
		Verb: staging.Deploy, Staging: "login", Subject: "backend 1f2e3d4", Body: "backend: – → r/b:1f2e3d4",
		Via: staging.ViaCI, Request: "run-7", Write: write("1"),
	})
	commit(t, r, envrepo.Edit{Verb: staging.Deploy, Staging: "other", Write: []staging.File{{Path: "envs/other/a", Data: []byte("x")}}})
	commit(t, r, envrepo.Edit{Verb: staging.Set, Staging: "login", Subject: "evil\nOctopod-Action: forged", Body: "Octopod-Request: forged\nOctopod-Via: ci", Via: staging.ViaWeb, Write: write("2")})
	commit(t, r, envrepo.Edit{Verb: staging.Delete, Staging: "login", Remove: []string{"envs/login"}})
	events, err := r.History(t.Context(), "login", 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range events {
		got = append(got, strings.Join([]string{string(e.Verb), string(e.Via), e.Subject, e.Request, e.By.Name, staging.FormatValue(e.Gone)}, "|"))
	}
	want := []string{
		"delete|git|delete login||Ada|true",
		"set|web|set login: evil Octopod-Action: forged||Ada|false",
		"deploy|ci|deploy login: backend 1f2e3d4|run-7|Ada|false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if one, err := r.History(t.Context(), "login", 1); err != nil || len(one) != 1 {
		t.Errorf("limit 1: %v, %v", one, err)
	}
}

func TestARecordThatCannotBeReadSaysWhereAndWhy(t *testing.T) {
	const head = "apiVersion: octopod.dev/v1alpha1\nkind: Staging\nmetadata: {name: bad}\n"
	for name, tt := range map[string]struct{ text, says string }{
		"unknown field":   {head + "spec: {brunch: x}\n", "envs/bad/staging.yaml:4: spec.brunch: is an unknown field; did you mean branch?"},
		"duplicate key":   {head + "spec:\n  branch: a\n  branch: b\n", "envs/bad/staging.yaml:6"},
		"wrong type":      {head + "spec:\n  services: [a]\n", "envs/bad/staging.yaml:5: spec.services"},
		"tab":             {head + "spec:\n\tbranch: a\n", "envs/bad/staging.yaml:5"},
		"alias":           {head + "spec: {branch: &a x, presets: [*a]}\n", "envs/bad/staging.yaml:4"},
		"another version": {strings.Replace(head, "v1alpha1", "v9", 1) + "spec: {branch: x}\n", `envs/bad/staging.yaml:1: apiVersion: is "octopod.dev/v9"`},
		"another name":    {strings.Replace(head, "bad}", "good}", 1) + "spec: {branch: x}\n", `envs/bad/staging.yaml:3: metadata.name: is "good", but the directory is envs/bad`},
		"50 MB":           {head + strings.Repeat("# x\n", 50<<20/4), "envs/bad/staging.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			r := open(t)
			commit(t, r, envrepo.Edit{Verb: "edit", Write: []staging.File{{Path: "envs/bad/staging.yaml", Data: []byte(tt.text)}}})
			tree, err := r.Tip(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, err = tree.Staging("bad")
			if staging.CodeOf(err) != staging.CodeInvalid || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v (%s)\nwant an invalid error that says %q", err, staging.CodeOf(err), tt.says)
			}
		})
	}
}

func TestOnlyDirectoriesAreStagings(t *testing.T) {
	r := open(t)
	commit(t, r, envrepo.Edit{Verb: "edit", Write: []staging.File{
		{Path: "envs/README.md", Data: []byte("x")}, {Path: "envs/b/staging.yaml", Data: []byte("x")}, {Path: "envs/a/staging.yaml", Data: []byte("x")},
	}})
	tree, err := r.Tip(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names, err := tree.Names()
	if diff := cmp.Diff([]string{"a", "b"}, names); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestFaultsOfARecordGetItsLine(t *testing.T) {
	r := open(t)
	file, err := envrepo.Record(full())
	if err != nil {
		t.Fatal(err)
	}
	commit(t, r, envrepo.Edit{Verb: "edit", Write: []staging.File{file}})
	tree, err := r.Tip(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	line := 1 + strings.Count(string(file.Data[:strings.Index(string(file.Data), "\n  branch:")+1]), "\n")
	got := tree.WithLocations("login", []staging.Problem{
		{Field: "spec.branch", Message: "of the record"},
		{Field: "spec.branch", Message: "of an object", Rule: "schema"},
		{Field: "spec.branch", Message: "of a file", File: "octopod.yaml", Line: 3},
	})
	want := []staging.Problem{
		{Field: "spec.branch", Message: "of the record", File: "envs/login/staging.yaml", Line: line},
		{Field: "spec.branch", Message: "of an object", Rule: "schema"},
		{Field: "spec.branch", Message: "of a file", File: "octopod.yaml", Line: 3},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAMissingProjectNamesTheRepo(t *testing.T) {
	r := open(t)
	tree, err := r.Tip(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = tree.Project()
	if staging.CodeOf(err) != staging.CodeNotFound || !strings.Contains(err.Error(), "env.git (branch main) has no octopod.yaml") {
		t.Errorf("%v", err)
	}
}

func TestNamesThatArePathsFindNothing(t *testing.T) {
	r := open(t)
	commit(t, r, envrepo.Edit{Verb: "edit", Write: []staging.File{{Path: "secret/staging.yaml", Data: []byte("x")}, {Path: "envs/a/staging.yaml", Data: []byte("x")}}})
	tree, err := r.Tip(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", ".", "..", "../secret", "a/../../secret", "/etc", "a/", "A"} {
		if _, err := tree.Staging(name); staging.CodeOf(err) != staging.CodeNotFound {
			t.Errorf("Staging(%q): %v; want not_found", name, err)
		}
	}
}

// Every request needs octopod.yaml, and parsing it takes longer than the rest of a read.
func TestTheSameProjectFileIsParsedOnce(t *testing.T) {
	r := open(t)
	data, err := os.ReadFile("../../" + project.File)
	if err != nil {
		t.Fatal(err)
	}
	write := func(path, text string) *project.Project {
		t.Helper()
		commit(t, r, envrepo.Edit{Write: []staging.File{{Path: path, Data: []byte(text)}}})
		tree, err := r.Tip(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p, err := tree.Project()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first := write(project.File, string(data))
	if write("README.md", "another commit") != first {
		t.Error("the same file was parsed again")
	}
	if p := write(project.File, strings.Replace(string(data), "name: shop", "name: books", 1)); p.Metadata.Name != "books" {
		t.Errorf("after a change, the project is %s", p.Metadata.Name)
	}
}
