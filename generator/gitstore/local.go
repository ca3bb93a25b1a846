package gitstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"octopod/generator/staging"
)

// local is a repository on this machine's disk.
type local struct {
	path   string // as the user named it
	layout layout
	ref    string
	fsync  bool
	refs   refs
	disk   *disk
	objs   *objects
	steps  steps

	mu    sync.Mutex
	cache *tip // the last tip that was read
	fresh int  // packs written since folding was last thought of
}

// layout is where the parts of a repository lie.
type layout struct {
	gitDir string // HEAD and index
	common string // objects and refs
	work   string // the work tree, empty for a bare repository
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
		path: path, layout: lay, ref: "refs/heads/" + o.Branch, fsync: o.Fsync,
		refs: refs{lay.common}, disk: d, objs: newObjects(diskSource{d}),
	}
	if o.Branch == Detached {
		l.ref, l.refs = Detached, refs{lay.gitDir} // each work tree has its own
		return l, nil
	}
	l.clearLocks()
	return l, nil
}

// clearLocks removes the locks of a killed Octopod at once: until then the git
// command refuses to work there.
func (l *local) clearLocks() {
	takeOverUnfinished(l.layout.common)
	takeOver(filepath.Join(l.layout.common, filepath.FromSlash(l.refs.target(l.ref))) + ".lock")
	if l.layout.work != "" {
		takeOverUnfinished(l.layout.gitDir)
		takeOver(filepath.Join(l.layout.gitDir, "index.lock"))
	}
}

// findLayout recognises a bare repository, a work tree with .git, and one
// whose .git is a file that points elsewhere (git worktree, submodules).
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
		return layout{}, failf(staging.CodeNotFound, nil, "make one with `octopod init` or `git init --bare`",
			"there is no repository at %s", path)
	}
	return layout{}, failf(staging.CodeNotFound, nil, "give the path of a git repository, bare or not",
		"%s is not a git repository", path)
}

func isGitDir(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "HEAD"))
	return err == nil && isDirectory(filepath.Join(dir, "objects")) && isDirectory(filepath.Join(dir, "refs"))
}

// followGitFile reads `gitdir: PATH`, and the common directory behind it.
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
		return layout{}, failf(staging.CodeNotFound, nil, "", "%s points to %s, which is no git directory", file, dir)
	}
	return lay, nil
}

// refresh reads the branch.
func (l *local) refresh(ctx context.Context) (*tip, error) {
	h, err := l.refs.read(l.ref)
	if err != nil {
		return nil, fmt.Errorf("read branch: %w", err)
	}
	if h.IsZero() {
		if err := l.checkEmpty(); err != nil {
			return nil, err
		}
	}
	l.mu.Lock()
	last := l.cache
	l.mu.Unlock()
	if last != nil && last.commit == h {
		return last, nil
	}
	t, err := readTip(ctx, l.objs, h)
	if err != nil {
		return nil, fmt.Errorf("%s in %s: %w", l.ref, l.path, err)
	}
	l.remember(t)
	return t, nil
}

func (l *local) latest(ctx context.Context) (*tip, error) { return l.refresh(ctx) }

func (l *local) remember(t *tip) {
	l.mu.Lock()
	l.cache = t
	l.mu.Unlock()
}

// checkEmpty tells a repository without commits from one without the branch.
func (l *local) checkEmpty() error {
	names, err := l.refs.branches()
	if err != nil {
		return fmt.Errorf("list branches: %w", err)
	}
	return noBranch(l.ref, l.path, names)
}

// noBranch is the error of a missing branch, nil when there is no branch at all.
func noBranch(ref, url string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	shown := names[:min(len(names), 10)]
	list := strings.Join(shown, ", ")
	if len(names) > len(shown) {
		list += fmt.Sprintf(" and %d more", len(names)-len(shown))
	}
	return failf(staging.CodeNotFound, nil, "name one of them with --ref, or push the branch first",
		"%s has no branch %s; it has %s", url, strings.TrimPrefix(ref, "refs/heads/"), list)
}

// push stores the objects and moves the branch, both under the branch's lock:
// whoever comes second finds out before writing anything.
func (l *local) push(ctx context.Context, u update) (pushed, error) {
	work, err := l.openCheckout(ctx)
	if err != nil {
		return pushed{}, err
	}
	defer work.close()
	name := l.refs.target(l.ref)
	file := filepath.Join(l.layout.common, filepath.FromSlash(name))
	held, err := acquire(ctx, l.layout.common, file, l.steps)
	if err != nil {
		return pushed{}, diskError(err, l.path)
	}
	sent, err := l.move(ctx, u, name, file, work)
	if err = errors.Join(err, held.release()); err != nil {
		return pushed{}, diskError(err, l.path)
	}
	t := u.landed()
	l.remember(t)
	return pushed{t, sent}, nil
}

// move is the compare-and-swap of the branch, with its lock held.
func (l *local) move(ctx context.Context, u update, name, file string, work *checkout) (int, error) {
	if err := l.steps.at("locked"); err != nil {
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
	kept, err := l.disk.store(u.fresh, l.fsync, l.steps)
	if err != nil {
		return 0, err
	}
	defer kept.release()
	if err := l.steps.at("stored"); err != nil {
		return 0, err
	}
	if err := work.update(); err != nil {
		return 0, err
	}
	if err := l.writeRef(file, u.new.commit); err != nil {
		return 0, err
	}
	l.count()
	return kept.bytes, nil
}

// count notes a written pack, for tidy.
func (l *local) count() {
	l.mu.Lock()
	l.fresh++
	l.mu.Unlock()
}

// tidy folds packs when enough have been written. Somebody else may be at work
// in the repository, so a failure only means that it is tried again later.
func (l *local) tidy(ctx context.Context, final bool) error {
	l.mu.Lock()
	due := l.fresh >= foldAt || final && l.fresh > 0
	if due {
		l.fresh = 0
	}
	l.mu.Unlock()
	if !due {
		return nil
	}
	l.sweep()
	return l.disk.fold(ctx, l.fsync)
}

// sweep removes what a killed Octopod left and git does not clean up.
func (l *local) sweep() {
	const old = time.Hour // no push takes so long
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

// writeRef puts the new value in place in one step. It is written beside the
// references, where git would not take it for one.
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
	if err == nil && l.fsync {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	if err := l.steps.at("written"); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), file); err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(file), l.fsync); err != nil {
		return err
	}
	return l.steps.at("moved")
}

func (l *local) history(_ context.Context, t *tip) (*objects, error) { return t.objs, nil }

func (l *local) close() error {
	l.disk.close()
	return nil
}

// steps is a seam of tests: it is told each step of a push by name, and an
// error or an end of the process there must leave nothing half done.
type steps func(step string) error

func (s steps) at(step string) error {
	if s == nil {
		return nil
	}
	return s(step)
}

// diskSource adapts a disk to what objects read from.
type diskSource struct{ *disk }

func (diskSource) holds(context.Context, Hash) bool { return true }

func (diskSource) prefetch(context.Context, []Hash) error { return nil }
