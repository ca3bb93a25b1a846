package gitstore

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Result is the result of an edit.
type Result struct {
	Revision    Hash      // the commit that holds the edit
	Changed     bool      // false: the tip already held the edit, so no commit was made
	Commit      time.Time // of that commit
	Attempts    int       // pushes it took; 0 when nothing was pushed
	PushedBytes int       // of the push that succeeded, shared by all its commits
}

// request is an edit in the queue.
type request struct {
	ctx      context.Context
	edit     Edit
	done     chan reply
	attempts int
	queued   time.Time
	authored time.Time // queued, on the clock of commits
}

type reply struct {
	result Result
	err    error
}

func (r *request) answer(a reply) { r.done <- a }

// wait returns the reply, or an error when the caller's context ends first.
func (r *request) wait() (Result, error) {
	select {
	case a := <-r.done:
		return a.result, a.err
	case <-r.ctx.Done():
		return Result{}, fmt.Errorf("stopped waiting for the push: %w", context.Cause(r.ctx))
	}
}

// exhausted reports whether an edit has lost both MaxAttempts pushes and
// Patience. Attempts alone do not count: in a burst of CI jobs, some edits lose
// dozens of times within seconds.
func (r *request) exhausted(o *Options) bool {
	return r.attempts >= o.MaxAttempts && time.Since(r.queued) >= o.Patience
}

// failAll answers every request with the same error.
func failAll(requests []*request, err error) {
	for _, r := range requests {
		r.answer(reply{err: err})
	}
}

// writer is the queue of edits and the goroutine that commits and pushes them.
type writer struct {
	mu      sync.Mutex
	queue   []*request
	running bool
	closed  bool
	wake    chan struct{}
	closing chan struct{}
	ended   chan struct{}

	// Confined to the goroutine.
	tip     *tip
	backoff backoff
}

func (w *writer) init() {
	w.wake, w.closing, w.ended = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
}

// drain empties the queue.
func (w *writer) drain() (requests []*request, closed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	requests, w.queue = w.queue, nil
	return requests, w.closed
}

// shutdown stops the goroutine after the push in flight.
func (w *writer) shutdown() {
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

// dropCancelled answers and removes requests whose context has ended.
func dropCancelled(requests []*request) []*request {
	return slices.DeleteFunc(requests, func(r *request) bool {
		err := r.ctx.Err()
		if err != nil {
			r.answer(reply{err: err})
		}
		return err != nil
	})
}
