package gitstore

import (
	"math"
	"math/rand/v2"
	"time"
)

// pace decides how long a writer waits between pushes, so that many writers
// that know nothing of each other share a branch. It is exponential back-off
// with two changes that keep anybody from waiting for ever: who was beaten
// often waits less again, and who won with effort waits before the next push.
type pace struct {
	push  time.Duration // what a push takes, as a moving average
	crowd float64       // how much others write, as a power of two
	limit int           // commits in one push; 0 is no limit
}

const (
	mostCrowd = 4 // a wait of up to 16 pushes
	patience  = 4 // pushes after which the waits become shorter again
)

func (p *pace) took(d time.Duration) {
	d = min(d, 2*time.Second)
	if p.push == 0 {
		p.push = d
	}
	p.push = (3*p.push + d) / 4
}

// most is how many edits the next push may hold.
func (p *pace) most() int {
	if p.limit == 0 {
		return math.MaxInt
	}
	return p.limit
}

// landed lets the pushes grow again.
func (p *pace) landed() {
	if p.limit *= 2; p.limit > 1000 {
		p.limit = 0
	}
}

// lost is the pause after being beaten, for the nth time with one edit and with
// so many in the push. The next push holds half as many: it takes less time, in
// which fewer others can be faster.
func (p *pace) lost(attempts, edits, waiting int) time.Duration {
	p.limit = max(1, edits/2)
	p.crowd = min(p.crowd+1, mostCrowd)
	power := p.crowd - float64(max(0, attempts-patience))
	return p.jitter(max(0, power)) / time.Duration(max(1, waiting))
}

// won is the pause after a success. A writer for whom many edits wait speaks
// for as many people, and pauses less.
func (p *pace) won(waiting int) time.Duration {
	if p.crowd <= 0 {
		return 0
	}
	d := p.jitter(p.crowd)
	p.crowd -= 0.5
	return d / time.Duration(max(1, waiting))
}

// jitter is a random time up to 2^power pushes.
func (p *pace) jitter(power float64) time.Duration {
	most := p.push << int(power)
	if most <= 0 {
		return 0
	}
	return rand.N(most)
}
