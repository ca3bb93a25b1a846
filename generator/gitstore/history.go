package gitstore

import (
	"context"
	"errors"
	"path"
	"strings"
	"sync"
	"time"

	"octopod/generator/staging"
)

// Entry is one commit in the history of a path.
type Entry struct {
	Revision  Hash
	Parent    Hash // first parent, zero for the first commit
	Tree      Hash // what the path held from then on; zero when the commit removed it
	Author    Identity
	Committer Identity
	When      time.Time
	Message   string
}

// History gives the commits that changed a path, newest first and at most
// limit of them when it is positive. A merge counts as the commit that brought
// its branch in: entries of first parents are compared by hash, and contents
// are never read. Over a remote it speaks of the tip that Snapshot or Change
// saw last.
func (s *Store) History(ctx context.Context, name string, limit int) ([]Entry, error) {
	if why := pathFault(name); why != "" {
		return nil, failf(staging.CodeInvalid, nil, "", "%.80q: %s", name, why)
	}
	t, err := s.repo.latest(ctx)
	if err != nil {
		return nil, err
	}
	objs, err := s.repo.history(ctx, t)
	if err != nil {
		return nil, err
	}
	marks, err := s.paths.marks(ctx, objs, t, name, limit)
	if err != nil {
		return nil, err
	}
	out := make([]Entry, len(marks))
	for i, m := range marks {
		c, err := objs.commit(ctx, m.commit)
		if err != nil {
			return nil, err
		}
		out[i] = Entry{Revision: m.commit, Parent: c.parent(), Tree: m.tree,
			Author: c.author, Committer: c.committer, When: c.when, Message: c.message}
	}
	return out, nil
}

// mark says that a commit changed a path, and to what.
type mark struct{ commit, tree Hash }

// pathIndex remembers, for the root directory and those below it, which commit
// changed which entry. It grows as it is asked: back into the past as far as an
// answer needs, and forward by the commits that arrived since.
type pathIndex struct {
	mu   sync.Mutex
	dirs map[string]*dirLog
}

// marks gives the commits that changed a path.
func (x *pathIndex) marks(ctx context.Context, objs *objects, t *tip, name string, limit int) ([]mark, error) {
	dir, base := path.Split(name)
	dir = strings.TrimSuffix(dir, "/")
	if !strings.Contains(dir, "/") {
		return x.log(dir).marks(ctx, objs, t, base, limit)
	}
	// Deeper down, only the commits that changed the directory are looked at.
	above, err := x.marks(ctx, objs, t, dir, 0)
	if err != nil {
		return nil, err
	}
	return below(ctx, objs, above, base, limit)
}

func (x *pathIndex) log(dir string) *dirLog {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.dirs == nil {
		x.dirs = map[string]*dirLog{}
	}
	l := x.dirs[dir]
	if l == nil {
		l = &dirLog{dir: dir}
		x.dirs[dir] = l
	}
	return l
}

// below picks from the history of a directory what changed one of its entries.
func below(ctx context.Context, objs *objects, dir []mark, name string, limit int) ([]mark, error) {
	want := make([]Hash, 0, len(dir))
	for _, m := range dir {
		if !m.tree.IsZero() {
			want = append(want, m.tree)
		}
	}
	if err := objs.prefetch(ctx, want); err != nil {
		return nil, err
	}
	var out []mark
	var older Hash
	for i := len(dir) - 1; i >= 0; i-- {
		var now Hash
		if t, err := objs.tree(ctx, dir[i].tree); err == nil {
			ref, _ := t.lookup(name)
			now = ref.Hash
		} else if !errors.Is(err, errNotTree) {
			return nil, err
		}
		if now != older {
			out = append([]mark{{dir[i].commit, now}}, out...)
		}
		older = now
	}
	return cut(out, limit), nil
}

func cut(m []mark, limit int) []mark {
	if limit > 0 && len(m) > limit {
		return m[:limit]
	}
	return m
}

// dirLog is the history of the entries of one directory.
type dirLog struct {
	dir string

	mu      sync.Mutex
	head    Hash              // the newest commit that is in
	next    Hash              // the newest that is not, going back; zero at the beginning
	at      *tree             // the directory at next
	changes map[string][]mark // oldest last
}

func (l *dirLog) marks(ctx context.Context, objs *objects, t *tip, name string, limit int) ([]mark, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.forward(ctx, objs, t.commit); err != nil {
		return nil, err
	}
	for !l.next.IsZero() && (limit <= 0 || len(l.changes[name]) < limit) {
		if err := l.back(ctx, objs); err != nil {
			return nil, err
		}
	}
	found := cut(l.changes[name], limit)
	return append([]mark(nil), found...), nil
}

// forward takes in the commits since the last call.
func (l *dirLog) forward(ctx context.Context, objs *objects, tip Hash) error {
	if tip == l.head && l.changes != nil {
		return nil
	}
	fresh := &dirLog{dir: l.dir, head: tip, next: tip, changes: map[string][]mark{}}
	if !tip.IsZero() {
		var err error
		if fresh.at, err = l.treeOf(ctx, objs, tip); err != nil {
			return err
		}
	}
	for l.changes != nil && !fresh.next.IsZero() && fresh.next != l.head {
		if err := fresh.back(ctx, objs); err != nil {
			return err
		}
	}
	if l.changes != nil && fresh.next == l.head && !l.head.IsZero() { // else the branch was rewritten, or this is the first call
		for name, newer := range fresh.changes {
			l.changes[name] = append(newer, l.changes[name]...)
		}
		l.head = tip
		return nil
	}
	l.head, l.next, l.at, l.changes = fresh.head, fresh.next, fresh.at, fresh.changes
	return nil
}

// back takes in one commit more.
func (l *dirLog) back(ctx context.Context, objs *objects) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	o, err := objs.object(ctx, l.next)
	if err != nil {
		return err
	}
	_, parent, err := links(o.data)
	if err != nil {
		return err
	}
	before := &tree{hash: emptyTree}
	if !parent.IsZero() {
		before, err = l.treeOf(ctx, objs, parent)
		if errors.Is(err, errNoObject) { // a shallow repository ends here
			parent, before, err = Hash{}, &tree{hash: emptyTree}, nil
		}
		if err != nil {
			return err
		}
	}
	if before.hash != l.at.hash {
		for _, d := range diffDirs(before, l.at) {
			l.changes[d.name] = append(l.changes[d.name], mark{l.next, d.new.Hash})
		}
	}
	l.next, l.at = parent, before
	return nil
}

// treeOf gives the directory at a commit.
func (l *dirLog) treeOf(ctx context.Context, objs *objects, commit Hash) (*tree, error) {
	o, err := objs.object(ctx, commit)
	if err != nil {
		return nil, err
	}
	root, _, err := links(o.data)
	if err != nil {
		return nil, err
	}
	t, err := objs.tree(ctx, root)
	if err != nil || l.dir == "" {
		return t, err
	}
	ref, ok := t.lookup(l.dir)
	if !ok || !ref.IsDir() {
		return &tree{hash: emptyTree}, nil
	}
	if l.at != nil && l.at.hash == ref.Hash {
		return l.at, nil
	}
	return objs.treeLike(ctx, ref.Hash, l.at)
}
