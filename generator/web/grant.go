package web

import (
	"net/url"
	"strings"
	"time"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// grantForm asks for reason and end of values that need care.
type grantForm struct {
	Reason, Term string
	Terms        []string
}

// grantForm returns the form; nil if no setting needs it.
func (req *projectRequest) grantForm(groups []settingGroup, form url.Values) *grantForm {
	for _, g := range groups {
		for _, s := range g.Settings {
			if len(s.Rules) > 0 && !s.Locked {
				return &grantForm{Reason: form.Get("reason"), Term: form.Get("term"), Terms: []string{"1h", "4h", "8h", "1d"}}
			}
		}
	}
	return nil
}

// readGrant adds reason and end to an action that chooses a value which needs care. A
// term that is no duration counts as none, and the longest one applies.
func (req *projectRequest) readGrant(a *staging.Action, form url.Values) {
	if !req.choosesRuled(*a) {
		return
	}
	a.Reason = strings.TrimSpace(form.Get("reason"))
	var term project.Duration
	if term.UnmarshalText([]byte(form.Get("term"))) == nil {
		until := req.now().Add(time.Duration(term)).UTC().Truncate(time.Second)
		a.Until = &until
	}
}

// choosesRuled reports whether an action sets a value that needs a grant, or adds a preset
// with one.
func (req *projectRequest) choosesRuled(a staging.Action) bool {
	ruled := func(name string, value any) bool {
		_, ok := req.project.Spec.Parameters[name].Rule(value)
		return ok
	}
	for name, text := range a.Set {
		if ruled(name, text) {
			return true
		}
	}
	for _, preset := range a.Presets {
		of := req.project.Spec.Presets[preset].Overrides
		for _, values := range []staging.Values{of.App, of.Deployment} {
			for name, value := range values {
				if ruled(name, value) {
					return true
				}
			}
		}
	}
	return false
}
