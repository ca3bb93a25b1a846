package project

import (
	"cmp"
	"slices"
	"time"

	"octopod/generator/staging"
)

// ReasonRule defines if a choice requires a reason.
type ReasonRule string

// The rules.
const (
	ReasonOptional ReasonRule = "optional"
	ReasonRequired ReasonRule = "required"
)

// ValueRule is what one value of a parameter requires, such as production payments. A
// staging has the value only with a grant, which its record keeps.
type ValueRule struct {
	// Role required to choose the value. Default the role of the parameter.
	Role Role `yaml:"role,omitempty" json:"role,omitempty" jsonschema:"enum=user,enum=admin"`
	// required: the choice needs a reason. Default optional.
	Reason ReasonRule `yaml:"reason,omitempty" json:"reason,omitempty" jsonschema:"enum=optional,enum=required"`
	// Maximum time that a staging keeps the value, for example 4h; then the sweep takes it back. Absent: no end.
	Term Duration `yaml:"term,omitempty" json:"term,omitempty"`
	// Text of the badge of a staging with the value, such as Real payments. Default the title of the parameter and the value.
	Badge string `yaml:"badge,omitempty" json:"badge,omitempty"`
	// Warning for the person who chooses the value, in one sentence, such as Money moves.
	Warning string `yaml:"warning,omitempty" json:"warning,omitempty"`
}

// Rule returns the rule of a value, and whether there is one.
func (p Parameter) Rule(value any) (ValueRule, bool) {
	if value == nil || len(p.Values) == 0 {
		return ValueRule{}, false
	}
	rule, ok := p.Values[staging.FormatValue(value)]
	return rule, ok
}

// RoleFor returns the role that a value requires.
func (p Parameter) RoleFor(value any) Role {
	if rule, ok := p.Rule(value); ok && rule.Role.rank() > p.Role.rank() {
		return rule.Role
	}
	return p.Role
}

// checkValues validates the rules of values.
func (p Parameter) checkValues(c *problems, field string) {
	if several := []Type{TypeList, TypeDecimal, TypeDuration}; len(p.Values) > 0 && slices.Contains(several, p.Type) {
		c.add(field, "is not possible for type %s, which has several texts for one value: write type enum with allowed", p.Type)
		return
	}
	for _, text := range sortedKeys(p.Values) {
		rule, at := p.Values[text], field+"."+text
		value, err := p.Parse(text)
		if err != nil {
			c.addError(at, err)
			continue
		}
		if p.Default != nil && value == p.Default {
			c.add(at, "is the default, which every staging has: choose another default, or remove the rule")
		}
		if rule.Role != "" && rule.Role != RoleUser && rule.Role != RoleAdmin {
			c.add(at+".role", "%q cannot choose a value: write user or admin", rule.Role)
		}
		if reason := cmp.Or(rule.Reason, ReasonOptional); reason != ReasonOptional && reason != ReasonRequired {
			c.add(at+".reason", "%q is not a rule: write required or optional", rule.Reason)
		}
	}
}

// checkUnusedValues reports rules that require nothing.
func (p Parameter) checkUnusedValues(c *problems, field string) {
	for _, text := range sortedKeys(p.Values) {
		rule, at := p.Values[text], field+"."+text
		if rule == (ValueRule{}) {
			c.add(at, "has no effect: add role, reason, term, badge or warning, or remove it")
		}
		if rule.Role != "" && rule.Role.rank() < p.Role.rank() {
			c.add(at+".role", "has no effect: the parameter requires the role %s already", p.Role)
		}
	}
}

// end returns when a grant ends: at its own end, or earlier if octopod.yaml allows less
// time today. nil is never.
func (r ValueRule) end(g staging.Grant) *time.Time {
	if r.Term == 0 {
		return g.Until
	}
	end := g.At.Add(time.Duration(r.Term))
	if g.Until != nil && g.Until.Before(end) {
		end = *g.Until
	}
	return &end
}
