package gitstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/index"

	"octopod/generator/staging"
)

// checkout updates the work tree and index when the branch that moves is checked
// out, as git does with receive.denyCurrentBranch=updateInstead. A nil checkout
// does nothing.
type checkout struct {
	repo    *local
	lock    *lock // of the index
	root    *os.Root
	index   *index.Index
	entries map[string]*index.Entry
	changes []fileChange
}

// fileChange is a file that the commit changes.
type fileChange struct {
	path     string
	old, new TreeRef
	data     []byte // of the new version
}

// openCheckout locks the index if the branch is checked out, and returns nil if
// it is not.
func (l *local) openCheckout(ctx context.Context) (*checkout, error) {
	if err := l.refuseOtherWorktrees(); err != nil {
		return nil, err
	}
	if l.layout.work == "" || !headIs(l.layout.gitDir, l.ref) {
		return nil, nil
	}
	held, err := acquireLock(ctx, l.layout.gitDir, filepath.Join(l.layout.gitDir, "index"), l.hooks)
	if err != nil {
		return nil, diskError(err, l.path)
	}
	c := &checkout{repo: l, lock: held}
	if c.root, err = os.OpenRoot(l.layout.work); err == nil {
		err = c.readIndex()
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func headIs(gitDir, ref string) bool {
	b, err := os.ReadFile(filepath.Join(gitDir, "HEAD"))
	return err == nil && strings.TrimSpace(string(b)) == "ref: "+ref
}

// refuseOtherWorktrees returns an error when another work tree of the repository
// has the branch checked out: its files would no longer match.
func (l *local) refuseOtherWorktrees() error {
	dirs := glob(filepath.Join(l.layout.common, "worktrees"), "*")
	if l.layout.gitDir != l.layout.common && !isBareDir(l.layout.common) {
		dirs = append(dirs, l.layout.common)
	}
	for _, dir := range dirs {
		if dir != l.layout.gitDir && headIs(dir, l.ref) {
			return failf(staging.CodeConflict, nil, "name that work tree's path, or check out another branch there",
				"branch %s is checked out in another work tree (%s)", strings.TrimPrefix(l.ref, "refs/heads/"), dir)
		}
	}
	return nil
}

func isBareDir(common string) bool { return filepath.Base(common) != ".git" }

func (c *checkout) close() {
	if c == nil {
		return
	}
	if c.root != nil {
		_ = c.root.Close()
	}
	_ = c.lock.release()
}

func (c *checkout) readIndex() error {
	c.index, c.entries = &index.Index{Version: 2}, map[string]*index.Entry{}
	name := filepath.Join(c.repo.layout.gitDir, "index")
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read index: %w", err)
	}
	defer f.Close()
	if err := index.NewDecoder(f).Decode(c.index); err != nil {
		return failf(staging.CodeInvalid, err, "use a bare repository, or turn off the sparse and the split index",
			"Octopod cannot write the index format of %s", c.repo.path)
	}
	if info, err := f.Stat(); err == nil {
		c.index.ModTime = info.ModTime()
	}
	for _, e := range c.index.Entries {
		if e.Stage != 0 {
			return failf(staging.CodeConflict, nil, "finish or abort the merge there",
				"the work tree %s has unmerged files (%s)", c.repo.layout.work, e.Name)
		}
		c.entries[e.Name] = e
	}
	return nil
}

// prepare lists the files to change. It returns an error when one of them has
// uncommitted changes.
func (c *checkout) prepare(ctx context.Context, u update) error {
	if c == nil {
		return nil
	}
	var dirty []string
	err := u.new.objs.diffFiles(ctx, "", u.base.root, u.new.root, func(path string, old, new TreeRef) error {
		m := fileChange{path: path, old: old, new: new}
		if !new.Hash.IsZero() && new.Mode != ModeSubmodule {
			o, err := u.new.objs.object(ctx, new.Hash)
			if err != nil {
				return err
			}
			m.data = o.data
		}
		if !c.clean(m) {
			dirty = append(dirty, path)
		}
		c.changes = append(c.changes, m)
		return nil
	})
	if err != nil {
		return err
	}
	if len(dirty) == 0 {
		return nil
	}
	return failf(staging.CodeConflict, nil, "commit or stash "+strings.Join(dirty[:min(3, len(dirty))], " "),
		"the work tree %s has uncommitted changes in %s", c.repo.layout.work, strings.Join(dirty, ", "))
}

// clean reports whether index and work tree hold the old version of a file, or
// already the new one.
func (c *checkout) clean(m fileChange) bool {
	if m.old.Mode == ModeSubmodule || m.new.Mode == ModeSubmodule {
		return false
	}
	e := c.entries[m.path]
	staged := TreeRef{}
	if e != nil {
		staged = TreeRef{Hash(e.Hash), Mode(e.Mode)}
	}
	if staged != m.old && staged != m.new {
		return false
	}
	if e != nil && e.SkipWorktree {
		return true
	}
	there, err := c.workTreeEntry(m.path, e)
	return err == nil && (there == m.old || there == m.new)
}

// workTreeEntry returns mode and hash of a path in the work tree, zero when there
// is no file.
func (c *checkout) workTreeEntry(path string, e *index.Entry) (TreeRef, error) {
	name := filepath.FromSlash(path)
	info, err := c.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return TreeRef{}, nil
	case err != nil:
		return TreeRef{}, err
	case info.IsDir():
		return c.directoryAt(name)
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := c.root.Readlink(name)
		return TreeRef{hashObject(blobObject, []byte(target)), ModeSymlink}, err
	}
	ref := TreeRef{Mode: ModeFile}
	if info.Mode()&0o100 != 0 {
		ref.Mode = ModeExecutable
	}
	if e != nil && e.ModifiedAt.Equal(info.ModTime()) && int64(e.Size) == info.Size() && info.ModTime().Before(c.index.ModTime) {
		ref.Hash = Hash(e.Hash) // unchanged, as git status decides; this also covers line-ending filters
		return ref, nil
	}
	data, err := c.root.ReadFile(name)
	ref.Hash = hashObject(blobObject, data)
	return ref, err
}

