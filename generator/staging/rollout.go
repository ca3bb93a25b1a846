package staging

import (
	"slices"
	"time"
)

// Deployment is a sync of Argo CD that succeeded, as Argo CD remembers the last
// few of them.
type Deployment struct {
	Number     int64  // grows by one with each; 0 is the first of the Application
	Revision   string // of the env repo
	StartedAt  time.Time
	FinishedAt time.Time
}

// Rollout is what became of one version of a staging, as far as anybody saw.
type Rollout struct {
	Applied *time.Time `json:"applied,omitempty"` // Argo CD had brought it into the cluster
	Running *time.Time `json:"running,omitempty"` // everything that is new worked
	Phase   Phase      `json:"phase,omitempty"`   // that a watch saw last of it
	Reason  Reason     `json:"reason,omitzero"`   // of that phase
}

// RolloutRecord is what is remembered of the version of a staging that a revision of
// the env repo held.
type RolloutRecord struct {
	Revision string
	Tree     string    // see Event.Tree; "" where nobody knows
	At       time.Time // when it was there
	Rollout  Rollout
}

// RolloutRecords turns what Argo CD remembers into memories. The oldest is left out,
// unless it is the first: it may repeat one that Argo CD has forgotten, and
// would then say that a version came into place long after it did.
func RolloutRecords(all []Deployment) []RolloutRecord {
	var past []RolloutRecord
	for i, d := range all {
		if i > 0 || d.Number == 0 {
			past = append(past, RolloutRecord{Revision: d.Revision, At: d.FinishedAt, Rollout: Rollout{Applied: &d.FinishedAt}})
		}
	}
	return past
}

// AttachRollouts completes the history of a staging, newest first, by what is
// remembered. The first memory of a version says when it was applied, and the
// last how it was. The events that are given stay as they are.
func AttachRollouts(events []Event, past []RolloutRecord) []Event {
	told := slices.Clone(events)
	for _, m := range past {
		i := rolledOut(told, m)
		if i < 0 {
			continue
		}
		r := m.Rollout
		if known := told[i].Rollout; known != nil {
			if known.Applied != nil {
				r.Applied = known.Applied
			}
			if r.Phase == "" {
				r.Running, r.Phase, r.Reason = known.Running, known.Phase, known.Reason
			}
		}
		told[i].Rollout = &r
	}
	return told
}

// rolledOut finds the event that made the version which is remembered; -1 for
// none. A version may come back, by `git revert` for example: it is the newest
// that is not younger than the memory.
func rolledOut(events []Event, m RolloutRecord) int {
	found := -1
	for i, e := range events {
		if e.Gone {
			break // what was before is another staging
		}
		if m.Tree == "" || e.Tree != m.Tree {
			continue
		}
		if found = i; !e.At.After(m.At) {
			break
		}
	}
	for found >= 0 && !events[found].Verb.rollsOut() { // it left the version as it was
		if found++; found == len(events) || events[found].Gone {
			return -1
		}
	}
	return found
}

// rollsOut tells whether a verb changes what runs: the others change what is
// noted for people and for the sweep.
func (v Verb) rollsOut() bool {
	return !slices.Contains([]Verb{PinVerb, Unpin, Keep, Unkeep, Extend, Mark}, v)
}

// CreatesVersion tells whether there is another version after a verb: a restart
// rolls out the one there is.
func (v Verb) CreatesVersion() bool { return v.rollsOut() && v != Restart }
