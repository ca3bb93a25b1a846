package project

import (
	"time"

	"octopod/generator/staging"
)

// Ends is when the sweep archives a staging, or deletes one that is archived, if
// nothing happens to it before; nil for never. What becomes of it with its branch
// is known to the sweep alone.
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
