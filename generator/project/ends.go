package project

import (
	"time"

	"octopod/generator/staging"
)

// Ends returns when the sweep will archive an active staging, or delete an archived
// one, because of its age; nil for never. It ignores deleted branches, which only the
// sweep knows.
func (p *Project) Ends(s staging.Staging) *time.Time {
	end := p.endByAge(s)
	if end == nil || p.Permanent(s.Name, s.Spec.Branch) {
		return nil
	}
	switch kept := s.Spec.Kept; {
	case kept == nil:
	case kept.Until == nil:
		return nil
	case kept.Until.After(*end):
		return kept.Until
	}
	return end
}

func (p *Project) endByAge(s staging.Staging) *time.Time {
	since, retention := s.Spec.Since, time.Duration(p.Spec.Lifecycle.ArchiveRetention)
	switch {
	case s.Spec.State == staging.Active:
		return s.Spec.Expires
	case s.Spec.State != staging.Archived || since == nil || since.Wakes != nil || retention == 0:
		return nil
	}
	end := since.At.Add(retention)
	return &end
}

// Permanent reports whether a staging outlives its pull requests: it is listed as
// permanent, or belongs to a default branch.
func (p *Project) Permanent(name, branch string) bool {
	return p.isDefaultBranch(branch) || p.listedPermanent(name)
}

func (p *Project) listedPermanent(name string) bool { return matches(p.Spec.Lifecycle.Permanent, name) }

// renewExpiry sets the expiry of a staging to the midnight after its time to live, so
// that a second deploy on the same day changes nothing.
func (p *Project) renewExpiry(s *staging.Staging, now time.Time) {
	s.Spec.Expires = nil
	if ttl := p.TTL(*s); ttl > 0 && !p.listedPermanent(s.Name) {
		const day = 24 * time.Hour
		expires := now.UTC().Add(time.Duration(ttl)).Truncate(day).Add(day)
		s.Spec.Expires = &expires
	}
}
