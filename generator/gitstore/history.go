package gitstore

import (
	"context"
	"errors"
	"time"

	"octopod/generator/staging"
)

// HistoryEntry is one commit in the history of a path.
type HistoryEntry struct {
	Revision  Hash
	Parent    Hash // first parent, zero for the first commit
	Tree      Hash // of the path after the commit; zero when the commit removed it
	Author    Identity
	Committer Identity
	When      time.Time
	Message   string
}

// History returns the commits that changed a path, newest first; at most limit of
// them when limit is positive. It follows first parents and compares entries by
// hash, so a merge counts as one commit and no contents are read. For a remote, it
// starts from the tip that Snapshot or Change read last.
func (s *Store) History(ctx context.Context, name string, limit int) ([]HistoryEntry, error) {
	if why := pathProblem(name); why != "" {
		return nil, failf(staging.CodeInvalid, nil, "", "%.80q: %s", name, why)
	}
	t, objs, paths, err := s.historyOf(ctx, s.repo.lastTip)
	if err != nil {
		return nil, err
	}
	marks, err := paths.changes(ctx, objs, t, name, limit)
	if err != nil {
		return nil, err
	}
	out := make([]HistoryEntry, len(marks))
	for i, m := range marks {
		c, err := objs.commit(ctx, m.commit)
		if err != nil {
			return nil, err
		}
		out[i] = HistoryEntry{Revision: m.commit, Parent: c.parent(), Tree: m.tree,
			Author: c.author, Committer: c.committer, When: c.when, Message: c.message}
	}
	return out, nil
}

// WalkHistory walks the history along first parents, newest commit first, until visit
// returns false. It does not read trees: HistoryEntry.Tree is zero.
func (s *Snapshot) WalkHistory(ctx context.Context, visit func(HistoryEntry) (more bool)) error {
	for at := s.revision; !at.IsZero(); {
		c, err := s.objs.commit(ctx, at)
		if errors.Is(err, errNoObject) {
			return nil // a shallow repository ends here
		}
		if err != nil {
			return err
		}
		if !visit(HistoryEntry{Revision: at, Parent: c.parent(), Author: c.author, Committer: c.committer, When: c.when, Message: c.message}) {
			return nil
		}
		at = c.parent()
	}
	return nil
}

// PathChange is a commit that changed a path, and the hash of the path after it: zero when
// the commit removed it.
type PathChange struct{ Revision, Tree Hash }

// EntryChanges returns the commits that changed each entry of a directory at the root, newest
// first, also of entries that do not exist any more. It reads no contents.
func (s *Store) EntryChanges(ctx context.Context, dir string) (map[string][]PathChange, error) {
	t, objs, paths, err := s.historyOf(ctx, s.repo.lastTip)
	if err != nil {
		return nil, err
	}
	return paths.log(dir).all(ctx, objs, t)
}

// CommitTree returns the tree at a commit that the history of the branch contains. Unlike
// At, it does not walk there.
func (s *Store) CommitTree(ctx context.Context, revision string) (*Snapshot, error) {
	commit, err := parseHash(revision)
	if err != nil {
		return nil, err
	}
	_, objs, _, err := s.historyOf(ctx, s.repo.lastTip)
	if err != nil {
		return nil, err
	}
	at, err := readTip(ctx, objs, commit)
	if err != nil {
		return nil, err
	}
	return s.snapshot(ctx, at), nil
}
