package gitstore_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"octopod/generator/gitstore"
	"octopod/generator/testenv"
)

// remembering opens a store on a git server that it has fetched from.
func remembering(t *testing.T, options gitstore.Options) (*gitstore.Store, *testenv.HTTPServer, string) {
	t.Helper()
	dir := t.TempDir()
	bare := testenv.Bare(t, filepath.Join(dir, "env.git"), 40)
	server := testenv.ServeHTTP(t, dir)
	options.URL, options.AllowPlainHTTP, options.History = server.URL+"/env.git", true, true
	store, err := gitstore.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if _, err := store.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	return store, server, bare
}

// Everything of the tip and its history can be read while the git server hangs.
func TestReadsFromMemoryDoNotWaitForAGitServerThatHangs(t *testing.T) {
	store, server, bare := remembering(t, gitstore.Options{})
	clone := testenv.WorkTree(t, bare, filepath.Join(t.TempDir(), "clone"))
	testenv.WriteFile(t, clone, "envs/feature-00001/manifests.yaml", "kind: Other\n")
	testenv.WriteFile(t, clone, "envs/new/manifests.yaml", "kind: New\n")
	testenv.Git(t, clone, "add", ".")
	testenv.Git(t, clone, "commit", "--quiet", "-m", "by hand")
	testenv.Git(t, clone, "push", "--quiet")
	if _, err := store.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.Intercept(testenv.Hang)
	ctx, cancel := context.WithTimeout(gitstore.FromMemory(t.Context()), 5*time.Second)
	defer cancel()
	snapshot, err := store.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"envs/feature-00001/manifests.yaml": "kind: Other\n", "envs/new/manifests.yaml": "kind: New\n"} {
		if data, err := snapshot.ReadFile(path); err != nil || string(data) != want {
			t.Errorf("%s: %q, %v", path, data, err)
		}
	}
	for i := range 40 {
		for _, f := range testenv.Staging(i, 0) {
			if _, err := snapshot.ReadFile(f.Path); err != nil {
				t.Fatal(err)
			}
		}
	}
	if events, err := store.History(ctx, "envs/feature-00001", 0); err != nil || len(events) != 2 {
		t.Errorf("history: %d, %v", len(events), err)
	}
	if at, err := store.At(ctx, snapshot.Revision().String()); err != nil || at.Revision() != snapshot.Revision() {
		t.Errorf("at its own revision: %v", err)
	}
	if ctx.Err() != nil {
		t.Error("the reads waited")
	}
}

// A read from memory sees what this store pushed, although nothing was fetched since.
func TestReadsFromMemorySeeOwnCommits(t *testing.T) {
	store, server, _ := remembering(t, gitstore.Options{Committer: gitstore.Identity{Name: "O", Email: "o@example.com"}})
	done, err := store.Change(t.Context(), func(context.Context, *gitstore.Snapshot) (gitstore.Commit, error) {
		return gitstore.Commit{Message: "m", Changes: []gitstore.Change{{Path: "envs/mine/staging.yaml", Data: []byte("x")}}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	server.Intercept(testenv.Hang)
	ctx := gitstore.FromMemory(t.Context())
	snapshot, err := store.Snapshot(ctx)
	if err != nil || snapshot.Revision() != done.Revision {
		t.Fatalf("%s, %v; want %s", snapshot.Revision(), err, done.Revision)
	}
	if data, err := snapshot.ReadFile("envs/mine/staging.yaml"); err != nil || string(data) != "x" {
		t.Errorf("%q, %v", data, err)
	}
	if events, err := store.History(ctx, "envs/mine", 0); err != nil || len(events) != 1 {
		t.Errorf("history: %v, %v", events, err)
	}
}
