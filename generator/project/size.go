package project

import (
	"fmt"
	"maps"
	"strings"

	"octopod/generator/staging"
)

// SizeParameter is the name of the parameter that chooses the size of a staging.
const SizeParameter = "size"

// Size is a class of stagings by what they may reserve.
type Size struct {
	// Name of the size: small, or S.
	Name string `yaml:"name" json:"name"`
	// Description in a few words, for the user who chooses.
	Help string `yaml:"help,omitempty" json:"help,omitempty"`
	// ResourceQuota spec.hard of a staging of this size, over that of spec.quota. Containers without
	// requests or limits that it counts get them from a LimitRange.
	Quota map[string]string `yaml:"quota" json:"quota"`
}

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

func (p *Project) checkSizes(c *problems) {
	seen := map[string]bool{}
	for i, size := range p.Spec.Sizes {
		field := fmt.Sprintf("spec.sizes[%d]", i)
		switch {
		case strings.TrimSpace(size.Name) == "" || strings.ContainsAny(size.Name, " ,="):
			c.add(field+".name", "%q is not the name of a size: write one word, for example small", size.Name)
		case seen[size.Name]:
			c.add(field+".name", "%q is already a size", size.Name)
		}
		seen[size.Name] = true
		if len(size.Quota) == 0 {
			c.add(field+".quota", "is empty: every size would be the same")
		}
		for _, key := range sortedKeys(size.Quota) {
			if !isQuotaResource(key) {
				c.add(field+".quota."+key, "%q is not a resource of a ResourceQuota%s", key, suggest(key, quotaResources()))
			}
		}
	}
	if own := p.Spec.Parameters[SizeParameter]; p.isSize(SizeParameter) && (own.Group != "Size" || own.Default != p.Spec.Sizes[0].Name) {
		c.add("spec.parameters."+SizeParameter, "is the parameter of spec.sizes: give yours another name")
	}
}
