package gitstore

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"octopod/generator/staging"
)

// Result says what became of an edit.
type Result struct {
	Revision    Hash      // the commit that holds the edit
	Changed     bool      // false: the tip said it all already, no commit was made
	Commit      time.Time // of that commit
	Attempts    int       // pushes it took; 0 when nothing was pushed
	PushedBytes int       // of the push that succeeded, shared by all its commits
}

// Change applies an edit to the tip and pushes it. When another writer is
// faster, the edit runs again on what that writer left. Edits that wait while
// a push is in flight are pushed together by the next one, a commit each.
//
// When ctx ends while a push is in flight, Change returns at once and the push
// goes on: the commit may or may not arrive, but never half of it.
func (s *Store) Change(ctx context.Context, edit Edit) (Result, error) {
	results, errs := s.ChangeAll(ctx, []Edit{edit})
	return results[0], errs[0]
}

// ChangeAll applies several edits, each on top of those before it, and pushes
// them together, a commit each. One that fails keeps no other from being
// committed. Each has a result or an error of its own.
func (s *Store) ChangeAll(ctx context.Context, edits []Edit) ([]Result, []error) {
	requests := make([]*request, len(edits))
	for i, edit := range edits {
		requests[i] = &request{ctx: ctx, edit: edit, done: make(chan outcome, 1)}
	}
	if err := s.enqueue(requests); err != nil {
		fail(requests, err)
	}
	results, errs := make([]Result, len(edits)), make([]error, len(edits))
	for i, r := range requests {
		results[i], errs[i] = r.wait()
	}
	return results, errs
}

// wait gives the answer, or ends with the context of the asker.
func (r *request) wait() (Result, error) {
	select {
	case o := <-r.done:
		return o.result, o.err
	case <-r.ctx.Done():
		return Result{}, fmt.Errorf("stopped waiting for the push: %w", context.Cause(r.ctx))
	}
}

// Push is one attempt to move the branch.
type Push struct {
	Edits   int // commits in it
	Took    time.Duration
	Outcome Outcome
}

// Outcome is what became of a push.
type Outcome string

// The outcomes.
const (
	Landed Outcome = "landed"
	Beaten Outcome = "beaten" // another writer was faster; it is tried again
	Failed Outcome = "failed"
)

// Waiting counts the edits that wait for the push in flight.
func (s *Store) Waiting() int {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	return len(s.writer.queue)
}

// writer is the one goroutine that commits and pushes.
type writer struct {
	mu      sync.Mutex
	queue   []*request
	running bool
	closed  bool
	wake    chan struct{}
	closing chan struct{}
	ended   chan struct{}

	// Only the goroutine reads and writes these.
	tip  *tip
	pace pace
}

// request is an edit that waits.
type request struct {
	ctx      context.Context
	edit     Edit
	done     chan outcome
	attempts int
	first    time.Time // when it was pushed first
}

// push notes that the edit is pushed once more.
func (r *request) push(now time.Time) {
	if r.attempts == 0 {
		r.first = now
	}
	r.attempts++
}

// beaten tells whether an edit has lost so often and for so long that its
// caller should know. A burst of CI jobs alone is no reason: with many of them
// at work, some lose dozens of times in a few seconds.
func (r *request) beaten(o *Options) bool {
	return r.attempts >= o.MaxAttempts && time.Since(r.first) >= o.Patience
}

type outcome struct {
	result Result
	err    error
}

func (r *request) answer(o outcome) { r.done <- o }

func (w *writer) init() {
	w.wake, w.closing, w.ended = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
}

