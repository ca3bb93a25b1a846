package project

import (
	"time"

	"octopod/generator/staging"
)

// transition sets the state of a record, and records when and why.
func transition(s *staging.Staging, to staging.State, a staging.Action, at staging.Attribution) {
	if s.Spec.State == to {
		return
	}
	s.Spec.State = to
	s.Spec.Since = &staging.Transition{At: at.At, By: at.By, Reason: a.Reason}
}

// archive archives a staging: until a given time, or until restore. Archiving a staging
// without an end that was archived until a given time restarts the time in the archive,
// and so does archiving one whose time is unknown.
func archive(s staging.Staging, a staging.Action, at staging.Attribution) (staging.Staging, error) {
	if s.Spec.State == staging.Deleting {
		return s, staging.Errorf(staging.CodeConflict, "staging %q is being deleted", s.Name).
			WithTechnicalHint("`octopod restore %s` cancels the deletion", s.Name)
	}
	if since := s.Spec.Since; since == nil || since.Wakes != nil && a.Until == nil {
		s.Spec.State = staging.Active
	}
	if s.Spec.State != staging.Archived {
		transition(&s, staging.Archived, a, at)
		s.Spec.Since.Wakes = a.Until
	}
	switch {
	case !a.BranchGone:
		s.Spec.BranchGone = nil
	case s.Spec.BranchGone == nil:
		s.Spec.BranchGone = &at.At
	}
	return s, nil
}

// restore makes a staging active. It restarts the time to live, unless the staging was
// archived until a given time: a staging that sleeps every night would never expire.
func (p *Project) restore(s *staging.Staging, a staging.Action, at staging.Attribution) {
	s.Spec.BranchGone = nil
	if s.Spec.State == staging.Active {
		return
	}
	if s.Spec.Since == nil || s.Spec.Since.Wakes == nil {
		p.renewExpiry(s, at.At)
	}
	transition(s, staging.Active, a, at)
}

// restart increments the number of restarts, which is a label of every pod.
func restart(s staging.Staging) (staging.Staging, error) {
	switch s.Spec.State {
	case staging.Archived:
		return s, staging.Errorf(staging.CodeConflict, "staging %q is archived: it has no pods", s.Name).
			WithTechnicalHint("`octopod restore %s` restores it", s.Name)
	case staging.Deleting:
		return s, staging.Errorf(staging.CodeConflict, "staging %q is being deleted", s.Name).
			WithTechnicalHint("`octopod restore %s` cancels the deletion", s.Name)
	}
	s.Spec.Restarts++
	return s, nil
}

// keep protects a staging from the sweep. The same protection again keeps the first one.
func keep(s staging.Staging, a staging.Action, at staging.Attribution) (staging.Staging, error) {
	if a.Reason == "" {
		return s, staging.Errorf(staging.CodeInvalid, "keeping staging %q requires a reason", s.Name).
			WithTechnicalHint("add --reason: others read it before they delete the staging")
	}
	if a.Until != nil && !a.Until.After(at.At) {
		return s, staging.Errorf(staging.CodeInvalid, "cannot keep staging %q until %s: this time is in the past", s.Name, a.Until.UTC().Format(time.DateTime))
	}
	if was := s.Spec.Kept; was == nil || was.Reason != a.Reason || !sameTime(was.Until, a.Until) {
		s.Spec.Kept = &staging.Protection{By: at.By, Reason: a.Reason, At: at.At, Until: a.Until}
	}
	return s, nil
}

func sameTime(a, b *time.Time) bool { return a == b || a != nil && b != nil && a.Equal(*b) }
