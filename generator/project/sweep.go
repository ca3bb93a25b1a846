package project

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"octopod/generator/staging"
)

// Step is what a sweep does with one staging.
type Step string

// The steps. Sleep, Archive and Mark are commits of the verb archive, Wake is
// one of restore, Delete and Finish are of delete; the others change nothing.
const (
	StepKeep    Step = "keep"
	StepWarn    Step = "warn"    // what happens soon
	StepHold    Step = "hold"    // it would go, but too many would go at once
	StepSleep   Step = "sleep"   // for a while, or for want of room
	StepWake    Step = "wake"    // its time has come, or its branch is back
	StepArchive Step = "archive" // nobody needs it
	StepMark    Step = "mark"    // archived already: what the sweep must remember
	StepDelete  Step = "delete"  // archived for long enough
	StepFinish  Step = "finish"  // the teardown is over
)

// Decision is what a sweep does with one staging, and why.
type Decision struct {
	Staging string     `json:"name"`
	Step    Step       `json:"step"`
	Reason  string     `json:"reason,omitempty"`
	At      *time.Time `json:"at,omitempty"` // when what is warned of happens, or when it wakes

	gone bool // because its branch is in no repository
}

// SweepInput are what a sweep knows beside the records.
type SweepInput struct {
	Now time.Time
	// Branches of each repository of the project. One that is not there, or has
	// none, tells nothing: no repository has no branch at all, so something failed.
	Branches map[string][]string
	// Deleted is a branch that its repository has just told to be no more. Nobody
	// waits for a first push of it, and the repository need not be heard as well.
	Deleted DeletedBranch
	// TeardownsDone are the stagings whose teardown is over.
	TeardownsDone map[string]bool
	// MaxShare is how many stagings of a hundred may go at once. A few may always.
	MaxShare int
}

// DeletedBranch is a branch that one repository has no more.
type DeletedBranch struct{ Repository, Branch string }

// fewEnough may go at once whatever their share.
const fewEnough = 3

// Sweep decides on every staging, in the order of the records. What it decides
// follows from its arguments alone, and nothing is deleted that was not
// archived before.
func (p *Project) Sweep(records []staging.Staging, around SweepInput) []Decision {
	s := p.newSweep(around)
	decisions := make([]Decision, len(records))
	for i, r := range records {
		decisions[i] = s.decide(r)
		decisions[i].Staging = r.Name
	}
	s.limit(records, decisions)
	s.holdMassDeletion(decisions)
	return decisions
}

// Action gives what a decision commits; false when that is nothing.
func (d Decision) Action() (staging.Action, bool) {
	a := staging.Action{Name: d.Staging, Reason: d.Reason, BranchGone: d.gone}
	switch d.Step {
	case StepArchive, StepMark:
		a.Verb = staging.Archive
	case StepSleep:
		a.Verb, a.Until = staging.Archive, d.At
	case StepWake:
		a.Verb = staging.Restore
	case StepDelete:
		a.Verb = staging.Delete
	case StepFinish:
		a.Verb, a.Finish = staging.Delete, true
	}
	return a, a.Verb != ""
}

// sweep is one sweep over one project.
type sweep struct {
	*Project
	SweepInput
	branches map[string]map[string]bool // by repository
	repos    []string
	night    night
	isNight  bool
}

func (p *Project) newSweep(around SweepInput) *sweep {
	s := &sweep{Project: p, SweepInput: around, branches: map[string]map[string]bool{}, repos: p.Repositories()}
	for repository, names := range around.Branches {
		set := make(map[string]bool, len(names))
		for _, name := range names {
			set[name] = true
		}
		s.branches[repository] = set
	}
	s.night, s.isNight = p.Spec.Lifecycle.Sleep.night(around.Now)
	return s
}

// Repositories are those of the project's services, each once, in order.
func (p *Project) Repositories() []string {
	all := map[string]bool{}
	for _, service := range p.Spec.Services {
		if service.Repository != "" {
			all[service.Repository] = true
		}
	}
	return sortedKeys(all)
}

// decide asks one rule after the other; the first that has something to say is right.
func (s *sweep) decide(r staging.Staging) Decision {
	for _, rule := range []func(*sweep, staging.Staging) Decision{
		(*sweep).tornDown, (*sweep).wakeDue, (*sweep).protected, (*sweep).branchGone, (*sweep).branchBack,
		(*sweep).undated, (*sweep).retentionOver, (*sweep).expired, (*sweep).nightBegan, (*sweep).expiresSoon,
	} {
		if d := rule(s, r); d.Step != "" {
			return d
		}
	}
	return Decision{Step: StepKeep, Reason: keepReason(r)}
}

// keepReason says how long a staging stays as it is.
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

// tornDown: nothing but its teardown decides on what is being deleted.
func (s *sweep) tornDown(r staging.Staging) Decision {
	switch {
	case r.Spec.State != staging.Deleting:
		return Decision{}
	case s.TeardownsDone[r.Name]:
		return Decision{Step: StepFinish, Reason: "the teardown is over"}
	}
	return keptBecause("its teardown is not known to be over")
}

