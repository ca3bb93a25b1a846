package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"octopod/generator/gitstore"
	"octopod/generator/giturl"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// envRepo is the env repo's address: as set, else the work tree around the
// current directory; "" when there is neither.
func (c *cli) envRepo() string {
	if c.settings.envRepo != "" || c.settings.server != "" {
		return c.settings.envRepo
	}
	root := gitRoot()
	if _, err := os.Stat(filepath.Join(root, project.File)); root == "" || err != nil {
		return ""
	}
	return root
}

// gitRoot is the root of the git work tree around the current directory.
func gitRoot() string {
	dir, err := os.Getwd()
	for err == nil {
		if exists(filepath.Join(dir, ".git")) {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			break
		}
		dir = up
	}
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// branch is the env repo's branch: as set, else the one that is checked out
// where the env repo is a clone on this machine, or its detached commit; else main.
func (c *cli) branch(repo string) (string, error) {
	dot := filepath.Join(repo, ".git")
	if c.settings.ref != "" || giturl.IsRemote(repo) || !exists(dot) {
		return c.settings.ref, nil
	}
	if data, err := os.ReadFile(dot); err == nil { // of `git worktree`: a file that names the directory
		dir := strings.TrimSpace(strings.TrimPrefix(string(data), "gitdir: "))
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(repo, dir)
		}
		dot = dir
	}
	head, err := os.ReadFile(filepath.Join(dot, "HEAD"))
	if err != nil {
		return "", nil // the git store says what is wrong with it
	}
	branch, ok := strings.CutPrefix(strings.TrimSpace(string(head)), "ref: refs/heads/")
	if !ok {
		return gitstore.Detached, nil
	}
	return branch, nil
}

// workTree is the env repo's work tree, "" where it has none.
func (c *cli) workTree() string {
	repo := c.envRepo()
	if c.settings.server != "" || repo == "" || giturl.IsRemote(repo) || !exists(filepath.Join(repo, ".git")) {
		return ""
	}
	return repo
}

// noteLocal says that a commit went to a clone on this machine, which nobody
// else sees before it is pushed.
func (c *cli) noteLocal() {
	config, err := os.ReadFile(filepath.Join(c.workTree(), ".git", "config"))
	if err == nil && c.workTree() != "" && strings.Contains(string(config), `[remote "`) {
		c.note("committed to this clone: `git push` hands it to Argo CD")
	}
}

// uncommitted is what lies in the env repo's work tree and not in git yet; nil
// without a work tree, or when another branch than its own is asked for.
func (c *cli) uncommitted(ctx context.Context, to maintainer) (*staging.Uncommitted, error) {
	dir := c.workTree()
	if dir == "" || c.settings.ref != "" {
		return nil, nil
	}
	return to.Uncommitted(ctx, os.DirFS(dir))
}

// addCommitted adds the flag of verbs that look at uncommitted files.
func addCommitted(cmd *cobra.Command, committed *bool) {
	cmd.Flags().BoolVar(committed, "committed", false, "in a clone: read committed files only, not your edits")
}

// edits is what a verb looks at beside what is committed, having said so.
func (c *cli) edits(ctx context.Context, to maintainer, committed bool) (*staging.Uncommitted, error) {
	if committed {
		return nil, nil
	}
	edits, err := c.uncommitted(ctx, to)
	if names := edits.Names(); len(names) > 0 {
		c.note("looked at as edited, though not committed: %s", firstFew(names))
	}
	return edits, err
}

// noteUncommitted names files of a work tree that were edited and not committed:
// a verb that commits does not look at them.
func (c *cli) noteUncommitted(ctx context.Context, to maintainer) {
	edits, err := c.uncommitted(ctx, to)
	if names := edits.Names(); err == nil && len(names) > 0 { // the answer does not depend on it
		c.note("not looked at, because not committed: %s", firstFew(names))
	}
}

// firstFew lists the first of many names.
func firstFew(names []string) string {
	const most = 3
	shown := strings.Join(names[:min(len(names), most)], ", ")
	if len(names) > most {
		shown += fmt.Sprintf(" and %d more", len(names)-most)
	}
	return shown
}
