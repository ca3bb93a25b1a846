package project

import (
	"fmt"
	"strings"
)

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
