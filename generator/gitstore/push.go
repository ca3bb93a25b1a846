package gitstore

import (
	"context"
	"errors"
	"slices"
	"time"

	"octopod/generator/staging"
)

// pushBatch pushes a batch and answers its edits. It returns the requests to
// retry because another writer pushed first. waiting counts all edits that wait
// for a push.
func (s *Store) pushBatch(ctx context.Context, b *batch, waiting int) (retry []*request) {
	pending := b.answerUnpushed()
	if len(pending) == 0 {
		return nil
	}
	began := time.Now()
	moved, err := s.pushPatiently(ctx, b, waiting)
	s.opts.OnPush(Push{Edits: len(b.items), Took: time.Since(began), Outcome: outcomeOf(moved, err)})
	switch {
	case err != nil:
		b.fail(err)
		return nil
	case moved:
		return s.failExhausted(pending)
	}
	s.memory.keepPushed(s.writer.tip)
	b.succeed()
	s.yield(waiting)
	return nil
}

// pushPatiently pushes a batch until its outcome is known. A push may arrive after its
// reply was lost, so it is the same commits that are pushed again: they arrive once,
// because the branch moves from the same base only once.
func (s *Store) pushPatiently(ctx context.Context, b *batch, waiting int) (moved bool, err error) {
	p := s.opts.patience(ctx)
	for {
		moved, err = s.tryPush(ctx, b, waiting)
		if err == nil || !p.wait(ctx, err) {
			return moved, err
		}
	}
}

// tryPush pushes a batch once. After a failed push it reads the branch again to
// learn whether the push arrived. It reports whether another writer moved the
// branch.
func (s *Store) tryPush(ctx context.Context, b *batch, waiting int) (moved bool, err error) {
	w := &s.writer
	began := time.Now()
	for _, item := range b.items {
		item.request.attempts++
	}
	done, pushErr := s.repo.push(ctx, b.update())
	w.backoff.observe(time.Since(began))
	if pushErr == nil {
		s.log.Debug("moved branch", "branch", s.opts.Branch, "commit", b.tip.commit, "edits", len(b.items), "bytes", done.bytes, "took", since(began))
		b.pushedBytes, w.tip = done.bytes, done.tip
		w.backoff.growBatch()
		return false, nil
	}
	s.log.Debug("could not move branch", "branch", s.opts.Branch, "commit", b.tip.commit, "error", pushErr)
	conflict := errors.Is(pushErr, errMoved)
	if conflict || isRejected(pushErr) {
		// Most likely another writer pushed first. Read the branch after the
		// pause, not before: the fresher the tip, the better the next chance.
		pause := w.backoff.afterConflict(b.attempts(), len(b.items), waiting)
		s.opts.OnWait(Wait{Since: b.items[0].request.queued, Pause: pause, Cause: pushErr})
		s.pause(pause)
	}
	moved, err = s.checkPushed(ctx, b, pushErr)
	if err != nil && isRejected(pushErr) {
		// Another writer may hold the server's lock and be about to move the
		// branch. Check once more before reporting a rejection.
		s.pause(100 * time.Millisecond)
		moved, err = s.checkPushed(ctx, b, pushErr)
	}
	if conflict && err != nil { // the branch moved, and moved back since
		return true, nil
	}
	return moved, err
}

// checkPushed reads the branch after a failed push. The branch contains our
// commit (only the reply was lost), or another writer moved it, or it did not
// move and pushErr is the result.
func (s *Store) checkPushed(ctx context.Context, b *batch, pushErr error) (moved bool, err error) {
	w := &s.writer
	w.tip = nil
	t, err := s.refresh(ctx)
	if err != nil {
		return false, uncertainPush(pushErr, err)
	}
	w.tip = t
	if containsBatch(ctx, t, b) {
		return false, nil
	}
	if t.commit != b.base.commit {
		return true, nil
	}
	return false, pushErr
}

// uncertainPush is the error when the push failed and so did reading the branch.
func uncertainPush(push, read error) error {
	return failf(staging.CodeOf(push), errors.Join(push, read),
		"check the branch; repeating the command is safe",
		"the push failed and the branch cannot be read, so the change may or may not be in it")
}

// containsBatch reports whether the batch's last commit is the tip or one of its
// ancestors: the push arrived and only the reply was lost.
func containsBatch(ctx context.Context, t *tip, b *batch) bool {
	todo, seen := []Hash{t.commit}, map[Hash]bool{b.base.commit: true}
	for len(todo) > 0 && len(seen) < 10_000 {
		h := todo[0]
		todo = todo[1:]
		if h == b.tip.commit {
			return true
		}
		if h.IsZero() || seen[h] {
			continue
		}
		seen[h] = true
		if commit, err := t.objs.commit(ctx, h); err == nil {
			todo = append(todo, commit.parents...)
		}
	}
	return false
}

// failExhausted answers requests that lost too often and returns the others.
func (s *Store) failExhausted(requests []*request) []*request {
	return slices.DeleteFunc(requests, func(r *request) bool {
		if !r.exhausted(&s.opts) {
			return false
		}
		r.answer(reply{err: failf(staging.CodeBusy, errMoved,
			"other writers push to this branch all the time; run the command again",
			"branch %s moved %d times in %s before this change could be pushed", s.opts.Branch, r.attempts, time.Since(r.queued).Round(time.Second))})
		return true
	})
}

// yield pauses after a push that other writers made difficult, so that they get
// a turn.
func (s *Store) yield(waiting int) {
	w := &s.writer
	d := w.backoff.afterSuccess(waiting)
	if d <= 0 {
		return
	}
	s.pause(d)
	w.tip = nil // stale by now, most likely
}

// pause sleeps until d has passed or the store is closed.
func (s *Store) pause(d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.writer.closing:
	}
}
