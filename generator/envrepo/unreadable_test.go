package envrepo_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"octopod/generator/envrepo"
	"octopod/generator/gitstore"
	"octopod/generator/staging"
)

// unreadable returns a tree whose objects can no longer be read.
func unreadable(t *testing.T) *envrepo.Tree {
	t.Helper()
	path := filepath.Join(t.TempDir(), "env.git")
	if err := gitstore.InitBare(t.Context(), path, "main"); err != nil {
		t.Fatal(err)
	}
	write := func() *envrepo.Repo {
		store, err := gitstore.Open(t.Context(), gitstore.Options{URL: path})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		return envrepo.New(store)
	}
	commit(t, write(), envrepo.Edit{Verb: staging.Create, Staging: "login",
		Write: []staging.File{{Path: "envs/login/staging.yaml", Data: []byte("a\n")}, {Path: "envs/login/other.yaml", Data: []byte("b\n")}}})
	tree, err := write().Tip(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	packs, err := filepath.Glob(filepath.Join(path, "objects", "pack", "*.pack"))
	if err != nil || len(packs) != 1 {
		t.Fatal(packs, err)
	}
	if err := errors.Join(os.Chmod(packs[0], 0o600), os.Truncate(packs[0], 0)); err != nil {
		t.Fatal(err)
	}
	return tree
}

// TestUnreadableIsNotMissing: a read error is not reported as a missing staging, and
// no file is planned as new or left out because the tree cannot be read.
func TestUnreadableIsNotMissing(t *testing.T) {
	t.Run("Staging", func(t *testing.T) {
		if _, err := unreadable(t).Staging("login"); err == nil || staging.CodeOf(err) == staging.CodeNotFound {
			t.Errorf("got %v", err)
		}
	})
	file := staging.File{Path: "envs/login/other.yaml", Data: []byte("b\n")}
	for name, edit := range map[string]envrepo.Edit{
		"Remove": {Remove: []string{file.Path}},
		"Write":  {Write: []staging.File{file}},
	} {
		t.Run(name, func(t *testing.T) {
			if plan, err := edit.Plan(unreadable(t)); err == nil {
				t.Errorf("the plan is %v", plan)
			}
		})
	}
}
