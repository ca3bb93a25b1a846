package gitstore

import (
	"context"
	"errors"
	"sync"
)

// turns lets one caller at a time ask the remote. Those that wait for their
// turn share one question, which is asked after all of them came: everybody
// gets an answer that is not older than the call.
type turns struct {
	mu   sync.Mutex
	next *turn
	busy chan struct{}
}

type turn struct {
	done chan struct{}
	tip  *tip
	err  error
}

// share asks, or waits for the answer to a question that is about to be asked.
func (t *turns) share(ctx context.Context, ask func() (*tip, error)) (*tip, error) {
	for {
		q, mine := t.join()
		if mine {
			q.err = t.alone(ctx, func() error {
				t.leave(q)
				q.tip, q.err = ask()
				return q.err
			})
			t.leave(q)
			close(q.done)
			return q.tip, q.err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-q.done:
		}
		if !errors.Is(q.err, context.Canceled) && !errors.Is(q.err, context.DeadlineExceeded) {
			return q.tip, q.err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		} // who asked gave up, we have not
	}
}

// join gives the question that is about to be asked, a new one when there is none.
func (t *turns) join() (q *turn, mine bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.busy == nil {
		t.busy = make(chan struct{}, 1)
	}
	if t.next == nil {
		t.next, mine = &turn{done: make(chan struct{})}, true
	}
	return t.next, mine
}

// leave closes a question to those who come later.
func (t *turns) leave(q *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.next == q {
		t.next = nil
	}
}

// alone runs f while nobody else does.
func (t *turns) alone(ctx context.Context, f func() error) error {
	t.mu.Lock()
	if t.busy == nil {
		t.busy = make(chan struct{}, 1)
	}
	busy := t.busy
	t.mu.Unlock()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case busy <- struct{}{}:
	}
	defer func() { <-busy }()
	return f()
}