// enqueue adds requests and starts the goroutine with the first.
func (s *Store) enqueue(more []*request) error {
	if s.opts.Branch == Detached {
		return failf(staging.CodeInvalid, nil, "check one out (`git switch -c try`), or name it with --ref",
			"no branch is checked out in %s, so nothing can be committed", s.opts.URL)
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
		go s.write()
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return nil
}

// take empties the queue.
func (w *writer) take() (batch []*request, closed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	batch, w.queue = w.queue, nil
	return batch, w.closed
}

// shut ends the goroutine after the push in flight.
func (w *writer) shut() {
	w.mu.Lock()
	again := w.closed
	w.closed = true
	running := w.running
	w.mu.Unlock()
	if again {
		return
	}
	close(w.wake)
	close(w.closing)
	if running {
		<-w.ended
	}
}

func (s *Store) write() {
	w := &s.writer
	defer close(w.ended)
	for range w.wake {
		batch, closed := w.take()
		if closed {
			fail(batch, errClosed)
			continue
		}
		s.commit(batch)
		s.tidy(false)
	}
	batch, _ := w.take()
	fail(batch, errClosed)
}

func fail(batch []*request, err error) {
	for _, r := range batch {
		r.answer(outcome{err: err})
	}
}

// commit answers every request of a batch, and those that arrive meanwhile.
func (s *Store) commit(waiting []*request) {
	w := &s.writer
	for {
		more, _ := w.take()
		waiting = dropCancelled(append(waiting, more...))
		if len(waiting) == 0 {
			return
		}
		n := min(len(waiting), w.pace.most())
		c, err := s.prepare(waiting[:n])
		if err != nil {
			fail(waiting, err)
			return
		}
		beaten := s.push(c, len(waiting))
		waiting = append(beaten, waiting[n:]...)
	}
}

// push lands what needs a push of a chain and gives the requests that were
// beaten and try again. So many edits wait in all.
func (s *Store) push(c *chain, waiting int) (again []*request) {
	pending := c.settle()
	if len(pending) == 0 {
		return nil
	}
	began := time.Now()
	moved, err := s.land(c, waiting)
	s.opts.Pushed(Push{Edits: len(c.links), Took: time.Since(began), Outcome: outcomeOf(moved, err)})
	switch {
	case err != nil:
		c.fail(err)
		return nil
	case moved:
		return s.giveUp(pending)
	}
	c.succeed()
	s.yield(waiting)
	return nil
}

func outcomeOf(moved bool, err error) Outcome {
	switch {
	case err != nil:
		return Failed
	case moved:
		return Beaten
	}
	return Landed
}

// dropCancelled leaves out requests that nobody waits for any more.
func dropCancelled(batch []*request) []*request {
	return slices.DeleteFunc(batch, func(r *request) bool {
		err := r.ctx.Err()
		if err != nil {
			r.answer(outcome{err: err})
		}
		return err != nil
	})
}

// prepare runs the edits. It begins with the tip that the last push left, which
// saves asking for it: a stale tip makes the push fail, and nothing is lost.
// Only an edit that failed or had nothing to do must have seen the true tip.
func (s *Store) prepare(batch []*request) (*chain, error) {
	w := &s.writer
	fresh := false
	for {
		if w.tip == nil {
			t, err := s.refresh(s.life)
			if err != nil {
				return nil, err
			}
			w.tip, fresh = t, true
		}
		c := s.chain(w.tip, batch)
		if fresh || c.allCommit() {
			return c, nil
		}
		t, err := s.refresh(s.life)
		if err != nil {
			return nil, err
		}
		same := t.commit == w.tip.commit
		w.tip, fresh = t, true
		if same {
			return c, nil
		}
	}
}

// giveUp answers requests that were beaten too often.
func (s *Store) giveUp(batch []*request) []*request {
	return slices.DeleteFunc(batch, func(r *request) bool {
		if !r.beaten(&s.opts) {
			return false
		}
		r.answer(outcome{err: failf(staging.CodeConflict, errMoved,
			"others write to this branch all the time; run the command again",
			"branch %s moved %d times before this change could be pushed", s.opts.Branch, r.attempts)})
		return true
	})
}

// yield lets other writers have a turn after a success that they made hard.
func (s *Store) yield(waiting int) {
	w := &s.writer
	d := w.pace.won(waiting)
	if d <= 0 {
		return
	}
	s.pause(d)
	w.tip = nil // stale by now, most likely
}

// pause waits, but not in a store that is being closed.
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
