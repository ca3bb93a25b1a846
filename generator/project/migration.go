package project

import (
	"fmt"
	"slices"
	"strings"

	"octopod/generator/staging"
)

// Migration adapts the settings in records to a changed octopod.yaml.
type Migration struct {
	Rename      []Renaming    // parameters, whose values move to the new name
	Values      []ValueChange // values that a parameter no longer allows
	DropUnknown bool          // also remove values of parameters, and presets, that the project does not have
}

// Renaming is the earlier and the new name of a parameter.
type Renaming struct{ From, To string }

// ValueChange replaces one value of a parameter.
type ValueChange struct{ Parameter, From, To string }

// Empty reports whether the migration changes nothing.
func (m Migration) Empty() bool { return len(m.Rename)+len(m.Values) == 0 && !m.DropUnknown }

// Summary describes the migration in one line.
func (m Migration) Summary() string {
	var parts []string
	for _, r := range m.Rename {
		parts = append(parts, r.From+" is now "+r.To)
	}
	for _, v := range m.Values {
		parts = append(parts, fmt.Sprintf("%s=%s is now %s", v.Parameter, staging.RedactValue(v.Parameter, v.From), staging.RedactValue(v.Parameter, v.To)))
	}
	if m.DropUnknown {
		parts = append(parts, "unknown settings removed")
	}
	return strings.Join(parts, ", ")
}

// CheckMigration returns an error if the project does not have the new names and values
// of a migration.
func (p *Project) CheckMigration(m Migration) error {
	c := problems{}
	for _, r := range m.Rename {
		if _, ok := p.Spec.Parameters[r.To]; !ok {
			c.add("--rename "+r.From+"="+r.To, "the project has no parameter %q%s", r.To, suggest(r.To, p.ParameterNames()))
		}
	}
	for _, v := range m.Values {
		field := "--value " + v.Parameter
		parameter, ok := p.Spec.Parameters[v.Parameter]
		if !ok {
			c.add(field, "the project has no parameter %q%s", v.Parameter, suggest(v.Parameter, p.ParameterNames()))
			continue
		}
		_, err := parameter.Parse(v.To)
		c.addError(field, err)
	}
	return staging.Invalid("the migration does not fit the project", c)
}

// Migrate returns the record with its settings adapted to the project. A value whose
// parameter has changed its scope or its type moves and is parsed again.
func (p *Project) Migrate(s staging.Staging, m Migration) (staging.Staging, error) {
	c := problems{}
	settings, from := staging.Values{}, map[string]string{}
	for _, values := range []staging.Values{s.Spec.Overrides.Deployment, s.Spec.Overrides.App} {
		for _, name := range sortedKeys(values) {
			to := m.newName(name)
			if other, taken := from[to]; taken && other != name {
				c.add("spec.overrides", "has values for both %s and %s: remove one with `octopod unset`", other, name)
			}
			from[to] = name
			settings[to] = m.newValue(to, values[name])
		}
	}
	s = s.Clone()
	s.Spec.Overrides = p.arrange(&c, settings, s.Spec.Overrides, m.DropUnknown)
	for _, r := range m.Rename {
		if grant, ok := s.Spec.Granted[r.From]; ok {
			s.Spec.Granted = withGrant(s.Spec.Granted, r.To, grant)
			delete(s.Spec.Granted, r.From)
		}
	}
	if m.DropUnknown {
		s.Spec.Presets = slices.DeleteFunc(s.Spec.Presets, func(preset string) bool {
			_, known := p.Spec.Presets[preset]
			return !known
		})
	}
	return s, staging.Invalid(fmt.Sprintf("staging %s cannot be migrated", s.Name), c)
}

func (m Migration) newName(name string) string {
	for _, r := range m.Rename {
		if r.From == name {
			return r.To
		}
	}
	return name
}

func (m Migration) newValue(name string, value any) any {
	for _, v := range m.Values {
		if value != nil && v.Parameter == name && v.From == staging.FormatValue(value) {
			return v.To
		}
	}
	return value
}

// arrange returns settings in the scope and the type that their parameters declare.
// Unknown settings stay in the scope that they had, or are dropped.
func (p *Project) arrange(c *problems, settings staging.Values, was staging.Overrides, drop bool) staging.Overrides {
	next := staging.Overrides{App: staging.Values{}, Deployment: staging.Values{}}
	for _, name := range sortedKeys(settings) {
		parameter, known := p.Spec.Parameters[name]
		value := settings[name]
		if known && value != nil && parameter.Check(value) != nil {
			parsed, err := parameter.Parse(staging.FormatValue(value))
			if err != nil {
				c.addError(name, err)
				continue
			}
			value = parsed
		}
		_, inDeployment := was.Deployment[name]
		switch {
		case !known && drop:
		case known && parameter.Scope == ScopeDeployment, !known && inDeployment:
			next.Deployment[name] = value
		default:
			next.App[name] = value
		}
	}
	return next
}
