package project

import (
	"fmt"
	"maps"
	"slices"

	"octopod/generator/staging"
)

// configure applies the title, presets and settings of an action. It reports all
// problems at once.
func (p *Project) configure(s staging.Staging, a staging.Action) (staging.Staging, error) {
	if a.Title != nil {
		s.Title = *a.Title
	}
	c := problems{}
	p.changePresets(&c, &s, a)
	s.Spec.Overrides.App = ownedValues(s.Spec.Overrides.App)
	s.Spec.Overrides.Deployment = ownedValues(s.Spec.Overrides.Deployment)
	for _, name := range sortedKeys(a.Set) {
		p.override(&c, &s, name, func(parameter Parameter) (any, error) { return parameter.Parse(a.Set[name]) })
	}
	for _, name := range a.Absent {
		p.override(&c, &s, name, func(parameter Parameter) (any, error) { return nil, parameter.Check(nil) })
	}
	for _, name := range a.Unset {
		p.unset(&c, &s, name)
	}
	p.checkUnused(&c, s, a.Set)
	if err := staging.Invalid("these settings need fixing", c); err != nil {
		return s, err
	}
	return s, nil
}

func ownedValues(v staging.Values) staging.Values {
	if v == nil {
		return staging.Values{}
	}
	return maps.Clone(v)
}

// override sets one value in the scope that its parameter declares.
func (p *Project) override(c *problems, s *staging.Staging, name string, value func(Parameter) (any, error)) {
	parameter, ok := p.Spec.Parameters[name]
	if !ok {
		c.add(name, "the project has no such parameter%s", suggest(name, p.ParameterNames()))
		return
	}
	v, err := value(parameter)
	if err != nil {
		c.addError(name, err)
		return
	}
	values := s.Spec.Overrides.App
	if parameter.Scope == ScopeDeployment {
		values = s.Spec.Overrides.Deployment
	}
	if was, set := values[name]; !set || was != v {
		c.addError(name, parameter.rejectSecret(name, v))
	}
	values[name] = v
}

// unset removes an override, also one whose parameter the project no longer has:
// that fixes such a record.
func (p *Project) unset(c *problems, s *staging.Staging, name string) {
	_, declared := p.Spec.Parameters[name]
	_, inApp := s.Spec.Overrides.App[name]
	_, inDeployment := s.Spec.Overrides.Deployment[name]
	if !declared && !inApp && !inDeployment {
		c.add(name, "the project has no such parameter%s", listChoices(p.ParameterNames()))
		return
	}
	delete(s.Spec.Overrides.App, name)
	delete(s.Spec.Overrides.Deployment, name)
}

func (p *Project) changePresets(c *problems, s *staging.Staging, a staging.Action) {
	for _, preset := range a.Presets {
		if _, ok := p.Spec.Presets[preset]; !ok {
			c.add(fmt.Sprintf("preset %s", preset), "the project has no such preset%s", listChoices(sortedKeys(p.Spec.Presets)))
		}
		if !slices.Contains(s.Spec.Presets, preset) {
			s.Spec.Presets = append(slices.Clone(s.Spec.Presets), preset)
		}
	}
	s.Spec.Presets = slices.DeleteFunc(slices.Clone(s.Spec.Presets), func(preset string) bool {
		return slices.Contains(a.DropPresets, preset)
	})
}
