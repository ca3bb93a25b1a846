package gitstore

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"strings"

	"octopod/generator/staging"
)

// At returns the tree at a commit of the branch's history. rev is a full hash or a
// prefix of at least seven digits.
func (s *Store) At(ctx context.Context, rev string) (*Snapshot, error) {
	given := rev
	rev = strings.ToLower(rev)
	if _, err := hex.DecodeString(rev + strings.Repeat("0", len(rev)%2)); err != nil || len(rev) < 7 || len(rev) > 40 {
		return nil, failf(staging.CodeInvalid, nil, "", "%.60q is not a revision", given).
			WithTechnicalHint("give at least 7 digits, as `octopod history` shows them")
	}
	t, objs, _, err := s.historyOf(ctx, s.repo.refresh)
	if err != nil {
		return nil, err
	}
	if t.commit.String() == rev {
		return s.snapshot(ctx, t), nil
	}
	found, err := findCommits(ctx, objs, t.commit, rev)
	if err != nil {
		return nil, err
	}
	switch len(found) {
	case 0:
		return nil, failf(staging.CodeNotFound, nil, "", "branch %s has no revision %s", s.opts.Branch, rev).
			WithTechnicalHint("`octopod history` lists the revisions of a staging")
	case 1:
		at, err := readTip(ctx, objs, found[0])
		if err != nil {
			return nil, err
		}
		return s.snapshot(ctx, at), nil
	}
	return nil, failf(staging.CodeInvalid, nil, "give more digits", "revision %s is ambiguous", rev)
}

// HashAt returns the hash of a path at a commit, given as a full hash. It is zero
// when the path does not exist there or the repository does not have the commit.
// Unlike At, it does not check that the branch contains the commit, so it never
// walks the history.
func (s *Store) HashAt(ctx context.Context, rev, name string) (Hash, error) {
	commit, err := parseHash(rev)
	if err != nil {
		return Hash{}, nil
	}
	_, objs, _, err := s.historyOf(ctx, s.repo.lastTip)
	if err != nil || !objs.isLocal(ctx, commit) {
		return Hash{}, err
	}
	at, err := readTip(ctx, objs, commit)
	if errors.Is(err, errNoObject) {
		return Hash{}, nil
	}
	if err != nil {
		return Hash{}, err
	}
	ref, err := s.snapshot(ctx, at).entry(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return ref.Hash, err
}

// findCommits walks the history for commits whose hash begins with rev. It stops
// early when rev is a full hash.
func findCommits(ctx context.Context, objs *objects, from Hash, rev string) (found []Hash, err error) {
	todo, seen := []Hash{from}, map[Hash]bool{}
	for len(todo) > 0 {
		h := todo[0]
		todo = todo[1:]
		if h.IsZero() || seen[h] {
			continue
		}
		seen[h] = true
		c, err := objs.commit(ctx, h)
		if errors.Is(err, errNoObject) {
			continue // a shallow repository ends here
		}
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(h.String(), rev) {
			if found = append(found, h); len(rev) == 40 {
				return found, nil
			}
		}
		todo = append(todo, c.parents...)
	}
	return found, nil
}
