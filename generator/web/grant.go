package web

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// badge marks a staging that has a value which needs care, such as production payments.
type badge struct {
	Text, By, Reason string
	Until            *timestamp
	Late             bool // it should have ended; only on the page of the staging
}

// badges returns the badges of a staging. Every role sees them.
func (req *projectRequest) badges(view *staging.View) []badge {
	var all []badge
	for _, b := range req.project.Badges(view.Staging()) {
		one := badge{Text: b.Text, Reason: b.Reason}
		if req.shows(project.SectionAuthor) {
			one.By = b.By
		}
		if b.Until != nil {
			one.Until = &timestamp{*b.Until}
		}
		all = append(all, one)
	}
	return all
}

// lateBadges notes which values should have been taken back at a time.
func lateBadges(all []badge, now time.Time) []badge {
	late := slices.Clone(all)
	for i, b := range late {
		late[i].Late = b.Until != nil && !now.Before(b.Until.Time)
	}
	return late
}

// Sentence is the hint of the badge in the list.
func (b badge) Sentence() string {
	var words []string
	if b.Until != nil {
		words = append(words, "until "+b.Until.Human())
	}
	if b.By != "" {
		words = append(words, "by "+b.By)
	}
	return strings.Trim(strings.Join(words, ", ")+": "+b.Reason, ": ")
}

// valueRule is what the choice of one value requires, in words.
type valueRule struct {
	Value, Text string
	Locked      bool // the viewer may not choose it
}

// rulesOf returns the rules of the values of a parameter.
func (req *projectRequest) rulesOf(p project.Parameter) []valueRule {
	var all []valueRule
	for _, value := range p.Allowed {
		rule, ok := p.Rule(value)
		if !ok {
			continue
		}
		role := p.RoleFor(value)
		var words []string
		if role == project.RoleAdmin {
			words = append(words, "only for admins")
		}
		if rule.Reason == project.ReasonRequired {
			words = append(words, "needs a reason")
		}
		if rule.Term > 0 {
			words = append(words, fmt.Sprintf("ends after %s at most", rule.Term))
		}
		text := strings.TrimSpace(rule.Warning + " " + sentence(strings.Join(words, ", ")))
		all = append(all, valueRule{Value: staging.FormatValue(value), Text: text, Locked: !req.role.Includes(role)})
	}
	return all
}

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
