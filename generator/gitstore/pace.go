package gitstore

import (
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

// lost is the pause after being beaten for the nth time with one edit.
func (p *pace) lost(attempts int) time.Duration {
	p.crowd = min(p.crowd+1, mostCrowd)
	return p.jitter(max(0, p.crowd-float64(max(0, attempts-patience))))
}

// won is the pause after a success.
func (p *pace) won() time.Duration {
	if p.crowd <= 0 {
		return 0
	}
	d := p.jitter(p.crowd)
	p.crowd -= 0.5
	return d
}

// jitter is a random time up to 2^power pushes.
func (p *pace) jitter(power float64) time.Duration {
	most := p.push << int(power)
	if most <= 0 {
		return 0
	}
	return rand.N(most)
}
