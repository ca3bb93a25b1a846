package gitstore

import (
	"context"
	"errors"
	"sync"
)

// coalescer merges concurrent requests to a remote. One request runs at a time;
// callers that arrive meanwhile share the next one. That one starts after all of
// them arrived, so no caller gets an answer older than its call.
type coalescer struct {
	mu   sync.Mutex
	next *call
	busy chan struct{}
}

// call is a request and its result.
type call struct {
	done chan struct{}
	tip  *tip
	err  error
}

// do runs fetch, or waits for the result of a call that has not started yet.
func (c *coalescer) do(ctx context.Context, fetch func() (*tip, error)) (*tip, error) {
	for {
		shared, mine := c.join()
		if mine {
			shared.err = c.exclusive(ctx, func() error {
				c.seal(shared)
				shared.tip, shared.err = fetch()
				return shared.err
			})
			c.seal(shared)
			close(shared.done)
			return shared.tip, shared.err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-shared.done:
		}
		if !errors.Is(shared.err, context.Canceled) && !errors.Is(shared.err, context.DeadlineExceeded) {
			return shared.tip, shared.err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		} // the caller that ran fetch was cancelled; this one was not
	}
}

// join returns the call that has not started yet, a new one when there is none.
func (c *coalescer) join() (shared *call, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy == nil {
		c.busy = make(chan struct{}, 1)
	}
	if c.next == nil {
		c.next, mine = &call{done: make(chan struct{})}, true
	}
	return c.next, mine
}

// seal stops later callers from joining a call.
func (c *coalescer) seal(shared *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next == shared {
		c.next = nil
	}
}

// exclusive runs f while no other call runs.
func (c *coalescer) exclusive(ctx context.Context, f func() error) error {
	c.mu.Lock()
	if c.busy == nil {
		c.busy = make(chan struct{}, 1)
	}
	busy := c.busy
	c.mu.Unlock()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case busy <- struct{}{}:
	}
	defer func() { <-busy }()
	return f()
}
