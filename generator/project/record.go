package project

import (
	"fmt"
	"strings"
	"unicode"

	"octopod/generator/staging"
)

// Check returns an error with every problem of a record in this project.
func (p *Project) Check(s staging.Staging) error {
	c := problems{}
	c.addError("metadata.name", p.Naming().Check(s.Name))
	if _, err := staging.ParseBranch(s.Spec.Branch); err != nil {
		c.addError("spec.branch", err)
	}
	c.checkState(s.Spec.State)
	c.checkTest(s.Spec.Tested)
	p.checkData(&c, s.Spec.Database)
	p.checkServices(&c, s)
	p.checkOverrides(&c, "spec.overrides.app", ScopeApp, s.Spec.Overrides.App)
	p.checkOverrides(&c, "spec.overrides.deployment", ScopeDeployment, s.Spec.Overrides.Deployment)
	p.checkRequired(&c, s)
	for i, preset := range s.Spec.Presets {
		if _, ok := p.Spec.Presets[preset]; !ok {
			c.add(fmt.Sprintf("spec.presets[%d]", i), "the project has no preset %q%s", preset, listChoices(sortedKeys(p.Spec.Presets)))
		}
	}
	if strings.ContainsFunc(s.Title, unicode.IsControl) {
		c.add("metadata.title", "contains a control character")
	}
	return staging.Invalid(fmt.Sprintf("staging %s does not fit the project", s.Name), c)
}

func (c *problems) checkState(state staging.State) {
	switch state {
	case staging.Active, staging.Archived, staging.Deleting:
	default:
		c.add("spec.state", "%q is not a state: write active, archived or deleting", state)
	}
}

func (p *Project) checkServices(c *problems, s staging.Staging) {
	for _, name := range sortedKeys(s.Spec.Services) {
		field := "spec.services." + name
		if _, ok := p.Spec.Services[name]; !ok {
			c.add(field, "the project has no service %q%s", name, listChoices(p.ServiceNames()))
			continue
		}
		c.addError(field+".image", CheckImage(s.Spec.Services[name].Image))
	}
	for _, name := range p.ServiceNames() {
		if _, ok := s.Spec.Services[name]; !ok {
			c.add("spec.services."+name, "has no image: pass one, or set a default in spec.services.%s.image of %s", name, File)
		}
	}
}

func (p *Project) checkOverrides(c *problems, field string, scope Scope, values staging.Values) {
	for _, name := range sortedKeys(values) {
		parameter, ok := p.Spec.Parameters[name]
		switch {
		case !ok:
			c.add(field+"."+name, "the project has no parameter %q%s", name, listChoices(p.ParameterNames()))
		case parameter.Scope != scope:
			c.add(field+"."+name, "belongs under overrides.%s", parameter.Scope)
		default:
			c.addError(field+"."+name, parameter.Check(values[name]))
		}
	}
}
