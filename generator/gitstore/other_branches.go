package gitstore

import (
	"context"
	"errors"
)

// OtherBranches returns the tips of the other branches of a local repository by name,
// including the branches that a clone fetched from its remotes. A branch at the same commit is listed
// once. For a remote the result is empty: reading all its branches would take many requests.
func (s *Store) OtherBranches(ctx context.Context) (map[string]*Snapshot, error) {
	l, ok := s.repo.(*local)
	if !ok {
		return nil, nil
	}
	own, err := l.refs.read(l.ref)
	if err != nil {
		return nil, err
	}
	found, seen := map[string]*Snapshot{}, map[Hash]bool{own: true}
	for _, prefix := range []string{"refs/heads/", "refs/remotes/"} {
		names, err := refs{l.layout.common}.below(prefix)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			commit, err := refs{l.layout.common}.read(prefix + name)
			if err != nil {
				return nil, err
			}
			if commit.IsZero() || seen[commit] {
				continue
			}
			seen[commit] = true
			t, err := readTip(ctx, l.objs, commit)
			if errors.Is(err, errNoObject) {
				continue // a shallow clone
			}
			if err != nil {
				return nil, err
			}
			found[name] = s.snapshot(ctx, t)
		}
	}
	return found, nil
}
