package gitstore

import (
	"context"
	"time"
)

// repository is a local or remote repository.
type repository interface {
	// refresh reads where the branch is now and fetches its tip.
	refresh(ctx context.Context) (*tip, error)
	// lastTip returns the tip that was read last, if reading it again is slow.
	lastTip(ctx context.Context) (*tip, error)
	// push writes new objects and moves the branch, if it is still at u.base.
	// After an error the caller must read the branch: the push may have arrived.
	push(ctx context.Context, u update) (pushResult, error)
	// historyObjects returns a source of the commits that lead to t and of their
	// upper trees.
	historyObjects(ctx context.Context, t *tip) (*objects, error)
	// checkWriteAccess returns an error when a push would be rejected.
	checkWriteAccess(ctx context.Context) error
	// maintain does work that is due but not urgent. final is the last call.
	maintain(ctx context.Context, final bool) error
	close() error
}

// tip is the commit of a branch.
type tip struct {
	commit Hash // zero in a repository without commits
	root   Hash
	when   time.Time
	waited time.Duration // for the push, if another writer made the commit
	objs   *objects
}

// readTip reads the commit that a branch points to.
func readTip(ctx context.Context, objs *objects, commit Hash) (*tip, error) {
	if commit.IsZero() {
		return &tip{root: emptyTree, objs: objs}, nil
	}
	c, err := objs.commit(ctx, commit)
	if err != nil {
		return nil, err
	}
	return &tip{commit: commit, root: c.tree, when: c.when, waited: c.waited(), objs: objs}, nil
}

// update moves the branch from base to a new commit.
type update struct {
	base       *tip
	new        *tip // its objs read base and new
	newObjects []newObject
}

// newTip returns the new tip, to read from the repository itself after the push.
func (u update) newTip() *tip {
	objs := u.base.objs
	for _, o := range u.newObjects {
		if o.kind == treeObject {
			if t, err := parseTree(o.hash, o.data); err == nil {
				objs.cacheTree(t)
			}
		}
	}
	return &tip{commit: u.new.commit, root: u.new.root, when: u.new.when, objs: objs}
}

// pushResult is the branch after a push.
type pushResult struct {
	tip   *tip
	bytes int
}
