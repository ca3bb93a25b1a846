package staging

import (
	"maps"
	"slices"
	"strconv"
)

// Text renders a value as it is passed to an application.
func Text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case int:
		return strconv.Itoa(v)
	case bool:
		return strconv.FormatBool(v)
	}
	panic("staging: a value is string, int, bool or nil")
}

// Clone gives a record that shares nothing with s, so that an edit can run
// again on the same input.
func (s Staging) Clone() Staging {
	c := s
	c.Spec.Services = maps.Clone(s.Spec.Services)
	c.Spec.Overrides = Overrides{App: maps.Clone(s.Spec.Overrides.App), Deployment: maps.Clone(s.Spec.Overrides.Deployment)}
	c.Spec.Presets = slices.Clone(s.Spec.Presets)
	c.Spec.PullRequest = clonePointer(s.Spec.PullRequest)
	c.Spec.Expires = clonePointer(s.Spec.Expires)
	c.Spec.Pinned = clonePointer(s.Spec.Pinned)
	return c
}

func clonePointer[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
