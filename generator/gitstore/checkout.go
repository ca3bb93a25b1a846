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

// checkout is the work tree and index of a branch that somebody has checked
// out and that is about to move: the touched files move with it, as with git's
// receive.denyCurrentBranch=updateInstead. A nil checkout has nothing to do.
type checkout struct {
	repo  *local
	lock  *lock // of the index
	root  *os.Root
	index *index.Index
	at    map[string]*index.Entry
	moves []fileMove
}

// fileMove is a file that the commit changes.
type fileMove struct {
	path     string
	old, new TreeRef
	data     []byte // of the new version
}

// openCheckout locks the index when the branch is the one checked out.
func (l *local) openCheckout(ctx context.Context) (*checkout, error) {
	if err := l.refuseOtherWorktrees(); err != nil {
		return nil, err
	}
	if l.layout.work == "" || !headIs(l.layout.gitDir, l.ref) {
		return nil, nil
	}
	held, err := acquire(ctx, l.layout.gitDir, filepath.Join(l.layout.gitDir, "index"), l.steps)
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

// refuseOtherWorktrees refuses to move a branch under somebody's feet: one that
// another work tree of the same repository has checked out.
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
	c.index, c.at = &index.Index{Version: 2}, map[string]*index.Entry{}
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
		return failf(staging.CodeInvalid, err, "point Octopod at a bare repository, or turn off sparse and split index",
			"the index of %s is in a form that Octopod cannot write", c.repo.path)
	}
	if info, err := f.Stat(); err == nil {
		c.index.ModTime = info.ModTime()
	}
	for _, e := range c.index.Entries {
		if e.Stage != 0 {
			return failf(staging.CodeConflict, nil, "finish or abort the merge there",
				"the work tree %s has unmerged files (%s)", c.repo.layout.work, e.Name)
		}
		c.at[e.Name] = e
	}
	return nil
}

// prepare finds the files to move and refuses when any has local changes.
func (c *checkout) prepare(ctx context.Context, u update) error {
	if c == nil {
		return nil
	}
	var dirty []string
	err := u.new.objs.diffFiles(ctx, "", u.base.root, u.new.root, func(path string, old, new TreeRef) error {
		m := fileMove{path: path, old: old, new: new}
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
		c.moves = append(c.moves, m)
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

// clean tells whether index and work tree hold the old version of a file, or
// the new one already.
func (c *checkout) clean(m fileMove) bool {
	if m.old.Mode == ModeSubmodule || m.new.Mode == ModeSubmodule {
		return false
	}
	e := c.at[m.path]
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
	there, err := c.inWorkTree(m.path, e)
	return err == nil && (there == m.old || there == m.new)
}

// inWorkTree gives what a path holds in the work tree, zero when nothing.
func (c *checkout) inWorkTree(path string, e *index.Entry) (TreeRef, error) {
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
		ref.Hash = Hash(e.Hash) // as git status decides; it also knows line-end filters
		return ref, nil
	}
	data, err := c.root.ReadFile(name)
	ref.Hash = hashObject(blobObject, data)
	return ref, err
}

// directoryAt lets an empty directory pass for nothing.
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

// update writes the files and the index. The branch follows.
func (c *checkout) update() error {
	if c == nil {
		return nil
	}
	for _, m := range c.moves { // first what goes: a directory may take a file's place
		if m.new.Hash.IsZero() {
			if err := c.removeFile(m.path); err != nil {
				return fmt.Errorf("update work tree: %w", err)
			}
			delete(c.at, m.path)
		}
	}
	for _, m := range c.moves {
		if m.new.Hash.IsZero() {
			continue
		}
		if err := c.putFile(m); err != nil {
			return fmt.Errorf("update work tree: %w", err)
		}
	}
	if err := c.repo.steps.at("worktree"); err != nil {
		return err
	}
	return c.writeIndex()
}

// removeFile removes a file and the directories it leaves empty.
func (c *checkout) removeFile(path string) error {
	if e := c.at[path]; e != nil && e.SkipWorktree {
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

func (c *checkout) putFile(m fileMove) error {
	e := c.at[m.path]
	if e == nil {
		e = &index.Entry{Name: m.path}
		c.at[m.path] = e
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
	fillSystem(e, info)
	return nil
}

// replace puts a file in place in one step.
func (c *checkout) replace(name string, m fileMove) error {
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
			_ = c.root.Remove(name) // empty: clean saw to that
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
	for _, e := range c.at {
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
	return c.repo.steps.at("index")
}
