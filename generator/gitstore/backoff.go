package gitstore

import (
	"math"
	"math/rand/v2"
	"time"
)

// backoff computes the pauses of a writer between pushes, so that many
// independent writers share a branch. It is exponential back-off with two
// additions that prevent starvation: a writer that lost often waits less again,
// and a writer that won after conflicts waits before its next push.
type backoff struct {
	pushTime   time.Duration // moving average
	contention float64       // how much other writers push, as a power of two
	batchLimit int           // commits in one push; 0 is no limit
}

const (
	maxContention   = 4 // a pause of up to 16 pushes
	patientAttempts = 4 // pushes after which the pauses become shorter again
)

// observe records how long a push took.
func (b *backoff) observe(d time.Duration) {
	d = min(d, 2*time.Second)
	if b.pushTime == 0 {
		b.pushTime = d
	}
	b.pushTime = (3*b.pushTime + d) / 4
}

// batchSize returns the maximum number of edits in the next push.
func (b *backoff) batchSize() int {
	if b.batchLimit == 0 {
		return math.MaxInt
	}
	return b.batchLimit
}

// growBatch doubles the batch limit after a push that was accepted.
func (b *backoff) growBatch() {
	if b.batchLimit *= 2; b.batchLimit > 1000 {
		b.batchLimit = 0
	}
}

// afterConflict returns the pause after a push that lost. attempts is how often
// the batch's oldest edit was pushed, edits the size of the batch, waiting the
// number of edits that wait. The next push is half as large: it takes less time,
// so fewer writers can get in first.
func (b *backoff) afterConflict(attempts, edits, waiting int) time.Duration {
	b.batchLimit = max(1, edits/2)
	b.contention = min(b.contention+1, maxContention)
	power := b.contention - float64(max(0, attempts-patientAttempts))
	return b.jitter(max(0, power)) / time.Duration(max(1, waiting))
}

// afterSuccess returns the pause after a push that was accepted. It is shorter
// for a writer with many waiting edits: they are as many people.
func (b *backoff) afterSuccess(waiting int) time.Duration {
	if b.contention <= 0 {
		return 0
	}
	d := b.jitter(b.contention)
	b.contention -= 0.5
	return d / time.Duration(max(1, waiting))
}

// jitter returns a random duration of up to 2^power pushes.
func (b *backoff) jitter(power float64) time.Duration {
	most := b.pushTime << int(power)
	if most <= 0 {
		return 0
	}
	return rand.N(most)
}
