package project

import (
	"time"

	"octopod/generator/staging"
)

// transition brings a record to a state, and notes when and why.
func transition(s *staging.Staging, to staging.State, a staging.Action, at staging.Attribution) {
	if s.Spec.State == to {
		return
	}
	s.Spec.State = to
	s.Spec.Since = &staging.Transition{At: at.At, By: at.By, Reason: a.Reason}
}

// archive puts a staging to sleep: until a moment, or until somebody wakes it.
// One that sleeps for a while stays archived when it is archived for good; since
// when then counts anew, as it does where nobody knows.
func archive(s staging.Staging, a staging.Action, at staging.Attribution) (staging.Staging, error) {
	if s.Spec.State == staging.Deleting {
		return s, staging.Errorf(staging.CodeConflict, "staging %q is being deleted", s.Name).
			WithHint("`octopod restore %s` takes the deletion back", s.Name)
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

// restore wakes a staging. Its time to live begins anew, unless it only slept
// for a while: a staging that sleeps every night would never end.
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

// restart counts one more restart: the number is a label of every pod.
func restart(s staging.Staging) (staging.Staging, error) {
	switch s.Spec.State {
	case staging.Archived:
		return s, staging.Errorf(staging.CodeConflict, "staging %q is archived: nothing of it runs", s.Name).
			WithHint("`octopod restore %s` wakes it", s.Name)
	case staging.Deleting:
		return s, staging.Errorf(staging.CodeConflict, "staging %q is being deleted", s.Name).
			WithHint("`octopod restore %s` takes the deletion back", s.Name)
	}
	s.Spec.Restarts++
	return s, nil
}

// keep keeps a staging from the sweep. The same once more keeps who was first.
func keep(s staging.Staging, a staging.Action, at staging.Attribution) (staging.Staging, error) {
	if a.Reason == "" {
		return s, staging.Errorf(staging.CodeInvalid, "no reason is given to keep staging %q", s.Name).
			WithHint("say why with --reason: others decide by it whether it may go")
	}
	if a.Until != nil && !a.Until.After(at.At) {
		return s, staging.Errorf(staging.CodeInvalid, "staging %q cannot be kept until %s: that is over", s.Name, a.Until.UTC().Format(time.DateTime))
	}
	if was := s.Spec.Kept; was == nil || was.Reason != a.Reason || !sameTime(was.Until, a.Until) {
		s.Spec.Kept = &staging.Protection{By: at.By, Reason: a.Reason, At: at.At, Until: a.Until}
	}
	return s, nil
}

func sameTime(a, b *time.Time) bool { return a == b || a != nil && b != nil && a.Equal(*b) }
