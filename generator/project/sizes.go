package project

import (
	"maps"
	"strings"

	"octopod/generator/staging"
)

// withSizeParameter declares the parameter that chooses a size. The first size is the default.
func (s *Spec) withSizeParameter() {
	if _, declared := s.Parameters[SizeParameter]; declared || len(s.Sizes) == 0 {
		return
	}
	parameter := Parameter{
		Scope: ScopeDeployment, Type: TypeEnum, Default: s.Sizes[0].Name, Title: "Size", Group: "Size", Role: RoleUser,
	}
	help := []string{}
	for _, size := range s.Sizes {
		parameter.Allowed = append(parameter.Allowed, size.Name)
		if size.Help != "" {
			help = append(help, size.Name+": "+strings.TrimSuffix(size.Help, "."))
		}
	}
	parameter.Help = "How much the staging may reserve."
	if len(help) > 0 {
		parameter.Help += " " + strings.Join(help, "; ") + "."
	}
	if s.Parameters == nil {
		s.Parameters = map[string]Parameter{}
	}
	s.Parameters[SizeParameter] = parameter
}

// quotaOf returns the quota of a staging with these settings.
func (p *Project) quotaOf(values staging.Values) map[string]string {
	for _, size := range p.Spec.Sizes {
		if size.Name == values[SizeParameter] {
			quota := map[string]string{}
			maps.Copy(quota, p.Spec.Quota)
			maps.Copy(quota, size.Quota)
			return quota
		}
	}
	return p.Spec.Quota
}

// isSize reports whether a parameter chooses the size of a staging.
func (p *Project) isSize(name string) bool { return name == SizeParameter && len(p.Spec.Sizes) > 0 }
