package project

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"octopod/generator/staging"
)

// limit archives the least recently used stagings if there are too many: first of each
// author, then of the project. A staging that is due to wake waits for room.
func (s *sweep) limit(records []staging.Staging, decisions []Decision) {
	active := map[string][]int{} // by author: indexes of records
	for i, r := range records {
		if isActiveAfter(r, decisions[i]) {
			author := authorOf(r)
			active[author] = append(active[author], i)
		}
	}
	var all []int
	for _, author := range sortedKeys(active) {
		all = append(all, s.reduce(active[author], s.Spec.Lifecycle.MaxActivePerAuthor, "of "+author, records, decisions)...)
	}
	s.reduce(all, s.Spec.Lifecycle.MaxActive, "of the project", records, decisions)
}

// isActiveAfter reports whether a staging is active after a decision.
func isActiveAfter(r staging.Staging, d Decision) bool {
	if r.Spec.State == staging.Active {
		return d.Step == StepKeep || d.Step == StepWarn
	}
	return d.Step == StepWake
}

// reduce archives stagings of a group down to the maximum, and returns the remaining ones.
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
		why := fmt.Sprintf("at most %d stagings %s can be active", most, whose)
		if wakes {
			*d = Decision{Staging: d.Staging, Step: StepKeep, Reason: why + ": it stays archived until there is room"}
		} else {
			*d = Decision{Staging: d.Staging, Step: StepSleep, Reason: why + ": its last deploy is the oldest"}
		}
		return true
	})
}

// older compares stagings by their last use.
func (s *sweep) older(a, b staging.Staging) int {
	return cmp.Or(s.lastUse(a).Compare(s.lastUse(b)), cmp.Compare(a.Name, b.Name))
}

// lastUse is the time of the last deploy or restore of a staging, as far as its record
// has it. The expiry has the day of the last deploy.
func (p *Project) lastUse(r staging.Staging) time.Time {
	last := stateSince(r)
	for _, service := range r.Spec.Services {
		if service.Branch == "" && service.From == staging.FromBranch && service.Committed.After(last) {
			last = service.Committed
		}
	}
	if r.Spec.Expires != nil {
		const day = 24 * time.Hour
		if deployed := r.Spec.Expires.Add(-time.Duration(p.TTL(r)) - day); deployed.After(last) {
			last = deployed
		}
	}
	return last
}

// EnforcesLimit reports whether a maximum of active stagings can reject a change.
func (p *Project) EnforcesLimit() bool {
	l := p.Spec.Lifecycle
	return l.WhenFull == Refuse && (l.MaxActive > 0 || l.MaxActivePerAuthor > 0)
}

// CheckLimit returns an error for one more active staging than the project allows.
// others are all other stagings.
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
		return limitReached(fmt.Sprintf("%d stagings are active, and the maximum is %d", total, l.MaxActive))
	case l.MaxActivePerAuthor > 0 && own >= l.MaxActivePerAuthor:
		return limitReached(fmt.Sprintf("%d stagings of %s are active, and the maximum is %d", own, author, l.MaxActivePerAuthor))
	}
	return nil
}

func limitReached(message string) error {
	return staging.Errorf(staging.CodeConflict, "%s", message).
		WithTechnicalHint("archive a staging that nobody needs: `octopod get` lists them, and `octopod archive NAME` keeps the data")
}
