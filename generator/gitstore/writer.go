package gitstore

import (
	"context"
	"time"

	"octopod/generator/staging"
)

// Change applies an edit to the tip and pushes it. When another writer pushes
// first, the edit runs again on the new tip. Edits that wait while a push is in
// flight are pushed together by the next one, one commit each.
//
// When ctx ends while a push is in flight, Change returns at once and the push
// continues: the commit may or may not arrive, but never half of it.
func (s *Store) Change(ctx context.Context, edit Edit) (Result, error) {
	results, errs := s.ChangeAll(ctx, []Edit{edit})
	return results[0], errs[0]
}

// ChangeAll applies several edits, each on top of those before it, and pushes
// them together, one commit each. Each edit has its own result and error: one
// that fails does not stop the others.
func (s *Store) ChangeAll(ctx context.Context, edits []Edit) ([]Result, []error) {
	requests := make([]*request, len(edits))
	for i, edit := range edits {
		requests[i] = &request{ctx: ctx, edit: edit, done: make(chan reply, 1), queued: time.Now(), authored: s.opts.Now()}
	}
	if err := s.enqueue(requests); err != nil {
		failAll(requests, err)
	}
	results, errs := make([]Result, len(edits)), make([]error, len(edits))
	for i, r := range requests {
		results[i], errs[i] = r.wait()
	}
	return results, errs
}

// QueueLength returns the number of edits that wait for the push in flight.
func (s *Store) QueueLength() int {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	return len(s.writer.queue)
}

// enqueue adds requests to the queue. The first call starts the goroutine.
func (s *Store) enqueue(more []*request) error {
	if s.opts.Branch == Detached {
		return failf(staging.CodeInvalid, nil, "", "no branch is checked out in %s, so nothing can be committed", s.opts.URL).
			WithTechnicalHint("check out a branch (`git switch -c try`), or name one with --ref")
	}
	w := &s.writer
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return errClosed
	}
	w.queue = append(w.queue, more...)
	if !w.running {
		w.running = true
		go s.runWriter()
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return nil
}

// runWriter commits and pushes queued edits until the store is closed.
func (s *Store) runWriter() {
	w := &s.writer
	defer close(w.ended)
	for range w.wake {
		requests, closed := w.drain()
		if closed {
			failAll(requests, errClosed)
			continue
		}
		s.commitAll(requests)
		s.maintain(false)
	}
	requests, _ := w.drain()
	failAll(requests, errClosed)
}

// commitAll answers the given requests, and requests that arrive meanwhile.
func (s *Store) commitAll(waiting []*request) {
	w := &s.writer
	for {
		more, _ := w.drain()
		waiting = dropCancelled(append(waiting, more...))
		if len(waiting) == 0 {
			return
		}
		n := min(len(waiting), w.backoff.batchSize())
		ctx := s.patient(waiting)
		b, err := s.prepareBatch(ctx, waiting[:n])
		if err != nil {
			failAll(waiting, err)
			return
		}
		retry := s.pushBatch(ctx, b, len(waiting))
		waiting = append(retry, waiting[n:]...)
	}
}

// patient returns the context of the requests to the git server for some edits: they
// are retried as long as the patience of the last edit, but not after Close.
func (s *Store) patient(requests []*request) context.Context {
	last := requests[len(requests)-1].queued
	return withLimit(s.life, limit{until: last.Add(s.opts.Patience), stop: s.writer.closing})
}

// prepareBatch runs the edits. It starts from the tip that the last push left,
// which saves a request: with a stale tip the push fails and nothing is lost.
// Only an edit that failed or changed nothing must have seen the current tip.
func (s *Store) prepareBatch(ctx context.Context, requests []*request) (*batch, error) {
	w := &s.writer
	fresh := false
	for {
		if w.tip == nil {
			t, err := s.refresh(ctx)
			if err != nil {
				return nil, err
			}
			w.tip, fresh = t, true
		}
		if t, err := s.takeTurn(ctx, w.tip, requests[0].queued); err != nil {
			return nil, err
		} else if t != w.tip {
			w.tip, fresh = t, true
		}
		b := s.newBatch(ctx, w.tip, requests)
		if fresh || b.allChanged() {
			return b, nil
		}
		t, err := s.refresh(ctx)
		if err != nil {
			return nil, err
		}
		same := t.commit == w.tip.commit
		w.tip, fresh = t, true
		if same {
			return b, nil
		}
	}
}
