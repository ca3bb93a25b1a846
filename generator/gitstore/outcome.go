package gitstore

import "time"

// Push is one attempt to move the branch.
type Push struct {
	Edits   int // commits in it
	Took    time.Duration
	Outcome Outcome
}

// Outcome is the result of a push.
type Outcome string

// The outcomes.
const (
	Landed Outcome = "landed"
	Beaten Outcome = "beaten" // another writer pushed first; the edits are retried
	Failed Outcome = "failed"
)

func outcomeOf(moved bool, err error) Outcome {
	switch {
	case err != nil:
		return Failed
	case moved:
		return Beaten
	}
	return Landed
}
