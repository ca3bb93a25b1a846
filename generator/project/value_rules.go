package project

import (
	"cmp"
	"slices"

	"octopod/generator/staging"
)

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