// directoryAt treats an empty directory as no file, and any other as an error.
func (c *checkout) directoryAt(name string) (TreeRef, error) {
	d, err := c.root.Open(name)
	if err != nil {
		return TreeRef{}, err
	}
	defer d.Close()
	if names, _ := d.Readdirnames(1); len(names) > 0 {
		return TreeRef{}, errors.New("a directory is in the way")
	}
	return TreeRef{}, nil
}

// apply writes the files and the index. The caller moves the branch afterwards.
func (c *checkout) apply() error {
	if c == nil {
		return nil
	}
	for _, m := range c.changes { // removals first: a directory may replace a file
		if m.new.Hash.IsZero() {
			if err := c.removeFile(m.path); err != nil {
				return fmt.Errorf("update work tree: %w", err)
			}
			delete(c.entries, m.path)
		}
	}
	for _, m := range c.changes {
		if m.new.Hash.IsZero() {
			continue
		}
		if err := c.writeFile(m); err != nil {
			return fmt.Errorf("update work tree: %w", err)
		}
	}
	if err := c.repo.hooks.at("worktree"); err != nil {
		return err
	}
	return c.writeIndex()
}

// removeFile removes a file and its parent directories that become empty.
func (c *checkout) removeFile(path string) error {
	if e := c.entries[path]; e != nil && e.SkipWorktree {
		return nil
	}
	name := filepath.FromSlash(path)
	if err := c.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for dir := filepath.Dir(name); dir != "."; dir = filepath.Dir(dir) {
		if c.root.Remove(dir) != nil {
			break // not empty
		}
	}
	return nil
}

func (c *checkout) writeFile(m fileChange) error {
	e := c.entries[m.path]
	if e == nil {
		e = &index.Entry{Name: m.path}
		c.entries[m.path] = e
	}
	e.Hash, e.Mode, e.IntentToAdd = plumbing.Hash(m.new.Hash), filemode.FileMode(m.new.Mode), false
	if e.SkipWorktree {
		return nil
	}
	name := filepath.FromSlash(m.path)
	if err := c.root.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	if err := c.replace(name, m); err != nil {
		return err
	}
	info, err := c.root.Lstat(name)
	if err != nil {
		return err
	}
	e.ModifiedAt, e.Size = info.ModTime(), uint32(info.Size())
	fillStat(e, info)
	return nil
}

// replace writes a temporary file and renames it to name.
func (c *checkout) replace(name string, m fileChange) error {
	tmp := filepath.Join(filepath.Dir(name), ".octopod-"+m.new.Hash.Short()+".tmp")
	_ = c.root.Remove(tmp)
	var err error
	if m.new.Mode == ModeSymlink {
		err = c.root.Symlink(string(m.data), tmp)
	} else {
		perm := fs.FileMode(0o666)
		if m.new.Mode == ModeExecutable {
			perm = 0o777
		}
		err = c.root.WriteFile(tmp, m.data, perm)
	}
	if err == nil {
		if info, e := c.root.Lstat(name); e == nil && info.IsDir() {
			_ = c.root.Remove(name) // it is empty: clean checked that
		}
		err = c.root.Rename(tmp, name)
	}
	if err != nil {
		_ = c.root.Remove(tmp)
	}
	return err
}

func (c *checkout) writeIndex() error {
	c.index.Entries = c.index.Entries[:0]
	for _, e := range c.entries {
		c.index.Entries = append(c.index.Entries, e)
	}
	name := filepath.Join(c.repo.layout.gitDir, "index")
	f, err := os.CreateTemp(c.repo.layout.gitDir, "octopod-index-*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	err = index.NewEncoder(f).Encode(c.index)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write index: %w", err)
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return fmt.Errorf("write index: %w", err)
	}
	return c.repo.hooks.at("index")
}
