package live

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	"octopod/generator/staging"
)

// lastSent is the last event of a staging and what a watch remembers beside it.
type lastSent struct {
	view      staging.View
	content   string                  // hash of its directory without the record
	rollouts  []staging.RolloutRecord // of its versions, oldest first
	rolloutOf string                  // content of the newest rollout
	nextPoll  time.Time               // zero: do not poll
}

// mergeTimings keeps timings observed earlier for the same committed content.
func mergeTimings(old lastSent, v staging.View, content string, now time.Time) staging.Timings {
	t, before := v.Status.Timings, old.view.Status.Timings
	ran := old.view.Status.Phase == staging.PhaseRunning
	if old.content != content {
		before, ran = staging.Timings{}, false
	}
	if t.Committed == nil {
		t.Committed = before.Committed
	}
	if v.Status.Phase == staging.PhaseRunning {
		t.Running = before.Running
		if t.Running == nil && !ran && old.view.Status.Phase != "" {
			t.Running = &now
		}
	}
	return t
}

// maxRollouts bounds the rollouts remembered per staging.
const maxRollouts = 10

// recordRollout records the last known state of the current version. An unknown state
// does not overwrite a known one.
func (s *lastSent) recordRollout(old lastSent, now time.Time) {
	s.rollouts, s.rolloutOf = old.rollouts, old.rolloutOf
	status := s.view.Status
	switch status.Phase {
	case "", staging.PhaseInvalid, staging.PhaseUnknown, staging.PhaseDeleting:
		return
	}
	s.rollouts = slices.Clone(s.rollouts) // the old one is shared
	if s.rolloutOf != s.content {
		s.rollouts, s.rolloutOf = append(s.rollouts, staging.RolloutRecord{Revision: status.Revision, At: now}), s.content
		s.rollouts = s.rollouts[max(0, len(s.rollouts)-maxRollouts):]
	}
	last := &s.rollouts[len(s.rollouts)-1].Rollout
	*last = staging.Rollout{
		Applied: status.Timings.Synced, Running: cmp.Or(status.Timings.Running, last.Running), Phase: status.Phase, Reason: status.Reason,
	}
}

// differs reports whether two views differ in anything but their revisions, which every
// commit of another staging moves.
func differs(old, v staging.View) bool {
	old.Status.Revision, old.Status.ObservedRevision = v.Status.Revision, v.Status.ObservedRevision
	return !reflect.DeepEqual(old, v)
}

// nextPoll returns when to poll again. A settled staging changes only through events,
// so it is not polled.
func nextPoll(v staging.View, now time.Time) time.Time {
	switch v.Status.Phase {
	case staging.PhaseCreating, staging.PhaseUpdating, staging.PhaseArchiving, staging.PhaseDeleting, staging.PhaseUnknown:
		return now.Add(pollActiveEvery)
	case staging.PhaseFailed, staging.PhaseDegraded, staging.PhaseInvalid:
		return now.Add(pollFailingEvery)
	}
	return time.Time{}
}
