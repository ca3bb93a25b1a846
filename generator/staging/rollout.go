package staging

import (
	"slices"
	"time"
)

// Deployment is a successful sync in the history of an Application. Argo CD keeps
// the last few.
type Deployment struct {
	Number     int64  // counts up; 0 is the first sync of the Application
	Revision   string // of the env repo
	StartedAt  time.Time
	FinishedAt time.Time
}

// Rollout is how the rollout of one version of a staging went, as far as Octopod
// or Argo CD observed it.
type Rollout struct {
	Applied *time.Time `json:"applied,omitempty"` // when Argo CD had applied it
	Running *time.Time `json:"running,omitempty"` // when everything new was healthy
	Phase   Phase      `json:"phase,omitempty"`   // last observed phase of the version
	Reason  Reason     `json:"reason,omitzero"`   // of that phase
}

// RolloutRecord is the observed rollout of one version of a staging. Revision is a
// revision of the env repo that holds the version.
type RolloutRecord struct {
	Revision string
	Tree     string    // see Event.Tree; "" where it is unknown
	At       time.Time // of the observation
	Rollout  Rollout
}

// RolloutRecords converts the history of an Application. It skips the oldest sync,
// unless that is the first of the Application: it may repeat one that Argo CD no
// longer lists, and would then date a version much too late.
func RolloutRecords(all []Deployment) []RolloutRecord {
	var records []RolloutRecord
	for i, d := range all {
		if i > 0 || d.Number == 0 {
			records = append(records, RolloutRecord{Revision: d.Revision, At: d.FinishedAt, Rollout: Rollout{Applied: &d.FinishedAt}})
		}
	}
	return records
}

// AttachRollouts returns the history of a staging, newest first, with the rollout
// records attached. The first record of a version dates its sync, the last one has
// its outcome. events is not modified.
func AttachRollouts(events []Event, records []RolloutRecord) []Event {
	attached := slices.Clone(events)
	for _, record := range records {
		i := eventOf(attached, record)
		if i < 0 {
			continue
		}
		r := record.Rollout
		if known := attached[i].Rollout; known != nil {
			if known.Applied != nil {
				r.Applied = known.Applied
			}
			if r.Phase == "" {
				r.Running, r.Phase, r.Reason = known.Running, known.Phase, known.Reason
			}
		}
		attached[i].Rollout = &r
	}
	return attached
}

// eventOf returns the index of the event that created the version of a record; -1
// if there is none. A version may return, for example by `git revert`: then it is
// the newest event that is not younger than the record.
func eventOf(events []Event, record RolloutRecord) int {
	found := -1
	for i, e := range events {
		if e.Gone {
			break // earlier events belong to another staging of this name
		}
		if record.Tree == "" || e.Tree != record.Tree {
			continue
		}
		if found = i; !e.At.After(record.At) {
			break
		}
	}
	for found >= 0 && !events[found].Verb.rollsOut() { // it created no version
		if found++; found == len(events) || events[found].Gone {
			return -1
		}
	}
	return found
}

// rollsOut reports whether a verb changes what runs. The others change fields for
// people and for the sweep.
func (v Verb) rollsOut() bool {
	return !slices.Contains([]Verb{PinVerb, Unpin, Keep, Unkeep, Extend, Mark}, v)
}

// CreatesVersion reports whether a verb creates a version. A restart does not: it
// rolls out the present version again.
func (v Verb) CreatesVersion() bool { return v.rollsOut() && v != Restart }
