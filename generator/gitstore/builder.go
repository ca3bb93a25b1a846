package gitstore

import (
	"context"
	"maps"
	"slices"

	"octopod/generator/staging"
)

// builder makes the objects of one commit.
type builder struct {
	objs       *objects
	newObjects []newObject
}

// build returns the root directory with the changes made.
func (b *builder) build(ctx context.Context, root Hash, changes []Change) (Hash, error) {
	n, err := plan(changes)
	if err != nil {
		return Hash{}, err
	}
	ref, err := b.directory(ctx, "", TreeRef{root, ModeDir}, n)
	if err != nil {
		return Hash{}, err
	}
	if ref.Hash.IsZero() { // the last file was removed
		b.newObjects = append(b.newObjects, makeObject(treeObject, nil))
		return emptyTree, nil
	}
	return ref.Hash, nil
}

// entry returns the entry of a path after the changes at and below it.
func (b *builder) entry(ctx context.Context, path string, old TreeRef, n *node) (TreeRef, error) {
	if c := n.change; c != nil {
		switch {
		case c.Entry != nil:
			old = *c.Entry
		case c.Delete:
			old = TreeRef{}
		default:
			return b.file(path, old, c.Data)
		}
		if len(n.children) == 0 {
			return old, nil
		}
	}
	if !old.Hash.IsZero() && !old.IsDir() {
		return TreeRef{}, failf(staging.CodeInvalid, nil, "", "cannot write below %s: it is a file", path)
	}
	return b.directory(ctx, path, old, n)
}

func (b *builder) file(path string, old TreeRef, data []byte) (TreeRef, error) {
	ref := TreeRef{Mode: ModeFile}
	switch {
	case old.Hash.IsZero(), old.Mode == ModeSymlink:
	case old.IsDir(), old.Mode == ModeSubmodule:
		return TreeRef{}, failf(staging.CodeInvalid, nil, "", "cannot write %s: it is a directory", path)
	default:
		ref.Mode = old.Mode
	}
	o := makeObject(blobObject, data)
	ref.Hash = o.hash
	if o.hash != old.Hash {
		b.newObjects = append(b.newObjects, o)
	}
	return ref, nil
}

// directory rebuilds one directory. It returns a zero TreeRef when no file is left.
func (b *builder) directory(ctx context.Context, path string, old TreeRef, n *node) (TreeRef, error) {
	t, err := b.objs.tree(ctx, old.Hash)
	if err != nil {
		return TreeRef{}, err
	}
	changes := make([]entryChange, 0, len(n.children))
	for _, name := range slices.Sorted(maps.Keys(n.children)) {
		was, _ := t.lookup(name)
		ref, err := b.entry(ctx, join(path, name), was, n.children[name])
		if err != nil {
			return TreeRef{}, err
		}
		if ref != was {
			changes = append(changes, entryChange{name, ref})
		}
	}
	if len(changes) == 0 {
		return old, nil
	}
	raw := t.apply(changes)
	if len(raw) == 0 {
		return TreeRef{}, nil
	}
	o := makeObject(treeObject, raw)
	o.base = old.Hash
	b.newObjects = append(b.newObjects, o)
	return TreeRef{o.hash, ModeDir}, nil
}
