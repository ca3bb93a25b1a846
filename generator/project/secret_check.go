package project

import (
	"fmt"

	"octopod/generator/staging"
)

// checkSecrets validates the Secrets that every staging gets.
func (p *Project) checkSecrets(c *problems) {
	names := map[string]bool{}
	for i, s := range p.Spec.Secrets {
		field := fmt.Sprintf("spec.secrets[%d]", i)
		if !secretReference.MatchString(s.Name + "/key") {
			c.add(field+".name", "%q is not the name of a Secret", s.Name)
		}
		if names[s.Name] {
			c.add(field+".name", "%q is given twice", s.Name)
		}
		names[s.Name] = true
		if s.Name == DatabaseSecret && p.Spec.Database.Kind.IsManaged() {
			c.add(field+".name", "%q is the Secret of the database, which its Job makes", s.Name)
		}
		s.checkSource(c, field)
	}
}

func (s SecretCopy) checkSource(c *problems, field string) {
	sources := 0
	for _, set := range []bool{s.ExternalSecret != nil, s.Reflect != nil, len(s.Sealed) > 0} {
		if set {
			sources++
		}
	}
	switch {
	case sources != 1:
		c.add(field, "needs one source: set one of externalSecret, reflect, sealed")
	case s.ExternalSecret != nil && (s.ExternalSecret.Store == "" || s.ExternalSecret.Key == ""):
		c.add(field+".externalSecret", "needs store and key")
	case s.Reflect != nil && !staging.IsLabel(s.Reflect.Namespace):
		c.add(field+".reflect.namespace", "%q is not the name of a namespace", s.Reflect.Namespace)
	}
}
