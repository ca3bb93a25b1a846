package gitstore

import (
	"context"
	"errors"
	"fmt"
)

// source is where objects come from: a local repository, or what was fetched
// from a remote plus the remote itself.
type source interface {
	// object reads an object whole; errNoObject when nobody has it.
	object(ctx context.Context, h Hash) (object, error)
	// size gives an object's size as cheaply as the source can.
	size(ctx context.Context, h Hash) (int64, error)
	// holds tells whether an object can be read without asking anybody.
	holds(ctx context.Context, h Hash) bool
	// prefetch brings objects, and all below trees, within reach in one request.
	prefetch(ctx context.Context, want []Hash) error
}

// objects reads commits and trees from a source and keeps parsed trees.
type objects struct {
	source
	trees *cache[Hash, *tree]
}

const treeCacheBytes = 64 << 20

func newObjects(src source) *objects {
	return &objects{source: src, trees: newCache[Hash, *tree](treeCacheBytes)}
}

var errNotTree = errors.New("not a directory")

// tree reads a directory.
func (o *objects) tree(ctx context.Context, h Hash) (*tree, error) {
	if h == emptyTree || h.IsZero() {
		return &tree{hash: emptyTree}, nil
	}
	if t, ok := o.trees.get(h); ok {
		return t, nil
	}
	t, err := o.treeLike(ctx, h, nil)
	if err != nil {
		return nil, err
	}
	o.keep(t)
	return t, nil
}

// treeLike reads a directory that is much like another, and does not keep it:
// it is for walks through many versions.
func (o *objects) treeLike(ctx context.Context, h Hash, like *tree) (*tree, error) {
	got, err := o.object(ctx, h)
	if err != nil {
		return nil, fmt.Errorf("read tree: %w", err)
	}
	if got.kind != treeObject {
		return nil, fmt.Errorf("%s is a %s: %w", h, got.kind, errNotTree)
	}
	return parseLike(h, got.data, like)
}

func (o *objects) keep(t *tree) { o.trees.put(t.hash, t, len(t.raw)+4*len(t.at)+100) }

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

// with lays new objects over a source, so that an edit can be made on a commit
// that is still on its way.
func (o *objects) with(fresh []newObject) *objects {
	layer := &overlay{source: o.source, fresh: make(map[Hash]object, len(fresh))}
	for _, f := range fresh {
		layer.fresh[f.hash] = f.object
	}
	return &objects{source: layer, trees: o.trees}
}

type overlay struct {
	source
	fresh map[Hash]object
}

func (v *overlay) object(ctx context.Context, h Hash) (object, error) {
	if o, ok := v.fresh[h]; ok {
		return o, nil
	}
	return v.source.object(ctx, h)
}

func (v *overlay) size(ctx context.Context, h Hash) (int64, error) {
	if o, ok := v.fresh[h]; ok {
		return int64(len(o.data)), nil
	}
	return v.source.size(ctx, h)
}

func (v *overlay) holds(ctx context.Context, h Hash) bool {
	_, fresh := v.fresh[h]
	return fresh || v.source.holds(ctx, h)
}

func (v *overlay) prefetch(ctx context.Context, want []Hash) error {
	var rest []Hash
	for _, h := range want {
		if _, ok := v.fresh[h]; !ok {
			rest = append(rest, h)
		}
	}
	if len(rest) == 0 {
		return nil
	}
	return v.source.prefetch(ctx, rest)
}
