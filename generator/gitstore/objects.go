package gitstore

import (
	"context"
	"errors"
	"fmt"
)

// source reads objects: from a local repository, or from a remote and the cache of
// what was fetched from it.
type source interface {
	// object reads a whole object, or fails with errNoObject.
	object(ctx context.Context, h Hash) (object, error)
	// size returns an object's size, without reading all of it where possible.
	size(ctx context.Context, h Hash) (int64, error)
	// isLocal reports whether an object can be read without a request to a remote.
	isLocal(ctx context.Context, h Hash) bool
	// prefetch fetches objects, and everything below trees, in one request.
	prefetch(ctx context.Context, want []Hash) error
}

// objects reads commits and trees from a source and caches parsed trees.
type objects struct {
	source
	trees *cache[Hash, *tree]
}

// treeCacheBytes holds the trees of the tip, and some of the earlier tips that history reads
// and edits meet again: the tree of 10,000 stagings has 0.4 MB. A server has a cache for each
// project.
const treeCacheBytes = 8 << 20

func newObjects(src source) *objects {
	return &objects{source: src, trees: newCache[Hash, *tree](treeCacheBytes)}
}

// isLocal reports whether an object can be read without a request to a remote.
func (o *objects) isLocal(ctx context.Context, h Hash) bool {
	if _, parsed := o.trees.get(h); parsed {
		return true
	}
	return o.source.isLocal(ctx, h)
}

var errNotTree = errors.New("not a directory")

// tree reads a tree.
func (o *objects) tree(ctx context.Context, h Hash) (*tree, error) {
	if h == emptyTree || h.IsZero() {
		return &tree{hash: emptyTree}, nil
	}
	if t, ok := o.trees.get(h); ok {
		return t, nil
	}
	t, err := o.treeSimilarTo(ctx, h, nil)
	if err != nil {
		return nil, err
	}
	o.cacheTree(t)
	return t, nil
}

// treeSimilarTo reads a tree that is similar to another, which makes parsing
// cheaper. It does not cache the tree: walks through many versions use it.
func (o *objects) treeSimilarTo(ctx context.Context, h Hash, like *tree) (*tree, error) {
	got, err := o.object(ctx, h)
	if err != nil {
		return nil, fmt.Errorf("read tree: %w", err)
	}
	if got.kind != treeObject {
		return nil, fmt.Errorf("%s is a %s: %w", h, got.kind, errNotTree)
	}
	return parseSimilar(h, got.data, like)
}

func (o *objects) cacheTree(t *tree) { o.trees.put(t.hash, t, len(t.raw)+4*len(t.at)+100) }

// commit reads a commit.
func (o *objects) commit(ctx context.Context, h Hash) (*commitHeader, error) {
	got, err := o.object(ctx, h)
	if err != nil {
		return nil, fmt.Errorf("read commit: %w", err)
	}
	if got.kind != commitObject {
		return nil, fmt.Errorf("%s is a %s, not a commit", h, got.kind)
	}
	return parseCommit(h, got.data)
}

// withNew adds new objects to a source, so that an edit can use a commit that is
// not pushed yet.
func (o *objects) withNew(fresh []newObject) *objects {
	layer := &overlay{source: o.source, newObjects: make(map[Hash]object, len(fresh))}
	for _, f := range fresh {
		layer.newObjects[f.hash] = f.object
	}
	return &objects{source: layer, trees: o.trees}
}

// overlay is a source with new objects on top.
type overlay struct {
	source
	newObjects map[Hash]object
}

func (v *overlay) object(ctx context.Context, h Hash) (object, error) {
	if o, ok := v.newObjects[h]; ok {
		return o, nil
	}
	return v.source.object(ctx, h)
}

func (v *overlay) size(ctx context.Context, h Hash) (int64, error) {
	if o, ok := v.newObjects[h]; ok {
		return int64(len(o.data)), nil
	}
	return v.source.size(ctx, h)
}

func (v *overlay) isLocal(ctx context.Context, h Hash) bool {
	_, fresh := v.newObjects[h]
	return fresh || v.source.isLocal(ctx, h)
}

func (v *overlay) prefetch(ctx context.Context, want []Hash) error {
	var rest []Hash
	for _, h := range want {
		if _, ok := v.newObjects[h]; !ok {
			rest = append(rest, h)
		}
	}
	if len(rest) == 0 {
		return nil
	}
	return v.source.prefetch(ctx, rest)
}
