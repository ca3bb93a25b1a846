package live

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	"octopod/generator/staging"
)

// lastSent is what was told of a staging last.
type lastSent struct {
	view      staging.View
	content   string                  // of its directory, its record apart
	rollouts  []staging.RolloutRecord // of its versions, oldest first
	rolloutOf string                  // content that the newest memory is of
	nextPoll  time.Time               // when to look again; never, when zero
}

// mergeTimings completes the steps of a change by what was seen before, as long as
// it is the same change.
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

// maxRollouts bounds what a watch remembers of one staging.
const maxRollouts = 10

// recordRollout keeps how the present version of a staging was seen last. While
// nobody can tell how it is, it stays what it was.
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

// differs tells whether two views differ in anything but the revisions, which
// every commit of another staging moves.
func differs(old, v staging.View) bool {
	old.Status.Revision, old.Status.ObservedRevision = v.Status.Revision, v.Status.ObservedRevision
	return !reflect.DeepEqual(old, v)
}

// nextPoll: what is done changes only with an event.
func nextPoll(v staging.View, now time.Time) time.Time {
	switch v.Status.Phase {
	case staging.PhaseCreating, staging.PhaseUpdating, staging.PhaseArchiving, staging.PhaseDeleting, staging.PhaseUnknown:
		return now.Add(pollActiveEvery)
	case staging.PhaseFailed, staging.PhaseDegraded, staging.PhaseInvalid:
		return now.Add(pollFailingEvery)
	}
	return time.Time{}
}
