package staging

import (
	"fmt"
	"maps"
	"slices"
)

// FormatValue formats a setting (string, int, bool or nil) as the application reads it.
func FormatValue(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// Clone returns a deep copy, so that an edit can be repeated on the same record.
func (s Staging) Clone() Staging {
	c := s
	c.Spec.Services = maps.Clone(s.Spec.Services)
	c.Spec.Overrides = Overrides{App: maps.Clone(s.Spec.Overrides.App), Deployment: maps.Clone(s.Spec.Overrides.Deployment)}
	c.Spec.Presets = slices.Clone(s.Spec.Presets)
	c.Spec.Granted = maps.Clone(s.Spec.Granted)
	c.Spec.PullRequest = clonePointer(s.Spec.PullRequest)
	c.Spec.Expires = clonePointer(s.Spec.Expires)
	c.Spec.Pinned = clonePointer(s.Spec.Pinned)
	c.Spec.Tested = s.Spec.Tested.clone()
	c.Spec.Kept = clonePointer(s.Spec.Kept)
	c.Spec.Since = clonePointer(s.Spec.Since)
	c.Spec.BranchGone = clonePointer(s.Spec.BranchGone)
	c.Spec.Database = s.Spec.Database.clone()
	return c
}

func (t *Test) clone() *Test {
	c := clonePointer(t)
	if c != nil {
		c.Services = maps.Clone(t.Services)
	}
	return c
}

func clonePointer[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