// wakeDue: who was put to sleep for a while is woken, whatever else holds.
func (s *sweep) wakeDue(r staging.Staging) Decision {
	since := r.Spec.Since
	if r.Spec.State != staging.Archived || since == nil || since.Wakes == nil || since.Wakes.After(s.Now) || s.past(r.Spec.Expires) {
		return Decision{}
	}
	return Decision{Step: StepWake, Reason: "it slept until " + clock(*since.Wakes)}
}

func (s *sweep) past(t *time.Time) bool { return t != nil && !s.Now.Before(*t) }

// protected: some stagings are none of the sweep's business.
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

// branchGone: a staging goes with its branch. It is archived at once, which
// loses nothing, and deleted when the branch stayed away for the grace period.
func (s *sweep) branchGone(r staging.Staging) Decision {
	if s.presence(r) != absent {
		return Decision{}
	}
	grace, why := time.Duration(s.Spec.Lifecycle.BranchGrace), fmt.Sprintf("branch %s is gone", r.Spec.Branch)
	d := Decision{Reason: why, gone: true}
	end := stateSince(r).Add(grace)
	switch mark := r.Spec.BranchGone; {
	case r.Spec.State == staging.Active && s.Now.Before(end) && s.Deleted.Branch != r.Spec.Branch: // it is new, or somebody woke it
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

// stateSince is when a staging came to its state.
func stateSince(r staging.Staging) time.Time {
	if r.Spec.Since != nil {
		return r.Spec.Since.At
	}
	return r.Spec.Created.At
}

// branchBack: what was archived with its branch comes back with it.
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

// presence says whether the branch of a staging exists.
type presence int

const (
	unknown presence = iota
	present
	absent
)

// presence of a staging's branch: it is absent only where every repository was
// heard and none has it. A branch that nothing was built on may be a mere name.
func (s *sweep) presence(r staging.Staging) presence {
	if len(s.repos) == 0 || !built(r) {
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

// built tells whether some service was built from a commit of the staging's branch.
func built(r staging.Staging) bool {
	for _, service := range r.Spec.Services {
		if service.From == staging.FromBranch && service.Commit != "" && service.Branch == "" {
			return true
		}
	}
	return false
}

// undated: an archive from before the sweep, or made by hand, counts from now.
func (s *sweep) undated(r staging.Staging) Decision {
	if r.Spec.State == staging.Archived && r.Spec.Since == nil {
		return Decision{Step: StepMark, Reason: "archived, nobody knows since when: counted from now"}
	}
	return Decision{}
}

// retentionOver: an archive is deleted after the retention.
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

// expired: a staging without a deploy is archived, also one that only sleeps.
func (s *sweep) expired(r staging.Staging) Decision {
	sleeps := r.Spec.State == staging.Archived && r.Spec.Since.Wakes == nil
	if sleeps || !s.past(r.Spec.Expires) {
		return Decision{}
	}
	return Decision{Step: StepArchive, Reason: "no deploy until " + clock(*r.Spec.Expires)}
}

// nightBegan: by night all sleep but those that somebody deployed or woke meanwhile.
func (s *sweep) nightBegan(r staging.Staging) Decision {
	if !s.isNight || r.Spec.State != staging.Active || !stateSince(r).Before(s.night.began) {
		return Decision{}
	}
	return Decision{Step: StepSleep, Reason: "asleep until " + clock(s.night.ends), At: &s.night.ends}
}

func (s *sweep) expiresSoon(r staging.Staging) Decision {
	if r.Spec.State != staging.Active || r.Spec.Expires == nil {
		return Decision{}
	}
	return s.warning(*r.Spec.Expires, "archived")
}

// warning says what happens at an end that is near.
func (s *sweep) warning(end time.Time, what string) Decision {
	if s.Now.Add(time.Duration(s.Spec.Lifecycle.Warning)).Before(end) {
		return Decision{}
	}
	return Decision{Step: StepWarn, Reason: what + " after " + clock(end), At: &end}
}

// holdMassDeletion keeps a mistake from taking many stagings away: a repository that was
// replaced, a clock that is wrong. A staging that goes with its branch counts
// as well as one that is deleted.
func (s *sweep) holdMassDeletion(decisions []Decision) {
	goes := func(d Decision) bool { return d.Step == StepDelete || d.Step == StepArchive && d.gone }
	going := 0
	for _, d := range decisions {
		if goes(d) {
			going++
		}
	}
	if most := max(fewEnough, len(decisions)*s.MaxShare/100); going <= most {
		return
	}
	for i, d := range decisions {
		if goes(d) {
			decisions[i].Step = StepHold
			decisions[i].Reason = fmt.Sprintf("%s, but %d of %d would go at once", d.Reason, going, len(decisions))
		}
	}
}

// authorOf gives the author of the pull request of a staging, else who made it.
func authorOf(r staging.Staging) string {
	if pull := r.Spec.PullRequest; pull != nil {
		return cmp.Or(strings.TrimSpace(pull.Author), r.Spec.Created.By)
	}
	return r.Spec.Created.By
}
