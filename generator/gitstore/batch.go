package gitstore

import (
	"context"
	"slices"
	"time"

	"octopod/generator/staging"
)

// batch is several edits applied on top of each other: one commit per edit, one
// push for all of them.
type batch struct {
	base        *tip // where the branch is expected to be
	tip         *tip // where the push moves it
	items       []*batchItem
	newObjects  []newObject
	pushedBytes int
}

// batchItem is one edit of a batch and its result.
type batchItem struct {
	request     *request
	result      Result
	err         error
	independent bool // no commit of this batch lies below it
}

// newBatch runs the edits of the requests on top of each other.
func (s *Store) newBatch(ctx context.Context, base *tip, requests []*request) *batch {
	b := &batch{base: base, tip: base}
	for _, r := range requests {
		item := &batchItem{request: r, independent: b.tip == base}
		item.result, item.err = s.addEdit(ctx, b, r)
		b.items = append(b.items, item)
	}
	return b
}

// addEdit runs one edit on the batch's tip and adds its commit to the batch.
func (s *Store) addEdit(ctx context.Context, b *batch, r *request) (Result, error) {
	snap := s.snapshot(ctx, b.tip)
	snap.life = ctx // its reads have the patience of the push
	want, err := r.edit.run(r.ctx, snap)
	if err != nil {
		return Result{}, err
	}
	trees := &builder{objs: b.tip.objs}
	root, err := trees.build(r.ctx, b.tip.root, want.Changes)
	if err != nil {
		return Result{}, err
	}
	if root == b.tip.root {
		return Result{Revision: b.tip.commit, Commit: b.tip.when}, nil
	}
	commit, err := s.createCommit(b.tip, root, want, r.authored)
	if err != nil {
		return Result{}, err
	}
	trees.newObjects = append(trees.newObjects, commit.newObject)
	b.newObjects = append(b.newObjects, trees.newObjects...)
	b.tip = &tip{commit: commit.hash, root: root, when: commit.header.when, objs: b.tip.objs.withNew(trees.newObjects)}
	return Result{Revision: commit.hash, Changed: true, Commit: commit.header.when}, nil
}

// newCommit is a commit object together with its decoded header.
type newCommit struct {
	newObject
	header *commitHeader
}

// createCommit makes the commit object, signed when the store has a Signer.
func (s *Store) createCommit(parent *tip, root Hash, want Commit, authored time.Time) (newCommit, error) {
	h := &commitHeader{tree: root, author: want.Author, committer: s.opts.Committer,
		authored: authored, when: s.opts.Now(), message: cleanMessage(want.Message)}
	if want.Author == (Identity{}) {
		h.author = h.committer
	}
	if !parent.commit.IsZero() {
		h.parents = []Hash{parent.commit}
	}
	var signature []byte
	if s.opts.Signer != nil {
		var err error
		if signature, err = s.opts.Signer.Sign(h.encode(nil)); err != nil {
			return newCommit{}, failf(staging.CodeInvalid, err, "check the signing key", "cannot sign the commit")
		}
	}
	return newCommit{makeObject(commitObject, h.encode(signature)), h}, nil
}

// allChanged reports whether every edit of the batch made a commit.
func (b *batch) allChanged() bool {
	for _, item := range b.items {
		if !item.result.Changed {
			return false
		}
	}
	return true
}

// answerUnpushed answers the edits that need no push and returns the requests
// that do. An edit that saw a commit of this batch waits for the push: that
// commit may still be rejected.
func (b *batch) answerUnpushed() (rest []*request) {
	pending := b.items[:0]
	for _, item := range b.items {
		if item.independent && !item.result.Changed {
			item.request.answer(reply{item.result, item.err})
			continue
		}
		pending = append(pending, item)
		rest = append(rest, item.request)
	}
	b.items = pending
	return rest
}

// update returns what to push: each new object once.
func (b *batch) update() update {
	seen := make(map[Hash]bool, len(b.newObjects))
	b.newObjects = slices.DeleteFunc(b.newObjects, func(o newObject) bool {
		duplicate := seen[o.hash]
		seen[o.hash] = true
		return duplicate
	})
	return update{base: b.base, new: b.tip, newObjects: b.newObjects}
}

// attempts returns how often the edit with the most attempts was pushed.
func (b *batch) attempts() int {
	most := 0
	for _, item := range b.items {
		most = max(most, item.request.attempts)
	}
	return most
}

// succeed answers every edit after the push was accepted.
func (b *batch) succeed() {
	for _, item := range b.items {
		if item.result.Changed {
			item.result.Attempts, item.result.PushedBytes = item.request.attempts, b.pushedBytes
		}
		item.request.answer(reply{item.result, item.err})
	}
}

// fail answers every edit with the push's error; an edit that failed before the
// push keeps its own error.
func (b *batch) fail(err error) {
	for _, item := range b.items {
		if item.err == nil {
			item.err = err
		}
		item.request.answer(reply{err: item.err})
	}
}
