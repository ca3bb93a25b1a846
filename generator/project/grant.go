package project

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"octopod/generator/staging"
)

// chosen returns the value that a record chooses for a setting, granted or not, and the
// preset that has it; "" for the staging's own override.
func (p *Project) chosen(s staging.Staging, name string) (value any, preset string) {
	if value, ok := valueOf(s.Spec.Overrides, name); ok {
		return value, ""
	}
	value = p.Spec.Parameters[name].Default
	for _, of := range s.Spec.Presets {
		if v, ok := valueOf(p.Spec.Presets[of].Overrides, name); ok {
			value, preset = v, of
		}
	}
	return value, preset
}

// usable reports whether a staging may have a value of a setting: it needs no grant, or
// the record has one.
func (p *Project) usable(s staging.Staging, name string, value any) bool {
	_, needsGrant := p.Spec.Parameters[name].Rule(value)
	return !needsGrant || s.Spec.Granted[name].Value == staging.FormatValue(value)
}

// current reports whether a record has a grant for the value that it chooses, and whether
// the term of the grant is not over.
func (p *Project) current(s staging.Staging, name string, at time.Time) bool {
	value, _ := p.chosen(s, name)
	rule, needsGrant := p.Spec.Parameters[name].Rule(value)
	grant, granted := s.Spec.Granted[name]
	if !needsGrant || !granted || grant.Value != staging.FormatValue(value) {
		return false
	}
	end := rule.end(grant)
	return end == nil || at.Before(*end)
}

// settlesGrants lists the verbs that may begin or end grants. The others write what they
// say; the sweep ends a grant whose term is over.
var settlesGrants = []staging.Verb{
	staging.Deploy, staging.Create, staging.Update, staging.Set, staging.Unset, staging.Restore, staging.Regenerate,
}

// settleGrants adds the grants that an action asks for to a record, and takes back the ones
// that ended. A grant that was not asked for stays as it is: a deploy does not extend it.
func (p *Project) settleGrants(before, s *staging.Staging, a staging.Action, at staging.Attribution) error {
	if !slices.Contains(settlesGrants, a.Verb) {
		return nil
	}
	c, began := problems{}, false
	for _, name := range p.ruledNames(*s) {
		switch {
		case p.asksFor(before, *s, a, name) && !(p.current(*s, name, at.At) && !renews(a, name)):
			value, _ := p.chosen(*s, name)
			grant, err := p.grant(name, value, a, at)
			c.addError(name, err)
			s.Spec.Granted, began = withGrant(s.Spec.Granted, name, grant), true
		case !p.current(*s, name, at.At):
			p.takeBack(s, name)
		}
	}
	if a.Until != nil && !began && a.Verb != staging.Restore {
		c.add("--until", "none of these settings has a term: only values with spec.parameters.*.values in %s end", File)
	}
	return staging.Invalid("these settings need fixing", c)
}

