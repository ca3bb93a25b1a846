package project

import "octopod/generator/staging"

// CheckSelector returns an error if a selector names neither a field of stagings nor a
// parameter of the project.
func (p *Project) CheckSelector(s staging.Selector) error {
	return s.CheckFields(func(name string) bool {
		_, declared := p.Spec.Parameters[name]
		return declared
	})
}
