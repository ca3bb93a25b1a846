package gitstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// local is a repository on disk.
type local struct {
	created bool   // the first commit creates ref, whatever else the repository has
	path    string // as the user gave it
	layout  layout
	ref     string
	refs    refs
	disk    *disk
	objs    *objects
	hooks   testHooks

	mu       sync.Mutex
	lastRead *tip
	newPacks int // packs written since the last check for a repack
}

func openLocal(_ context.Context, path string, o *Options) (*local, error) {
	lay, err := findLayout(path)
	if err != nil {
		return nil, err
	}
	if err := checkFormat(lay.common); err != nil {
		return nil, err
	}
	d := openDisk(filepath.Join(lay.common, "objects"))
	l := &local{
		path: path, layout: lay, ref: o.ref(), created: o.Ref != "",
		refs: refs{lay.common}, disk: d, objs: newObjects(diskSource{d}),
	}
	if o.Branch == Detached {
		l.ref, l.refs = Detached, refs{lay.gitDir} // each work tree has its own HEAD
		return l, nil
	}
	l.removeDeadLocks()
	return l, nil
}

// removeDeadLocks removes the locks of a killed Octopod. As long as they exist,
// the git command fails in this repository.
func (l *local) removeDeadLocks() {
	removeUnfinishedLocks(l.layout.common)
	removeDeadLock(filepath.Join(l.layout.common, filepath.FromSlash(l.refs.resolve(l.ref))) + ".lock")
	if l.layout.work != "" {
		removeUnfinishedLocks(l.layout.gitDir)
		removeDeadLock(filepath.Join(l.layout.gitDir, "index.lock"))
	}
}

// refresh reads the branch.
func (l *local) refresh(ctx context.Context) (*tip, error) {
	h, err := l.refs.read(l.ref)
	if err != nil {
		return nil, fmt.Errorf("read branch: %w", err)
	}
	if h.IsZero() && !l.created {
		if err := l.checkEmpty(); err != nil {
			return nil, err
		}
	}
	l.mu.Lock()
	last := l.lastRead
	l.mu.Unlock()
	if last != nil && last.commit == h {
		return last, nil
	}
	t, err := readTip(ctx, l.objs, h)
	if err != nil {
		return nil, fmt.Errorf("%s in %s: %w", l.ref, l.path, err)
	}
	l.cacheTip(t)
	return t, nil
}

func (l *local) lastTip(ctx context.Context) (*tip, error) { return l.refresh(ctx) }

func (l *local) cacheTip(t *tip) {
	l.mu.Lock()
	l.lastRead = t
	l.mu.Unlock()
}

// checkEmpty returns nil when the repository has no branches, else the error that
// this one is missing.
func (l *local) checkEmpty() error {
	names, err := l.refs.branches()
	if err != nil {
		return fmt.Errorf("list branches: %w", err)
	}
	return missingBranch(l.ref, l.path, names)
}

// push writes the objects and moves the branch, both under the branch's lock. A
// writer that comes second notices before it writes anything.
func (l *local) push(ctx context.Context, u update) (pushResult, error) {
	work, err := l.openCheckout(ctx)
	if err != nil {
		return pushResult{}, err
	}
	defer work.close()
	name := l.refs.resolve(l.ref)
	file := filepath.Join(l.layout.common, filepath.FromSlash(name))
	held, err := acquireLock(ctx, l.layout.common, file, l.hooks)
	if err != nil {
		return pushResult{}, diskError(err, l.path)
	}
	sent, err := l.compareAndSwap(ctx, u, name, file, work)
	if err = errors.Join(err, held.release()); err != nil {
		return pushResult{}, diskError(err, l.path)
	}
	t := u.newTip()
	l.cacheTip(t)
	return pushResult{t, sent}, nil
}

// compareAndSwap moves the branch if it is still at u.base. The caller holds the
// branch's lock.
func (l *local) compareAndSwap(ctx context.Context, u update, name, file string, work *checkout) (int, error) {
	if err := l.hooks.at("locked"); err != nil {
		return 0, err
	}
	now, err := l.refs.read(name)
	if err != nil {
		return 0, err
	}
	if now != u.base.commit {
		return 0, errMoved
	}
	if err := work.prepare(ctx, u); err != nil {
		return 0, err
	}
	kept, err := l.disk.writeObjects(u.newObjects, l.hooks)
	if err != nil {
		return 0, err
	}
	defer kept.release()
	if err := l.hooks.at("stored"); err != nil {
		return 0, err
	}
	if err := work.apply(); err != nil {
		return 0, err
	}
	if err := l.writeRef(file, u.new.commit); err != nil {
		return 0, err
	}
	l.countPack()
	return kept.bytes, nil
}

// countPack records a written pack for maintain.
func (l *local) countPack() {
	l.mu.Lock()
	l.newPacks++
	l.mu.Unlock()
}

// maintain repacks when enough packs have been written. A failure is harmless:
// another process may be working in the repository, and the next call retries.
func (l *local) maintain(ctx context.Context, final bool) error {
	l.mu.Lock()
	due := l.newPacks >= repackAt || final && l.newPacks > 0
	if due {
		l.newPacks = 0
	}
	l.mu.Unlock()
	if !due {
		return nil
	}
	l.removeLeftovers()
	return l.disk.repack(ctx)
}

// removeLeftovers removes files of a killed Octopod that git does not clean up.
func (l *local) removeLeftovers() {
	const old = time.Hour // longer than any push takes
	left := glob(l.layout.common, "octopod-*.tmp")
	left = append(left, glob(l.layout.gitDir, "octopod-*.tmp")...)
	left = append(left, glob(filepath.Join(l.disk.dir, "pack"), "*.keep")...)
	for _, name := range left {
		info, err := os.Stat(name)
		if err != nil || time.Since(info.ModTime()) < old {
			continue
		}
		if b, err := os.ReadFile(name); filepath.Ext(name) != ".keep" || err == nil && string(b) == keepMark {
			_ = os.Remove(name)
		}
	}
}

// writeRef replaces the reference in one step. The temporary file is not below
// refs/, where git would read it as a reference.
func (l *local) writeRef(file string, to Hash) error {
	tmp, err := os.CreateTemp(l.layout.common, "octopod-ref-*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(to.String() + "\n")
	if err == nil {
		err = tmp.Chmod(0o644)
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	if err := l.hooks.at("written"); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), file); err != nil {
		return err
	}
	return l.hooks.at("moved")
}

func (l *local) historyObjects(_ context.Context, t *tip) (*objects, error) { return t.objs, nil }

func (l *local) close() error {
	l.disk.close()
	return nil
}
