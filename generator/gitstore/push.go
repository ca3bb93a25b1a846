package gitstore

import (
	"context"
	"errors"
	"time"

	"octopod/generator/staging"
)

// land pushes a chain and finds out what became of it. It tells whether the
// branch moved under it.
func (s *Store) land(c *chain, waiting int) (moved bool, err error) {
	w := &s.writer
	began := time.Now()
	for _, l := range c.links {
		l.request.push(began)
	}
	done, pushErr := s.repo.push(s.life, c.update())
	w.pace.took(time.Since(began))
	if pushErr == nil {
		s.log.Debug("moved branch", "branch", s.opts.Branch, "commit", c.tip.commit, "edits", len(c.links), "bytes", done.bytes, "took", since(began))
		c.sent, w.tip = done.bytes, done.tip
		w.pace.landed()
		return false, nil
	}
	s.log.Debug("could not move branch", "branch", s.opts.Branch, "commit", c.tip.commit, "error", pushErr)
	beaten := errors.Is(pushErr, errMoved)
	if beaten || refused(pushErr) {
		// Most likely another writer was faster. The branch is read after the
		// pause, not before: the fresher the tip, the better the next chance.
		s.pause(w.pace.lost(c.attempts(), len(c.links), waiting))
	}
	moved, err = s.look(c, pushErr)
	if err != nil && refused(pushErr) {
		// Another writer may have held the server's lock and be about to move
		// the branch. A second look tells that from a refusal.
		s.pause(100 * time.Millisecond)
		moved, err = s.look(c, pushErr)
	}
	if beaten && err != nil { // moved, and moved back since
		return true, nil
	}
	return moved, err
}

// look reads the branch after a push that failed: it is at our commit or
// beyond (only the reply was lost), it moved, or it is where it was and the
// push's error stands.
func (s *Store) look(c *chain, pushErr error) (moved bool, err error) {
	w := &s.writer
	w.tip = nil
	t, err := s.refresh(s.life)
	if err != nil {
		return false, uncertain(pushErr, err)
	}
	w.tip = t
	if landed(s.life, t, c) {
		return false, nil
	}
	if t.commit != c.base.commit {
		return true, nil
	}
	return false, pushErr
}

// uncertain is the error when the branch cannot be read after a failed push.
func uncertain(push, read error) error {
	return failf(staging.CodeOf(push), errors.Join(push, read),
		"the change may have arrived; look before you repeat it (repeating is safe)",
		"the push failed and the branch could not be read afterwards")
}

// landed tells whether a chain's last commit is the tip or behind it: the push
// arrived and only the reply was lost, and others may have built on it since.
func landed(ctx context.Context, t *tip, c *chain) bool {
	todo, seen := []Hash{t.commit}, map[Hash]bool{c.base.commit: true}
	for len(todo) > 0 && len(seen) < 10_000 {
		h := todo[0]
		todo = todo[1:]
		if h == c.tip.commit {
			return true
		}
		if h.IsZero() || seen[h] {
			continue
		}
		seen[h] = true
		if got, err := t.objs.commit(ctx, h); err == nil {
			todo = append(todo, got.parents...)
		}
	}
	return false
}
