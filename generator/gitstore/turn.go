package gitstore

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	longWait   = 2 * time.Second        // commits hold their times in seconds
	recentPush = 5 * time.Second        // older commits say nothing about who waits now
	leastPause = 600 * time.Millisecond // a push over a network hardly takes less
)

// takeTurn lets writers push first that have waited longer than this one, and returns
// the tip after that. The writers need not know each other: a commit records when its
// change was requested and when it was made. If the last commit waited much longer than
// this writer, others that wait like it are about to push, until the branch stands still.
func (s *Store) takeTurn(ctx context.Context, t *tip, since time.Time) (*tip, error) {
	var err error
	for first := true; s.isJunior(t, since, first); first = false {
		last := t.commit
		pause := max(turnOf(t)-time.Since(since), leastPause) / 3
		pause += rand.N(pause)
		s.opts.OnWait(Wait{Since: since, Pause: pause, Cause: errTurn})
		s.pause(pause)
		if t, err = s.refresh(ctx); err != nil || t.commit == last {
			return t, err
		}
	}
	return t, nil
}

// isJunior reports whether the last commit waited so much longer than a writer that the
// writer should not push now.
func (s *Store) isJunior(t *tip, since time.Time, first bool) bool {
	if t.waited < longWait || t.waited > s.opts.Patience || first && s.opts.Now().Sub(t.when) > recentPush {
		return false
	}
	select {
	case <-s.writer.closing:
		return false
	default:
	}
	return time.Since(since) < turnOf(t)
}

// turnOf returns how long a writer must have waited to push after a tip.
func turnOf(t *tip) time.Duration { return t.waited * 7 / 8 }