// ruledNames lists the parameters whose values have rules, and those with a grant.
func (p *Project) ruledNames(s staging.Staging) []string {
	names := sortedKeys(s.Spec.Granted)
	for _, name := range p.ParameterNames() {
		if len(p.Spec.Parameters[name].Values) > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// asksFor reports whether an action chooses the value of a setting, directly or by a
// preset, and the value needs a grant.
func (p *Project) asksFor(before *staging.Staging, after staging.Staging, a staging.Action, name string) bool {
	value, preset := p.chosen(after, name)
	_, needsGrant := p.Spec.Parameters[name].Rule(value)
	if _, set := a.Set[name]; !needsGrant || set || before == nil {
		return needsGrant && !slices.Contains(a.Ends, name)
	}
	was, _ := p.chosen(*before, name)
	return !slices.Contains(a.Ends, name) && (was != value || slices.Contains(a.Presets, preset))
}

// renews reports whether an action begins the term of a value again that the staging has.
func renews(a staging.Action, name string) bool {
	_, set := a.Set[name]
	return set && a.Verb == staging.Set && (a.Reason != "" || a.Until != nil) && !a.ReasonDerived
}

// grant returns the grant of a value for the author of an action.
func (p *Project) grant(name string, value any, a staging.Action, at staging.Attribution) (staging.Grant, error) {
	rule, _ := p.Spec.Parameters[name].Rule(value)
	text := staging.FormatValue(value)
	reason := strings.TrimSpace(a.Reason)
	if rule.Reason == ReasonRequired && (reason == "" || a.ReasonDerived) {
		return staging.Grant{}, fmt.Errorf("%s needs a reason: add one, such as a refund test", text)
	}
	g := staging.Grant{Value: text, By: at.By, Reason: reason, At: at.At, Until: a.Until}
	if end := rule.end(g); end != nil && g.Until != nil && end.Before(*g.Until) {
		return g, fmt.Errorf("%s is possible for %s at most, until %s", text, rule.Term, clock(*end))
	}
	g.Until = rule.end(g)
	if g.Ended(at.At) {
		return g, fmt.Errorf("%s cannot end at %s: this time is in the past", text, clock(*g.Until))
	}
	return g, nil
}

func withGrant(all map[string]staging.Grant, name string, g staging.Grant) map[string]staging.Grant {
	all = maps.Clone(all)
	if all == nil {
		all = map[string]staging.Grant{}
	}
	all[name] = g
	return all
}

// takeBack removes the grant of a setting, and the override that needs it. A preset stays,
// without effect on this setting. It reports whether the record chose a value that needs a
// grant.
func (p *Project) takeBack(s *staging.Staging, name string) bool {
	if _, granted := s.Spec.Granted[name]; granted {
		s.Spec.Granted = maps.Clone(s.Spec.Granted)
		delete(s.Spec.Granted, name)
	}
	value, preset := p.chosen(*s, name)
	_, needsGrant := p.Spec.Parameters[name].Rule(value)
	if needsGrant && preset == "" {
		s.Spec.Overrides.App, s.Spec.Overrides.Deployment = maps.Clone(s.Spec.Overrides.App), maps.Clone(s.Spec.Overrides.Deployment)
		delete(s.Spec.Overrides.App, name)
		delete(s.Spec.Overrides.Deployment, name)
	}
	return needsGrant
}

// KeepGrants copies the grants of the present record to a restored one: a grant belongs to the
// staging and not to a version. It takes back the other values that need a grant, and
// returns their names. before may be nil.
func (p *Project) KeepGrants(restored, before *staging.Staging, at time.Time) (refused []string) {
	restored.Spec.Granted = nil
	if before != nil {
		restored.Spec.Granted = maps.Clone(before.Spec.Granted)
	}
	for _, name := range p.ruledNames(*restored) {
		if !p.current(*restored, name, at) && p.takeBack(restored, name) {
			refused = append(refused, name)
		}
	}
	if len(restored.Spec.Granted) == 0 {
		restored.Spec.Granted = nil
	}
	return refused
}

// GrantChosen returns a copy of a record with a grant for each value that it chooses, for
// a trial of its template.
func (p *Project) GrantChosen(s staging.Staging) staging.Staging {
	for _, name := range p.ParameterNames() {
		value, _ := p.chosen(s, name)
		if _, needsGrant := p.Spec.Parameters[name].Rule(value); needsGrant {
			s.Spec.Granted = withGrant(s.Spec.Granted, name, staging.Grant{Value: staging.FormatValue(value)})
		}
	}
	return s
}

// Badge marks a staging that has a value which needs care.
type Badge struct {
	Setting string // name of the parameter
	Text    string
	staging.Grant
}

// Badges returns the badges of a staging, by the names of the settings.
func (p *Project) Badges(s staging.Staging) []Badge {
	var all []Badge
	for _, name := range sortedKeys(s.Spec.Granted) {
		parameter, grant := p.Spec.Parameters[name], s.Spec.Granted[name]
		value, _ := p.chosen(s, name)
		rule, ok := parameter.Rule(value)
		if !ok || !p.usable(s, name, value) {
			continue
		}
		grant.Until = rule.end(grant)
		all = append(all, Badge{Setting: name, Text: cmp.Or(rule.Badge, cmp.Or(parameter.Title, name)+" "+grant.Value), Grant: grant})
	}
	return all
}

// Sentence describes a badge: Real payments until 18:00, by Eve: refund test. When the
// term is over and no sweep took the value back, it says so.
func (b Badge) Sentence(now time.Time) string {
	text := b.Text
	switch {
	case b.Until != nil && b.Ended(now):
		text += ": should have ended at " + clock(*b.Until)
	case b.Until != nil:
		text += " until " + clock(*b.Until)
	}
	if b.By != "" {
		text += ", by " + b.By
	}
	return strings.TrimSuffix(text+": "+b.Reason, ": ")
}

// grantEnded: a value that needs a grant is taken back when its term is over, or when the
// record has no grant for it.
func (s *sweep) grantEnded(r staging.Staging) Decision {
	var names, reasons []string
	for _, name := range s.ruledNames(r) {
		value, preset := s.chosen(r, name)
		grant, granted := r.Spec.Granted[name]
		_, needsGrant := s.Spec.Parameters[name].Rule(value)
		switch {
		case !needsGrant || s.current(r, name, s.Now):
			continue
		case granted && grant.Value == staging.FormatValue(value):
			grant.Until = s.Spec.Parameters[name].Values[grant.Value].end(grant)
			reasons = append(reasons, fmt.Sprintf("%s=%s ended, by %s %s", name, grant.Value, grant.By, grant))
		case preset == "":
			reasons = append(reasons, fmt.Sprintf("%s=%s was never granted", name, staging.FormatValue(value)))
		default:
			continue // without a grant, the preset has no effect on the setting
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return Decision{}
	}
	return Decision{Step: StepRevoke, Reason: strings.Join(reasons, ", "), ends: names}
}
