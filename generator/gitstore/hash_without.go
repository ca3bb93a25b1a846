package gitstore

import (
	"context"
	"errors"
	"io/fs"
)

// HashWithout returns the hash that a directory would have without the entry name. Two
// versions with equal hashes differ at most in that entry. The hash is zero when dir
// does not exist.
func (s *Snapshot) HashWithout(ctx context.Context, dir, name string) (Hash, error) {
	at, err := s.entry(ctx, dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Hash{}, nil
	case err != nil || !at.IsDir():
		return at.Hash, err
	}
	return s.objs.hashWithout(ctx, at.Hash, name)
}

// HashWithout does the same for the tree of a HistoryEntry.
func (s *Store) HashWithout(ctx context.Context, dir Hash, name string) (Hash, error) {
	if dir.IsZero() {
		return Hash{}, nil
	}
	_, objs, _, err := s.historyOf(ctx, s.repo.lastTip)
	if err != nil {
		return Hash{}, err
	}
	rest, err := objs.hashWithout(ctx, dir, name)
	if errors.Is(err, errNotTree) {
		return dir, nil
	}
	return rest, err
}

func (o *objects) hashWithout(ctx context.Context, dir Hash, name string) (Hash, error) {
	t, err := o.tree(ctx, dir)
	if err != nil {
		return Hash{}, err
	}
	return hashObject(treeObject, t.apply([]entryChange{{name: name}})), nil
}
