package project

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"octopod/generator/staging"
)

// Step is the decision of a sweep about one staging.
type Step string

// The steps. Sleep, Archive and Mark commit the verb archive, Wake commits restore, Revoke commits unset,
// Delete and Finish commit delete. The others change nothing.
const (
	StepKeep    Step = "keep"
	StepWarn    Step = "warn"    // it will be archived or deleted soon
	StepHold    Step = "hold"    // it is due, but so are too many others
	StepSleep   Step = "sleep"   // archive it until a given time, or because the maximum is reached
	StepWake    Step = "wake"    // restore it: its time has come, or its branch is back
	StepArchive Step = "archive" // archive it
	StepRevoke  Step = "revoke"  // take back values whose term is over
	StepMark    Step = "mark"    // update the record of an archived staging
	StepDelete  Step = "delete"  // it was archived for long enough
	StepFinish  Step = "finish"  // remove the record after the teardown
)

// Decision is the step of a sweep for one staging, and the reason.
type Decision struct {
	Staging string     `json:"name"`
	Step    Step       `json:"step"`
	Reason  string     `json:"reason,omitempty"`
	At      *time.Time `json:"at,omitempty"` // time of the announced step, or of the restore

	branchGone bool     // the reason is that no repository has the branch
	ends       []string // settings whose values are taken back
}

// SweepInput is the input of a sweep besides the records.
type SweepInput struct {
	Now time.Time
	// Branches of each repository of the project. A repository that is missing or has
	// no branches counts as unreachable: every real repository has a branch.
	Branches map[string][]string
	// Deleted is a branch that a webhook reported as deleted. It needs no grace period
	// for a first push, and no list of branches of its repository.
	Deleted DeletedBranch
	// TeardownsDone are the stagings whose teardown is done.
	TeardownsDone map[string]bool
	// MaxShare is the maximum percentage of stagings to remove at once. It does not
	// apply to a few.
	MaxShare int
}

// DeletedBranch is a branch that was deleted from one repository.
type DeletedBranch struct{ Repository, Branch string }

// alwaysAllowed is how many stagings a sweep may remove at once whatever their share.
const alwaysAllowed = 3

// Sweep returns the decisions about all stagings, in the order of the records. They
// depend on its arguments alone. It deletes only archived stagings.
func (p *Project) Sweep(records []staging.Staging, in SweepInput) []Decision {
	s := p.newSweep(in)
	decisions := make([]Decision, len(records))
	for i, r := range records {
		decisions[i] = s.decide(r)
		decisions[i].Staging = r.Name
	}
	s.limit(records, decisions)
	s.holdMassDeletion(decisions)
	return decisions
}

// Action returns the action of a decision; false if it changes nothing.
func (d Decision) Action() (staging.Action, bool) {
	a := staging.Action{Name: d.Staging, Reason: d.Reason, BranchGone: d.branchGone}
	switch d.Step {
	case StepArchive, StepMark:
		a.Verb = staging.Archive
	case StepSleep:
		a.Verb, a.Until = staging.Archive, d.At
	case StepWake:
		a.Verb = staging.Restore
	case StepRevoke:
		a.Verb, a.Ends = staging.Unset, d.ends
	case StepDelete:
		a.Verb = staging.Delete
	case StepFinish:
		a.Verb, a.Finish = staging.Delete, true
	}
	return a, a.Verb != ""
}

// sweep is one sweep of one project.
type sweep struct {
	*Project
	SweepInput
	branches map[string]map[string]bool // by repository
	repos    []string
	nights   map[Sleep]*night // the present nights, by schedule; nil for day
}

func (p *Project) newSweep(in SweepInput) *sweep {
	s := &sweep{Project: p, SweepInput: in, branches: map[string]map[string]bool{}, repos: p.Repositories(), nights: map[Sleep]*night{}}
	for repository, names := range in.Branches {
		set := make(map[string]bool, len(names))
		for _, name := range names {
			set[name] = true
		}
		s.branches[repository] = set
	}
	return s
}

// nightOf returns the present night of a staging, nil by day.
func (s *sweep) nightOf(r staging.Staging) *night {
	schedule := s.sleepOf(r)
	if _, known := s.nights[schedule]; !known {
		s.nights[schedule] = nil
		if n, is := schedule.night(s.Now); is {
			s.nights[schedule] = &n
		}
	}
	return s.nights[schedule]
}

// Repositories lists the repositories of the services, sorted and without duplicates.
func (p *Project) Repositories() []string {
	all := map[string]bool{}
	for _, service := range p.Spec.Services {
		if service.Repository != "" {
			all[service.Repository] = true
		}
	}
	return sortedKeys(all)
}

