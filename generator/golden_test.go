package generator_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// kept lists the generated files of this repository.
var kept = []string{project.File, ".octopod", "argocd", "envs"}

// This repository is itself an env repo: octopod.yaml, .octopod and envs are
// exactly the files that `octopod init` and three deploys write. The test fails on
// differences and on extra files.
func TestThisRepositoryIsWhatOctopodWrites(t *testing.T) {
	const root = ".."
	w := shop(t, project.EngineKustomize, project.OutputSource)
	for _, a := range samples() {
		w.do(a)
	}
	want := map[string]string{}
	for _, dir := range kept {
		collect(t, w.tip(), dir, want)
	}
	if *update {
		rewrite(t, root, want)
		return
	}
	got := map[string]string{}
	for _, dir := range kept {
		collect(t, os.DirFS(root), dir, got)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("run `make golden` and commit what it changes (-generated +committed):\n%s", diff)
	}
}

// samples are the three stagings under envs.
func samples() []staging.Action {
	image := func(service, tag string) map[string]staging.Build {
		return map[string]staging.Build{service: {Image: "registry.example.com/shop/" + service + ":" + tag, Commit: tag + "0c4e9d2b7a6f5e8c1d3b4a5f6e7d8c9b0"}}
	}
	title := "New login page"
	return []staging.Action{
		{Verb: staging.Deploy, Branch: "main"},
		{
			Verb: staging.Deploy, Branch: "feature/login", Title: &title, Images: image("frontend", "1f2e3d4"),
			PullRequest: &staging.PullRequest{Number: 42, URL: "https://github.com/acme/shop-frontend/pull/42", Title: title, Author: "ada"},
			Set:         map[string]string{"LOG_LEVEL": "debug", "backend.replicas": "2"}, Absent: []string{"LEGACY_FLAG"},
			Presets: []string{"payments-production"},
		},
		{Verb: staging.Deploy, Branch: "fix/Old_Checkout", Images: image("backend", "77aa0b1")},
		{Verb: staging.Archive, Name: "old-checkout"},
	}
}

func collect(t testing.TB, from fs.FS, dir string, into map[string]string) {
	t.Helper()
	err := fs.WalkDir(from, dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(from, name)
		into[name] = string(data)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
}

func rewrite(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for _, dir := range kept[1:] {
		if err := os.RemoveAll(filepath.Join(root, dir)); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
