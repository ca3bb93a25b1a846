package gitstore

import (
	"context"
	"errors"
	"io/fs"
)

// Without gives the hash that a path's directory would have if it had no entry
// of some name: what tells whether two versions differ in anything else. It is
// zero where there is nothing at the path.
func (s *Snapshot) Without(ctx context.Context, dir, name string) (Hash, error) {
	at, err := s.entry(ctx, dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Hash{}, nil
	case err != nil || !at.IsDir():
		return at.Hash, err
	}
	return s.objs.without(ctx, at.Hash, name)
}

// Without is the same for an Entry of a history: the directory is Entry.Tree.
func (s *Store) Without(ctx context.Context, dir Hash, name string) (Hash, error) {
	if dir.IsZero() {
		return Hash{}, nil
	}
	t, err := s.repo.latest(ctx)
	if err != nil {
		return Hash{}, err
	}
	objs, err := s.repo.history(ctx, t)
	if err != nil {
		return Hash{}, err
	}
	rest, err := objs.without(ctx, dir, name)
	if errors.Is(err, errNotTree) {
		return dir, nil
	}
	return rest, err
}

func (o *objects) without(ctx context.Context, dir Hash, name string) (Hash, error) {
	t, err := o.tree(ctx, dir)
	if err != nil {
		return Hash{}, err
	}
	return hashObject(treeObject, t.apply([]entryChange{{name: name}})), nil
}
