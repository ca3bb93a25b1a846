package gitstore

import (
	"errors"
	"slices"

	"octopod/generator/staging"
)

// chain is a batch of edits laid one on the other: a commit each, one push.
type chain struct {
	base  *tip // what the branch is expected to be at
	tip   *tip // what it will be
	links []*link
	fresh []newObject
	sent  int
}

// link is what one edit came to.
type link struct {
	request *request
	result  Result
	err     error
	first   bool // no commit of this chain lies below it, so it depends on none
}

// chain runs the edits of a batch on top of each other.
func (s *Store) chain(base *tip, batch []*request) *chain {
	c := &chain{base: base, tip: base}
	for _, r := range batch {
		l := &link{request: r, first: c.tip == base}
		l.result, l.err = s.append(c, r)
		c.links = append(c.links, l)
	}
	return c
}

// append runs one edit and puts its commit on the chain.
func (s *Store) append(c *chain, r *request) (Result, error) {
	want, err := r.edit.run(r.ctx, s.snapshot(c.tip))
	if err != nil {
		return Result{}, err
	}
	b := &builder{objs: c.tip.objs}
	root, err := b.build(r.ctx, c.tip.root, want.Changes)
	if err != nil {
		return Result{}, err
	}
	if root == c.tip.root {
		return Result{Revision: c.tip.commit, Commit: c.tip.when}, nil
	}
	commit, err := s.record(c.tip, root, want)
	if err != nil {
		return Result{}, err
	}
	b.fresh = append(b.fresh, commit.newObject)
	c.fresh = append(c.fresh, b.fresh...)
	c.tip = &tip{commit: commit.hash, root: root, when: commit.header.when, objs: c.tip.objs.with(b.fresh)}
	return Result{Revision: commit.hash, Changed: true, Commit: commit.header.when}, nil
}

// recorded is a commit that was made.
type recorded struct {
	newObject
	header *commitHeader
}

// record makes the commit object.
func (s *Store) record(on *tip, root Hash, want Commit) (recorded, error) {
	h := &commitHeader{tree: root, author: want.Author, committer: s.opts.Committer,
		when: s.opts.Now(), message: cleanMessage(want.Message)}
	if want.Author == (Identity{}) {
		h.author = h.committer
	}
	if !on.commit.IsZero() {
		h.parents = []Hash{on.commit}
	}
	var signature []byte
	if s.opts.Signer != nil {
		var err error
		if signature, err = s.opts.Signer.Sign(h.encode(h.when, nil)); err != nil {
			return recorded{}, failf(staging.CodeInvalid, err, "check the signing key", "the commit cannot be signed")
		}
	}
	return recorded{makeObject(commitObject, h.encode(h.when, signature)), h}, nil
}

// allCommit tells whether every edit made a commit.
func (c *chain) allCommit() bool {
	for _, l := range c.links {
		if !l.result.Changed {
			return false
		}
	}
	return true
}

// settle answers the edits that are finished without a push and gives the rest.
// What an edit found on top of a commit that has yet to land is not final.
func (c *chain) settle() (rest []*request) {
	pending := c.links[:0]
	for _, l := range c.links {
		if l.first && !l.result.Changed {
			l.request.answer(outcome{l.result, l.err})
			continue
		}
		pending = append(pending, l)
		rest = append(rest, l.request)
	}
	c.links = pending
	return rest
}

func (c *chain) update() update {
	seen := make(map[Hash]bool, len(c.fresh))
	c.fresh = slices.DeleteFunc(c.fresh, func(o newObject) bool {
		again := seen[o.hash]
		seen[o.hash] = true
		return again
	})
	return update{base: c.base, new: c.tip, fresh: c.fresh}
}

// attempts gives how often the oldest edit was pushed.
func (c *chain) attempts() int {
	most := 0
	for _, l := range c.links {
		most = max(most, l.request.attempts)
	}
	return most
}

func (c *chain) succeed() {
	for _, l := range c.links {
		if l.result.Changed {
			l.result.Attempts, l.result.PushedBytes = l.request.attempts, c.sent
		}
		l.request.answer(outcome{l.result, l.err})
	}
}

// fail answers with the push's error; an edit that failed itself keeps its own.
func (c *chain) fail(err error) {
	for _, l := range c.links {
		if l.err == nil {
			l.err = err
		}
		l.request.answer(outcome{err: l.err})
	}
}

// refusal is the word of a server that understood the push and declined it.
type refusal struct{ words string }

func (r *refusal) Error() string { return r.words }

// refused tells whether a push was declined, as opposed to having failed.
func refused(err error) bool {
	var r *refusal
	return errors.As(err, &r)
}
