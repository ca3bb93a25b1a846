package gitstore

import (
	"context"
	"sync"
	"time"
)

// missPatience limits how long a read of a FromMemory context waits for an object that is
// not in memory: one of an earlier revision, or of a repository that is too large.
const missPatience = 2 * time.Second

// fromMemory marks a context whose reads never wait for a remote.
type fromMemory struct{}

// FromMemory returns a context whose reads use the snapshot that Fetch kept last, and never
// ask a remote where the branch is. They see every commit that this store pushed. Before
// the first Fetch, and for a local repository, they read as usual. Writes do not heed it.
func FromMemory(ctx context.Context) context.Context {
	return context.WithValue(ctx, fromMemory{}, true)
}

// ReadsMemory reports whether the reads of a context use the snapshot in memory.
func ReadsMemory(ctx context.Context) bool { return ctx.Value(fromMemory{}) != nil }

// memory is the snapshot that reads use which never wait for a remote.
type memory struct {
	mu     sync.Mutex
	tip    *tip   // what reads use
	pinned *tip   // the tip that was completely fetched last
	pushes uint64 // tips that this store pushed
	paths  pathIndex
}

// Fetch reads where the branch is, fetches the whole tip and its history, and keeps them in
// memory for reads of a FromMemory context. Those use the earlier snapshot meanwhile. Fetch
// reports whether it found a commit that this store neither read nor pushed before.
func (s *Store) Fetch(ctx context.Context) (moved bool, err error) {
	pushes, pinned := s.memory.state()
	t, err := s.refresh(ctx)
	if err != nil {
		return false, err
	}
	remote, ok := s.repo.(*remote)
	if !ok || t == pinned {
		return false, nil // a disk does not keep a reader waiting
	}
	if err := remote.pin(ctx, t, pinned); err != nil {
		return false, remote.explain(err, "read")
	}
	return s.memory.keep(t, pushes), nil
}

// kept returns the tip in memory, nil before the first Fetch.
func (m *memory) kept() *tip {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.tip
}

func (m *memory) state() (pushes uint64, pinned *tip) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.pushes, m.pinned
}

// keep replaces the tip by one that was read, unless this store has pushed since the read
// began: then it may be older. It reports whether the tip is another commit now.
func (m *memory) keep(t *tip, pushes uint64) (moved bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pinned = t
	if m.pushes != pushes && m.tip != nil {
		return false
	}
	moved = m.tip == nil || m.tip.commit != t.commit
	m.tip = t
	return moved
}

// keepPushed replaces the tip by one that this store pushed.
func (m *memory) keepPushed(t *tip) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pushes++
	if m.tip != nil && t != nil {
		m.tip = t
	}
}

// inMemory returns the tip that a read of a FromMemory context uses, nil when the read must
// ask the repository.
func (s *Store) inMemory(ctx context.Context) *tip {
	if !ReadsMemory(ctx) {
		return nil
	}
	return s.memory.kept()
}

// historyOf returns the tip that a read uses, and the objects and the index of its history.
// ask reads the tip from the repository.
func (s *Store) historyOf(ctx context.Context, ask func(context.Context) (*tip, error)) (*tip, *objects, *pathIndex, error) {
	if t := s.inMemory(ctx); t != nil {
		return t, t.objs, &s.memory.paths, nil
	}
	t, err := ask(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	objs, err := s.repo.historyObjects(ctx, t)
	return t, objs, &s.paths, err
}

// pin fetches everything at a tip and its history, and keeps it until the cache is reset.
// An object that the earlier tip has too was pinned with it.
func (r *remote) pin(ctx context.Context, t, earlier *tip) error {
	if _, err := r.historyObjects(ctx, t); err != nil {
		return err
	}
	cache, ok := t.objs.source.(*remoteCache)
	if !ok || cache.fetchObjects == nil {
		return nil // everything was fetched
	}
	have := emptyTree
	if earlier != nil && earlier.objs.source == t.objs.source {
		have = earlier.root
	}
	want, err := cache.missing(ctx, t.root, have)
	if err != nil || len(want) == 0 {
		return err
	}
	return cache.pin(ctx, want)
}

// pin fetches objects and keeps their pack, or only caches them where packs take too much
// memory already.
func (c *remoteCache) pin(ctx context.Context, want []Hash) error {
	c.mu.RLock()
	crowded := c.pinned > pinnedBytes/2
	c.mu.RUnlock()
	if crowded {
		_, err := c.fetch(ctx, want)
		return err
	}
	raw, err := c.fetchObjects(ctx, want)
	if err != nil {
		return err
	}
	return c.addPack(ctx, raw)
}

// missing lists what no pack has of the tree at root, without what it shares with the tree
// have: a tree instead of everything below it where most of that is missing.
func (c *remoteCache) missing(ctx context.Context, root, have Hash) ([]Hash, error) {
	if root == have || root == emptyTree {
		return nil, nil
	}
	now, err := c.parsedTree(ctx, root)
	if now == nil {
		return []Hash{root}, err
	}
	before, err := c.parsedTree(ctx, have)
	if err != nil {
		return nil, err
	}
	var want []Hash
	for i := range now.len() {
		ref, old := now.ref(i), TreeRef{Hash: emptyTree}
		if before != nil {
			old, _ = before.lookup(string(now.name(i)))
		}
		more, err := c.missingEntry(ctx, ref, old)
		if err != nil {
			return nil, err
		}
		want = append(want, more...)
	}
	if len(want) > max(16, now.len()/2) {
		return []Hash{root}, nil
	}
	return want, nil
}

func (c *remoteCache) missingEntry(ctx context.Context, ref, old TreeRef) ([]Hash, error) {
	switch {
	case ref.Mode == ModeSubmodule || ref.Hash == old.Hash:
		return nil, nil
	case !ref.IsDir() && c.has(ref.Hash):
		return nil, nil
	case !ref.IsDir():
		return []Hash{ref.Hash}, nil
	case !old.IsDir():
		old.Hash = emptyTree
	}
	return c.missing(ctx, ref.Hash, old.Hash)
}

// parsedTree returns a tree of a pack, nil when no pack has it.
func (c *remoteCache) parsedTree(ctx context.Context, h Hash) (*tree, error) {
	if !c.has(h) {
		return nil, nil
	}
	o, err := c.object(ctx, h)
	if err != nil {
		return nil, err
	}
	return parseTree(h, o.data)
}
