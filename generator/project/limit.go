package project

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"octopod/generator/staging"
)

// limit puts the longest unused stagings to sleep where there are too many:
// first of each author, then of all. One that would wake waits for room.
func (s *sweep) limit(records []staging.Staging, decisions []Decision) {
	awake := map[string][]int{} // by author, as places in records
	for i, r := range records {
		if stays(r, decisions[i]) {
			author := authorOf(r)
			awake[author] = append(awake[author], i)
		}
	}
	var all []int
	for _, author := range sortedKeys(awake) {
		all = append(all, s.reduce(awake[author], s.Spec.Lifecycle.MaxActivePerAuthor, "of "+author, records, decisions)...)
	}
	s.reduce(all, s.Spec.Lifecycle.MaxActive, "of the project", records, decisions)
}

// stays tells whether a staging is active after a decision.
func stays(r staging.Staging, d Decision) bool {
	if r.Spec.State == staging.Active {
		return d.Step == StepKeep || d.Step == StepWarn
	}
	return d.Step == StepWake
}

// reduce brings a group of active stagings down to the most there may be, and
// gives those that remain.
func (s *sweep) reduce(group []int, most int, whose string, records []staging.Staging, decisions []Decision) []int {
	over := len(group) - most
	if most == 0 || over <= 0 {
		return group
	}
	slices.SortStableFunc(group, func(a, b int) int { return s.older(records[a], records[b]) })
	return slices.DeleteFunc(group, func(i int) bool {
		d := &decisions[i]
		wakes := d.Step == StepWake
		if over == 0 || !wakes && (s.Spec.Lifecycle.WhenFull == Refuse || s.protected(records[i]).Step != "") {
			return false
		}
		over--
		why := fmt.Sprintf("%d %s may be active", most, whose)
		if wakes {
			*d = Decision{Staging: d.Staging, Step: StepKeep, Reason: why + ": it wakes when there is room"}
		} else {
			*d = Decision{Staging: d.Staging, Step: StepSleep, Reason: why + ": it had no deploy for longest"}
		}
		return true
	})
}

// older orders stagings by their last use.
func (s *sweep) older(a, b staging.Staging) int {
	return cmp.Or(s.lastUse(a).Compare(s.lastUse(b)), cmp.Compare(a.Name, b.Name))
}

// lastUse is when somebody last deployed or woke a staging, as far as its
// record tells: its end tells the day of the last deploy.
func (p *Project) lastUse(r staging.Staging) time.Time {
	last := stateSince(r)
	for _, service := range r.Spec.Services {
		if service.Branch == "" && service.From == staging.FromBranch && service.Committed.After(last) {
			last = service.Committed
		}
	}
	if r.Spec.Expires != nil {
		const day = 24 * time.Hour
		if deployed := r.Spec.Expires.Add(-time.Duration(p.Spec.Lifecycle.TTL) - day); deployed.After(last) {
			last = deployed
		}
	}
	return last
}

// EnforcesLimit tells whether a change may be refused for want of room.
func (p *Project) EnforcesLimit() bool {
	l := p.Spec.Lifecycle
	return l.WhenFull == Refuse && (l.MaxActive > 0 || l.MaxActivePerAuthor > 0)
}

// CheckLimit refuses one more active staging where there are as many as may be, and
// the project says so. others are all but that one.
func (p *Project) CheckLimit(next staging.Staging, others []staging.Staging) error {
	if !p.EnforcesLimit() {
		return nil
	}
	author := authorOf(next)
	total, own := 0, 0
	for _, r := range others {
		if r.Spec.State != staging.Active {
			continue
		}
		total++
		if authorOf(r) == author {
			own++
		}
	}
	l := p.Spec.Lifecycle
	switch {
	case l.MaxActive > 0 && total >= l.MaxActive:
		return limitReached(fmt.Sprintf("%d stagings are active, and no more than %d may be", total, l.MaxActive))
	case l.MaxActivePerAuthor > 0 && own >= l.MaxActivePerAuthor:
		return limitReached(fmt.Sprintf("%d stagings of %s are active, and no more than %d may be", own, author, l.MaxActivePerAuthor))
	}
	return nil
}

func limitReached(what string) error {
	return staging.Errorf(staging.CodeConflict, "%s", what).
		WithHint("archive one that nobody needs: `octopod get` lists them, `octopod archive NAME` keeps its data")
}
