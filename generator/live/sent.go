package live

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	"octopod/generator/staging"
)

// shown is what was told of a staging last.
type shown struct {
	view    staging.View
	content string                  // of its directory, its record apart
	past    []staging.RolloutRecord // of its versions, oldest first
	pastOf  string                  // content that the newest memory is of
	next    time.Time               // when to look again; never, when zero
}

// carried completes the steps of a change by what was seen before, as long as
// it is the same change.
func carried(old shown, v staging.View, content string, now time.Time) staging.Timings {
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

// mostMemories bounds what a watch remembers of one staging.
const mostMemories = 10

// remember keeps how the present version of a staging was seen last. While
// nobody can tell how it is, it stays what it was.
func (s *shown) remember(old shown, now time.Time) {
	s.past, s.pastOf = old.past, old.pastOf
	status := s.view.Status
	switch status.Phase {
	case "", staging.PhaseInvalid, staging.PhaseUnknown, staging.PhaseDeleting:
		return
	}
	s.past = slices.Clone(s.past) // the old one is shared
	if s.pastOf != s.content {
		s.past, s.pastOf = append(s.past, staging.RolloutRecord{Revision: status.Revision, At: now}), s.content
		s.past = s.past[max(0, len(s.past)-mostMemories):]
	}
	last := &s.past[len(s.past)-1].Rollout
	*last = staging.Rollout{
		Applied: status.Timings.Synced, Running: cmp.Or(status.Timings.Running, last.Running), Phase: status.Phase, Reason: status.Reason,
	}
}

// news tells whether two views differ in anything but the revisions, which
// every commit of another staging moves.
func news(old, v staging.View) bool {
	old.Status.Revision, old.Status.ObservedRevision = v.Status.Revision, v.Status.ObservedRevision
	return !reflect.DeepEqual(old, v)
}

// nextLook: what is done changes only with an event.
func nextLook(v staging.View, now time.Time) time.Time {
	switch v.Status.Phase {
	case staging.PhaseCreating, staging.PhaseUpdating, staging.PhaseArchiving, staging.PhaseDeleting, staging.PhaseUnknown:
		return now.Add(underWay)
	case staging.PhaseFailed, staging.PhaseDegraded:
		return now.Add(failingEvery)
	}
	return time.Time{}
}
