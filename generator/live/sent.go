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
	known     staging.Status          // the last one that Argo CD reported
	ran       bool                    // the content ran, maybe before the watch began
	running   *time.Time              // when the content first ran; nil if that is unknown
	rollouts  []staging.RolloutRecord // of its versions, oldest first
	rolloutOf string                  // content of the newest rollout
	nextPoll  time.Time               // zero: do not poll
}

// isKnown reports whether a phase comes from a report of Argo CD. Others say nothing
// about the cluster, so they are no transition.
func isKnown(p staging.Phase) bool {
	return p != "" && p != staging.PhaseUnknown && p != staging.PhaseInvalid
}

// continueFrom completes the status from what the watch saw earlier: since when it is
// so, when the content first ran, and the last known state while it is unknown.
func (s *lastSent) continueFrom(old lastSent, now time.Time) {
	status := &s.view.Status
	s.known = old.known
	status.Since = &now
	if old.view.Status.Phase == status.Phase {
		status.Since = old.view.Status.Since
	}
	before := old.view.Status.Timings
	if old.content == s.content {
		s.ran, s.running = old.ran, old.running
	} else {
		before = staging.Timings{}
	}
	if !isKnown(status.Phase) {
		s.keepLastKnown(before)
		return
	}
	status.Timings.Committed = cmp.Or(status.Timings.Committed, before.Committed)
	if old.known.Phase == status.Phase {
		status.Since = old.known.Since
	}
	if status.Phase == staging.PhaseRunning {
		if !s.ran && old.known.Phase != "" {
			s.running = &now
		}
		s.ran, status.Timings.Running = true, s.running
	}
	s.known = *status
}

// keepLastKnown sets the last known state of a staging whose present one is unknown.
func (s *lastSent) keepLastKnown(before staging.Timings) {
	status := &s.view.Status
	if status.Phase != staging.PhaseUnknown || s.known.Phase == "" {
		return
	}
	status.Timings = before
	at := *status.Since
	if !status.Reason.Since.IsZero() {
		at = status.Reason.Since
	}
	status.Reason.Last = s.known.Phase
	status.LastKnown = &staging.KnownStatus{Phase: s.known.Phase, Reason: s.known.Reason, At: at}
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
	last.Reason.Cause = "" // a history shows no words of others
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
