package project

import (
	"fmt"
	"slices"
	"strings"

	"octopod/generator/staging"
)

// applies reports whether the conditions of a parameter are met in a staging.
func (p *Project) applies(s staging.Staging, parameter Parameter) bool {
	for name, values := range parameter.When {
		if !p.Spec.Parameters[name].isOneOf(p.setting(s, name).Value, values) {
			return false
		}
	}
	return true
}

// isOneOf reports whether a value is one of others; of a list, whether any item is.
func (p Parameter) isOneOf(value any, others []any) bool {
	if p.Type != TypeList {
		return slices.Contains(others, value)
	}
	return slices.ContainsFunc(p.Items(value), func(item string) bool { return slices.Contains(others, any(item)) })
}

// checkCondition validates required and when. A condition on a parameter with a condition of
// its own would be hard to follow.
func (p *Project) checkCondition(c *problems, field, name string, parameter Parameter) {
	if parameter.Required && parameter.Default != nil {
		c.add(field+".required", "has no effect with a default: remove one of them")
	}
	for _, other := range sortedKeys(parameter.When) {
		declared, known := p.Spec.Parameters[other]
		at := field + ".when." + other
		switch {
		case !known:
			c.add(at, "the project has no such parameter%s", suggest(other, p.ParameterNames()))
		case other == name:
			c.add(at, "is the parameter itself: name another one")
		case len(declared.When) > 0:
			c.add(at, "%s has a condition itself: write its condition here too, in place of this one", other)
		case len(parameter.When[other]) == 0:
			c.add(at, "is empty: list the values of %s", other)
		}
		for _, value := range parameter.When[other] {
			if known {
				c.addError(at, declared.Check(value))
			}
		}
	}
}

// checkRequired reports the required settings that an active staging lacks.
func (p *Project) checkRequired(c *problems, s staging.Staging) {
	for _, name := range p.missing(s) {
		c.add(fmt.Sprintf("spec.overrides.%s.%s", p.Spec.Parameters[name].Scope, name), "is required: set a value, for example with --set %s=…", name)
	}
}

// missing lists the required settings that an active staging lacks.
func (p *Project) missing(s staging.Staging) []string {
	var names []string
	for _, name := range p.ParameterNames() {
		parameter := p.Spec.Parameters[name]
		if parameter.Required && s.Spec.State == staging.Active && p.applies(s, parameter) && p.setting(s, name).Value == nil {
			names = append(names, name)
		}
	}
	return names
}

// checkUnused rejects a value that has no effect beside the other settings.
func (p *Project) checkUnused(c *problems, s staging.Staging, set map[string]string) {
	for _, name := range sortedKeys(set) {
		if parameter := p.Spec.Parameters[name]; !p.applies(s, parameter) {
			c.add(name, "has no effect: it applies with %s", parameter.Condition())
		}
	}
}

// Condition returns when a parameter applies, for people: PAYMENT_GATEWAY production or test;
// "" for always.
func (p Parameter) Condition() string {
	var all []string
	for _, name := range sortedKeys(p.When) {
		values := make([]string, len(p.When[name]))
		for i, value := range p.When[name] {
			values[i] = staging.FormatValue(value)
		}
		all = append(all, name+" "+strings.Join(values, " or "))
	}
	return strings.Join(all, " and ")
}

// conditionsOn returns the values of a parameter under which others apply.
func (p *Project) conditionsOn(name string) []any {
	var values []any
	for _, other := range p.ParameterNames() {
		values = append(values, p.Spec.Parameters[other].When[name]...)
	}
	return values
}

// WithRequired returns a trial staging with a value for each required setting that it lacks.
func (p *Project) WithRequired(s staging.Staging) staging.Staging {
	for _, name := range p.missing(s) {
		if values := p.Spec.Parameters[name].otherValues(nil); len(values) > 0 {
			s = p.withValue(s, name, values[0].value)
		}
	}
	return s
}
