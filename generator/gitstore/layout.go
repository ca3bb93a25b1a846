package gitstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"octopod/generator/staging"
)

// layout holds the directories of a repository.
type layout struct {
	gitDir string // HEAD and index
	common string // objects and refs
	work   string // the work tree, empty for a bare repository
}

// findLayout recognises a bare repository, a work tree with a .git directory, and
// one whose .git is a file that names the directory (git worktree, submodules).
func findLayout(path string) (layout, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return layout{}, fmt.Errorf("find repository: %w", err)
	}
	git := filepath.Join(abs, ".git")
	info, err := os.Stat(git)
	switch {
	case err == nil && info.IsDir():
		return layout{gitDir: git, common: git, work: abs}, nil
	case err == nil:
		return followGitFile(abs, git)
	case isGitDir(abs) && filepath.Base(abs) == ".git":
		return layout{gitDir: abs, common: abs, work: filepath.Dir(abs)}, nil
	case isGitDir(abs):
		return layout{gitDir: abs, common: abs}, nil
	}
	if _, err := os.Stat(abs); errors.Is(err, fs.ErrNotExist) {
		return layout{}, failf(staging.CodeNotFound, nil, "", "there is no repository at %s", path).
			WithTechnicalHint("create one with `octopod init` or `git init --bare`")
	}
	return layout{}, failf(staging.CodeNotFound, nil, "give the path of a git repository, bare or not",
		"%s is not a git repository", path)
}

func isGitDir(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "HEAD"))
	return err == nil && isDirectory(filepath.Join(dir, "objects")) && isDirectory(filepath.Join(dir, "refs"))
}

// followGitFile reads `gitdir: PATH` from a .git file, and the common directory
// that PATH names.
func followGitFile(work, file string) (layout, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return layout{}, fmt.Errorf("find repository: %w", err)
	}
	dir, ok := strings.CutPrefix(strings.TrimSpace(string(b)), "gitdir: ")
	if !ok {
		return layout{}, failf(staging.CodeNotFound, nil, "", "%s does not name a git directory", file)
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(work, dir)
	}
	lay := layout{gitDir: dir, common: dir, work: work}
	if b, err := os.ReadFile(filepath.Join(dir, "commondir")); err == nil {
		lay.common = strings.TrimSpace(string(b))
		if !filepath.IsAbs(lay.common) {
			lay.common = filepath.Join(dir, lay.common)
		}
	}
	if !isDirectory(filepath.Join(lay.common, "objects")) {
		return layout{}, failf(staging.CodeNotFound, nil, "", "%s points to %s, which is not a git directory", file, dir)
	}
	return lay, nil
}
