package gitstore

import (
	"context"
	"errors"
	"path"
	"strings"
	"sync"
)

// pathIndex is an index of the commits that changed each entry of the root
// directory and of the directories directly below it. It grows with each query:
// back in history as far as the query needs, and forward by new commits.
type pathIndex struct {
	mu   sync.Mutex
	dirs map[string]*dirLog
}

// changes returns the commits that changed a path.
func (x *pathIndex) changes(ctx context.Context, objs *objects, t *tip, name string, limit int) ([]pathChange, error) {
	dir, base := path.Split(name)
	dir = strings.TrimSuffix(dir, "/")
	if !strings.Contains(dir, "/") {
		return x.log(dir).changesOf(ctx, objs, t, base, limit)
	}
	// Further down, read only the commits that changed the parent directory.
	above, err := x.changes(ctx, objs, t, dir, 0)
	if err != nil {
		return nil, err
	}
	return entryHistory(ctx, objs, above, base, limit)
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

// pathChange is a commit that changed a path, and the hash of the path after it.
type pathChange struct{ commit, tree Hash }

// entryHistory filters the history of a directory by changes of one entry.
func entryHistory(ctx context.Context, objs *objects, dir []pathChange, name string, limit int) ([]pathChange, error) {
	want := make([]Hash, 0, len(dir))
	for _, m := range dir {
		if !m.tree.IsZero() {
			want = append(want, m.tree)
		}
	}
	if err := objs.prefetch(ctx, want); err != nil {
		return nil, err
	}
	var out []pathChange
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
			out = append([]pathChange{{dir[i].commit, now}}, out...)
		}
		older = now
	}
	return firstN(out, limit), nil
}

func firstN(m []pathChange, limit int) []pathChange {
	if limit > 0 && len(m) > limit {
		return m[:limit]
	}
	return m
}

// dirLog is the history of the entries of one directory.
type dirLog struct {
	dir string

	mu      sync.Mutex
	head    Hash                    // the newest commit that was read
	next    Hash                    // the next older commit to read; zero when all were read
	current *tree                   // the directory at next
	byName  map[string][]pathChange // oldest last
}

func (l *dirLog) changesOf(ctx context.Context, objs *objects, t *tip, name string, limit int) ([]pathChange, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.catchUp(ctx, objs, t.commit); err != nil {
		return nil, err
	}
	for !l.next.IsZero() && (limit <= 0 || len(l.byName[name]) < limit) {
		if err := l.stepBack(ctx, objs); err != nil {
			return nil, err
		}
	}
	found := firstN(l.byName[name], limit)
	return append([]pathChange(nil), found...), nil
}

// catchUp reads the commits since the last call.
func (l *dirLog) catchUp(ctx context.Context, objs *objects, tip Hash) error {
	if tip == l.head && l.byName != nil {
		return nil
	}
	fresh := &dirLog{dir: l.dir, head: tip, next: tip, byName: map[string][]pathChange{}}
	if !tip.IsZero() {
		var err error
		if fresh.current, err = l.treeOf(ctx, objs, tip); err != nil {
			return err
		}
	}
	for l.byName != nil && !fresh.next.IsZero() && fresh.next != l.head {
		if err := fresh.stepBack(ctx, objs); err != nil {
			return err
		}
	}
	if l.byName != nil && fresh.next == l.head && !l.head.IsZero() { // else this is the first call, or the branch was rewritten
		for name, newer := range fresh.byName {
			l.byName[name] = append(newer, l.byName[name]...)
		}
		l.head = tip
		return nil
	}
	l.head, l.next, l.current, l.byName = fresh.head, fresh.next, fresh.current, fresh.byName
	return nil
}

// stepBack reads one more commit.
func (l *dirLog) stepBack(ctx context.Context, objs *objects) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	o, err := objs.object(ctx, l.next)
	if err != nil {
		return err
	}
	_, parent, err := treeAndParent(o.data)
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
	if before.hash != l.current.hash {
		for _, d := range diffDirs(before, l.current) {
			l.byName[d.name] = append(l.byName[d.name], pathChange{l.next, d.new.Hash})
		}
	}
	l.next, l.current = parent, before
	return nil
}

// treeOf returns the directory at a commit.
func (l *dirLog) treeOf(ctx context.Context, objs *objects, commit Hash) (*tree, error) {
	o, err := objs.object(ctx, commit)
	if err != nil {
		return nil, err
	}
	root, _, err := treeAndParent(o.data)
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
	if l.current != nil && l.current.hash == ref.Hash {
		return l.current, nil
	}
	return objs.treeSimilarTo(ctx, ref.Hash, l.current)
}

// all returns the changes of every entry that the directory ever had.
func (l *dirLog) all(ctx context.Context, objs *objects, t *tip) (map[string][]PathChange, error) {
	if _, err := l.changesOf(ctx, objs, t, "", 0); err != nil { // reads the whole history
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	entries := make(map[string][]PathChange, len(l.byName))
	for name, changes := range l.byName {
		for _, c := range changes {
			entries[name] = append(entries[name], PathChange{c.commit, c.tree})
		}
	}
	return entries, nil
}