// decide applies the rules in order. The first decision counts.
func (s *sweep) decide(r staging.Staging) Decision {
	for _, rule := range []func(*sweep, staging.Staging) Decision{
		(*sweep).tornDown, (*sweep).wakeDue, (*sweep).grantEnded, (*sweep).protected, (*sweep).branchGone, (*sweep).branchBack,
		(*sweep).undated, (*sweep).retentionOver, (*sweep).expired, (*sweep).nightBegan, (*sweep).expiresSoon,
	} {
		if d := rule(s, r); d.Step != "" {
			return d
		}
	}
	return Decision{Step: StepKeep, Reason: keepReason(r)}
}

// keepReason returns why a staging does not change, and until when.
func keepReason(r staging.Staging) string {
	switch {
	case r.Spec.State == staging.Archived && r.Spec.Since.Wakes != nil:
		return "asleep until " + clock(*r.Spec.Since.Wakes)
	case r.Spec.State == staging.Archived:
		return "archived since " + clock(r.Spec.Since.At)
	case r.Spec.Expires != nil:
		return "in use until " + clock(*r.Spec.Expires)
	}
	return ""
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func keptBecause(format string, args ...any) Decision {
	return Decision{Step: StepKeep, Reason: fmt.Sprintf(format, args...)}
}

// tornDown: a staging that is being deleted only waits for its teardown.
func (s *sweep) tornDown(r staging.Staging) Decision {
	switch {
	case r.Spec.State != staging.Deleting:
		return Decision{}
	case s.TeardownsDone[r.Name]:
		return Decision{Step: StepFinish, Reason: "the teardown is done"}
	}
	return keptBecause("its teardown is not done, or Argo CD is unreachable")
}

// wakeDue: a staging that was archived until a given time is restored at that time,
// even if a later rule applies.
func (s *sweep) wakeDue(r staging.Staging) Decision {
	since := r.Spec.Since
	if r.Spec.State != staging.Archived || since == nil || since.Wakes == nil || since.Wakes.After(s.Now) || s.past(r.Spec.Expires) {
		return Decision{}
	}
	return Decision{Step: StepWake, Reason: "it slept until " + clock(*since.Wakes)}
}

func (s *sweep) past(t *time.Time) bool { return t != nil && !s.Now.Before(*t) }

// protected: the sweep leaves kept and permanent stagings alone.
func (s *sweep) protected(r staging.Staging) Decision {
	kept := r.Spec.Kept
	switch {
	case kept != nil && !s.past(kept.Until):
		return keptBecause("kept by %s: %s", kept.By, kept.Reason)
	case s.Permanent(r.Name, r.Spec.Branch):
		return keptBecause("permanent")
	}
	return Decision{}
}

// branchGone: a staging without a branch is archived at once, which loses no data, and
// deleted after the grace period.
func (s *sweep) branchGone(r staging.Staging) Decision {
	if s.presence(r) != absent {
		return Decision{}
	}
	grace, why := time.Duration(s.Spec.Lifecycle.BranchGrace), fmt.Sprintf("branch %s is gone", r.Spec.Branch)
	d := Decision{Reason: why, branchGone: true}
	end := stateSince(r).Add(grace)
	switch mark := r.Spec.BranchGone; {
	case r.Spec.State == staging.Active && s.Now.Before(end) && s.Deleted.Branch != r.Spec.Branch: // it is new or was just restored
		d.Step, d.At, d.Reason = StepWarn, &end, why+": archived after "+clock(end)
	case r.Spec.State == staging.Active:
		d.Step = StepArchive
	case mark == nil:
		d.Step = StepMark
	case s.Now.Before(mark.Add(grace)):
		end = mark.Add(grace)
		d.Step, d.At, d.Reason = StepWarn, &end, why+": deleted after "+clock(end)
	default:
		d.Step, d.Reason = StepDelete, why+" since "+clock(*mark)
	}
	return d
}

// stateSince returns the time of the last transition of a staging.
func stateSince(r staging.Staging) time.Time {
	if r.Spec.Since != nil {
		return r.Spec.Since.At
	}
	return r.Spec.Created.At
}

// branchBack: a staging that was archived with its branch is restored with it.
func (s *sweep) branchBack(r staging.Staging) Decision {
	mark := r.Spec.BranchGone
	if mark == nil || s.presence(r) != present {
		return Decision{}
	}
	d := Decision{Step: StepMark, Reason: fmt.Sprintf("branch %s is back", r.Spec.Branch)}
	if since := r.Spec.Since; since != nil && since.At.Equal(*mark) {
		d.Step = StepWake
	}
	return d
}

// presence is whether the branch of a staging exists.
type presence int

const (
	unknown presence = iota
	present
	absent
)

// presence returns whether the branch of a staging exists. It is absent only if every
// repository is reachable and none has it. It is unknown if no service was built from
// it: then the branch may be no more than a name.
func (s *sweep) presence(r staging.Staging) presence {
	if len(s.repos) == 0 || !hasBuild(r) {
		return unknown
	}
	found := absent
	for _, repository := range s.repos {
		names := s.branches[repository]
		if names[r.Spec.Branch] {
			return present
		}
		if len(names) == 0 && s.Deleted != (DeletedBranch{repository, r.Spec.Branch}) {
			found = unknown
		}
	}
	return found
}

// hasBuild reports whether any service was built from a commit of the staging's branch.
func hasBuild(r staging.Staging) bool {
	for _, service := range r.Spec.Services {
		if service.From == staging.FromBranch && service.Commit != "" && service.Branch == "" {
			return true
		}
	}
	return false
}

// undated: an archived staging without a date, for example edited by hand, counts from now.
func (s *sweep) undated(r staging.Staging) Decision {
	if r.Spec.State == staging.Archived && r.Spec.Since == nil {
		return Decision{Step: StepMark, Reason: "archived at an unknown time: counted from now"}
	}
	return Decision{}
}

// retentionOver: an archived staging is deleted after the retention.
func (s *sweep) retentionOver(r staging.Staging) Decision {
	retention := time.Duration(s.Spec.Lifecycle.ArchiveRetention)
	if r.Spec.State != staging.Archived || r.Spec.Since.Wakes != nil || retention == 0 {
		return Decision{}
	}
	end := r.Spec.Since.At.Add(retention)
	if s.past(&end) {
		return Decision{Step: StepDelete, Reason: fmt.Sprintf("archived for %s", s.Spec.Lifecycle.ArchiveRetention)}
	}
	return s.warning(end, "deleted")
}

// expired: a staging without a deploy is archived, also one that sleeps for the night.
func (s *sweep) expired(r staging.Staging) Decision {
	sleeps := r.Spec.State == staging.Archived && r.Spec.Since.Wakes == nil
	if sleeps || !s.past(r.Spec.Expires) {
		return Decision{}
	}
	return Decision{Step: StepArchive, Reason: "no deploy until " + clock(*r.Spec.Expires)}
}

// nightBegan: at night all stagings sleep, except the ones deployed or restored since
// it began.
func (s *sweep) nightBegan(r staging.Staging) Decision {
	night := s.nightOf(r)
	if night == nil || r.Spec.State != staging.Active || !stateSince(r).Before(night.began) {
		return Decision{}
	}
	return Decision{Step: StepSleep, Reason: "asleep until " + clock(night.ends), At: &night.ends}
}

func (s *sweep) expiresSoon(r staging.Staging) Decision {
	if r.Spec.State != staging.Active || r.Spec.Expires == nil {
		return Decision{}
	}
	return s.warning(*r.Spec.Expires, "archived")
}

// warning announces a step that is due soon.
func (s *sweep) warning(end time.Time, what string) Decision {
	if s.Now.Add(time.Duration(s.Spec.Lifecycle.Warning)).Before(end) {
		return Decision{}
	}
	return Decision{Step: StepWarn, Reason: what + " after " + clock(end), At: &end}
}

// holdMassDeletion keeps a mistake, such as a replaced repository or a wrong clock, from
// removing many stagings. A staging archived because of its branch counts like a deleted
// one.
func (s *sweep) holdMassDeletion(decisions []Decision) {
	removes := func(d Decision) bool { return d.Step == StepDelete || d.Step == StepArchive && d.branchGone }
	due := 0
	for _, d := range decisions {
		if removes(d) {
			due++
		}
	}
	if most := max(alwaysAllowed, len(decisions)*s.MaxShare/100); due <= most {
		return
	}
	for i, d := range decisions {
		if removes(d) {
			decisions[i].Step = StepHold
			decisions[i].Reason = fmt.Sprintf("%s, but %d of %d are due at once", d.Reason, due, len(decisions))
		}
	}
}

// authorOf returns the author of the pull request of a staging, or else its creator.
func authorOf(r staging.Staging) string {
	if pull := r.Spec.PullRequest; pull != nil {
		return cmp.Or(strings.TrimSpace(pull.Author), r.Spec.Created.By)
	}
	return r.Spec.Created.By
}

// Author returns the author of a staging: of its pull request, or else its creator.
func Author(s staging.Staging) string { return authorOf(s) }
