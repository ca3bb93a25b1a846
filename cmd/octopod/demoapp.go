package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"octopod/generator/gitstore"
)

// demoBranch is a branch of the demo's application.
type demoBranch struct {
	name    string
	author  gitstore.Identity
	subject string
	commit  string
}

// demoBranches returns the branches of the application; the first is main.
func demoBranches() []demoBranch {
	ada := gitstore.Identity{Name: "Ada Lovelace", Email: "ada@example.com"}
	grace := gitstore.Identity{Name: "Grace Hopper", Email: "grace@example.com"}
	return []demoBranch{
		{name: "main", author: ada, subject: "A web shop"},
		{name: "feature/login", author: ada, subject: "Log in with a passkey"},
		{name: "feature/search", author: grace, subject: "Search while typing"},
		{name: "fix/cart-total", author: grace, subject: "Count shipping once"},
	}
}

// demoEnv returns the environment for the demo: the variables of the machine and
// the terminal, without those of a CI run.
func demoEnv(env environ) environ {
	own := environ{}
	for _, name := range []string{"HOME", "PATH", "USER", "LOGNAME", "TMPDIR", "TERM", "COLUMNS", "NO_COLOR", "LANG", "LC_ALL", "XDG_CONFIG_HOME"} {
		if value, ok := env[name]; ok {
			own[name] = value
		}
	}
	return own
}

func makeRepo(ctx context.Context, path string) error { return gitstore.InitBare(ctx, path, "main") }

// makeApp creates the application's repository, with a commit on every branch.
func makeApp(ctx context.Context, path string, now func() time.Time) ([]demoBranch, error) {
	if err := makeRepo(ctx, path); err != nil {
		return nil, err
	}
	branches := demoBranches()
	for i := range branches {
		if i > 0 {
			if err := startBranch(path, branches[i].name, branches[0].commit); err != nil {
				return nil, err
			}
		}
		b, err := commitTo(ctx, path, branches[i], branches[i].subject, now)
		if err != nil {
			return nil, err
		}
		branches[i] = b
	}
	return branches, nil
}

// startBranch creates a branch, like `git branch NAME COMMIT`.
func startBranch(repo, name, commit string) error {
	file := filepath.Join(repo, "refs", "heads", filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("making branch %s: %w", name, err)
	}
	if err := os.WriteFile(file, []byte(commit+"\n"), 0o644); err != nil {
		return fmt.Errorf("making branch %s: %w", name, err)
	}
	return nil
}

// commitTo adds a commit to a branch of the application.
func commitTo(ctx context.Context, repo string, b demoBranch, subject string, now func() time.Time) (_ demoBranch, err error) {
	store, err := gitstore.Open(ctx, gitstore.Options{URL: repo, Branch: b.name, Committer: b.author, Now: now})
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	done, err := store.Change(ctx, func(context.Context, *gitstore.Snapshot) (gitstore.Commit, error) {
		return gitstore.Commit{Author: b.author, Message: subject, Changes: []gitstore.Change{
			{Path: "CHANGES.md", Data: []byte(subject + "\n")},
		}}, nil
	})
	b.subject, b.commit = subject, done.Revision.String()
	return b, err
}
