package gitstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/config"
)

// WorkTree describes the checked-out commit of a clone.
type WorkTree struct {
	Branch    string // "" when HEAD is detached
	Commit    string // "" before the first one
	Committed time.Time
	Remote    string // URL of the branch's remote; "" when there is none
}

// ReadWorkTree reads a local clone without changing it.
func ReadWorkTree(ctx context.Context, path string) (WorkTree, error) {
	lay, err := findLayout(path)
	if err != nil {
		return WorkTree{}, err
	}
	if err := checkFormat(lay.common); err != nil {
		return WorkTree{}, err
	}
	head, err := os.ReadFile(filepath.Join(lay.gitDir, "HEAD"))
	if err != nil {
		return WorkTree{}, fmt.Errorf("read HEAD: %w", err)
	}
	var w WorkTree
	text := strings.TrimSpace(string(head))
	ref, onBranch := strings.CutPrefix(text, "ref: ")
	hash, err := parseHash(text)
	if onBranch {
		w.Branch, _ = strings.CutPrefix(ref, "refs/heads/")
		hash, err = refs{lay.common}.read(ref)
	}
	if err != nil {
		return WorkTree{}, fmt.Errorf("read HEAD: %w", err)
	}
	if w.Remote, err = remoteOf(lay, w.Branch); err != nil || hash.IsZero() {
		return w, err
	}
	d := openDisk(filepath.Join(lay.common, "objects"))
	defer d.close()
	commit, err := newObjects(diskSource{d}).commit(ctx, hash)
	if err != nil {
		return w, err
	}
	w.Commit, w.Committed = hash.String(), commit.when
	return w, nil
}

// remoteOf returns the URL that a branch is fetched from.
func remoteOf(lay layout, branch string) (string, error) {
	file, err := os.Open(filepath.Join(lay.common, "config"))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read git config: %w", err)
	}
	defer file.Close()
	c, err := config.ReadConfig(file)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", file.Name(), err)
	}
	name := "origin"
	if b := c.Branches[branch]; b != nil {
		name = cmp.Or(b.Remote, name)
	}
	if r := c.Remotes[name]; r != nil && len(r.URLs) > 0 {
		return r.URLs[0], nil
	}
	return "", nil
}
