package main

import (
	"cmp"
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

// envRepo returns the env repo's address from the settings, else the work tree
// around the current directory, else "".
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

// gitRoot returns the root of the git work tree around the current directory.
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

// branch returns the env repo's branch: the setting, else the checked-out branch or
// detached commit of a clone on this machine, or the branch of HEAD of a bare repository
// without main, else "" for main.
func (c *cli) branch(repo string) (string, error) {
	switch {
	case c.settings.ref != "" || giturl.IsRemote(repo):
		return c.settings.ref, nil
	case exists(filepath.Join(repo, ".git")):
		return checkedOut(repo)
	case hasBranch(repo, gitstore.DefaultBranch):
		return "", nil
	}
	head, err := os.ReadFile(filepath.Join(repo, "HEAD"))
	if err != nil {
		return "", nil // opening the repository reports the fault
	}
	branch, _ := strings.CutPrefix(strings.TrimSpace(string(head)), "ref: refs/heads/")
	return branch, nil
}

// hasBranch reports whether a bare repository has a branch.
func hasBranch(repo, branch string) bool {
	packed, _ := os.ReadFile(filepath.Join(repo, "packed-refs"))
	return exists(filepath.Join(repo, "refs", "heads", branch)) || strings.Contains(string(packed), " refs/heads/"+branch+"\n")
}

// checkedOut returns the checked-out branch of a clone, or gitstore.Detached. It is ""
// for what is no clone.
func checkedOut(repo string) (string, error) {
	dot := filepath.Join(repo, ".git")
	if data, err := os.ReadFile(dot); err == nil { // a linked worktree: the file contains the git directory
		dir := strings.TrimSpace(strings.TrimPrefix(string(data), "gitdir: "))
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(repo, dir)
		}
		dot = dir
	}
	head, err := os.ReadFile(filepath.Join(dot, "HEAD"))
	if err != nil {
		return "", nil // opening the repository reports the fault
	}
	branch, ok := strings.CutPrefix(strings.TrimSpace(string(head)), "ref: refs/heads/")
	if !ok {
		return gitstore.Detached, nil
	}
	return branch, nil
}

// workTree returns the env repo's work tree, "" if it has none.
func (c *cli) workTree() string {
	repo := c.envRepo()
	if c.settings.server != "" || repo == "" || giturl.IsRemote(repo) || !exists(filepath.Join(repo, ".git")) {
		return ""
	}
	return repo
}

// noteLocal prints a note if the commit is in a clone on this machine: Argo CD does
// not have it before a push.
func (c *cli) noteLocal() {
	config, err := os.ReadFile(filepath.Join(c.workTree(), ".git", "config"))
	if err == nil && c.workTree() != "" && strings.Contains(string(config), `[remote "`) {
		c.note("committed to this clone only: run `git push` for Argo CD")
	}
}

// clone returns the work tree around the current directory if it is a clone of the env
// repo, which the settings may name by its remote address; "" otherwise.
func (c *cli) clone() string {
	here, named := gitRoot(), c.settings.envRepo
	if c.settings.server != "" || named == "" || here == "" || !exists(filepath.Join(here, project.File)) || !isCloneOf(here, named) {
		return ""
	}
	return here
}

// isCloneOf reports whether a directory is the named repository, or has it as a remote.
func isCloneOf(dir, named string) bool {
	config, _ := os.ReadFile(filepath.Join(dir, ".git", "config"))
	path, _ := filepath.Abs(named)
	if path == dir {
		return true
	}
	for line := range strings.Lines(string(config)) {
		url, isURL := strings.CutPrefix(strings.TrimSpace(line), "url = ")
		if isURL && (url == named || url == path || giturl.IsRemote(named) && giturl.SameRepository(url, named)) {
			return true
		}
	}
	return false
}

// readUncommitted returns the uncommitted files of the env repo's work tree; nil without
// a work tree, or with --ref. In a clone of a remote env repo, the files of the clone
// count: they lie before the reader's eyes.
func (c *cli) readUncommitted(ctx context.Context, to maintainer) (*staging.Uncommitted, error) {
	dir := cmp.Or(c.workTree(), c.clone())
	if dir == "" || c.settings.ref != "" {
		return nil, nil
	}
	if err := c.checkBranch(dir); err != nil {
		return nil, err
	}
	return to.Uncommitted(ctx, os.DirFS(dir))
}

// checkBranch rejects a clone of a remote env repo with another branch checked out than
// the one that the verb reads.
func (c *cli) checkBranch(dir string) error {
	if dir != c.clone() || dir == c.workTree() {
		return nil
	}
	branch, err := checkedOut(dir)
	if err != nil || branch == "" || branch == gitstore.DefaultBranch {
		return err
	}
	return staging.Errorf(staging.CodeInvalid, "your clone has %s checked out, and the env repo is read at %s", branch, gitstore.DefaultBranch).
		WithHint("--ref %s reads your branch; --committed reads the env repo without your files", branch)
}

// addCommitted adds --committed, for verbs that read uncommitted files.
func addCommitted(cmd *cobra.Command, committed *bool) {
	cmd.Flags().BoolVar(committed, "committed", false, "in a clone: read committed files only, not your edits")
}

// uncommittedEdits returns the uncommitted files that a verb reads, and prints their names.
func (c *cli) uncommittedEdits(ctx context.Context, to maintainer, committed bool) (*staging.Uncommitted, error) {
	if committed {
		return nil, nil
	}
	edits, err := c.readUncommitted(ctx, to)
	if names := edits.Names(); len(names) > 0 {
		c.note("read with your uncommitted edits: %s", firstFew(names))
	}
	return edits, err
}

// noteUncommitted prints the names of uncommitted files. A verb that commits ignores
// them.
func (c *cli) noteUncommitted(ctx context.Context, to maintainer) {
	edits, err := c.readUncommitted(ctx, to)
	if names := edits.Names(); err == nil && len(names) > 0 { // an error does not affect the result
		c.note("ignored your uncommitted edits: %s", firstFew(names))
	}
}

// firstFew joins the first three names and counts the others.
func firstFew(names []string) string {
	const most = 3
	shown := strings.Join(names[:min(len(names), most)], ", ")
	if len(names) > most {
		shown += fmt.Sprintf(" and %d more", len(names)-most)
	}
	return shown
}
