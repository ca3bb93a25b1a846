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
