package gitstore

import (
	"context"
	"errors"
	"fmt"
)

// Edit returns what to commit on top of the tip. It must be a pure function of the
// tree: it runs again whenever another writer moves the branch first.
type Edit func(ctx context.Context, tip *Snapshot) (Commit, error)

// Commit is the commit that an edit asks for.
type Commit struct {
	Author  Identity // the person or CI identity; the committer when empty
	Message string
	Changes []Change
}

// run calls an edit and turns a panic into an error.
func (e Edit) run(ctx context.Context, tip *Snapshot) (c Commit, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the edit panicked: %v", p)
		}
	}()
	if e == nil {
		return Commit{}, errors.New("gitstore: no edit")
	}
	return e(ctx, tip)
}
