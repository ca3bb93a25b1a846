package check

import (
	"fmt"
	"slices"
	"strings"

	"octopod/generator/staging"
)

// checkAdded implements the rule added-object: what octopod.yaml adds to the template is
// among the objects.
func checkAdded(c check, objects []*object) {
	for _, name := range c.subject.Added {
		has := slices.ContainsFunc(objects, func(o *object) bool { return o.Kind+"/"+o.Name == name })
		kind, stem, _ := strings.Cut(name, "/")
		if has || c.allowed(kind, stem, "") {
			continue
		}
		c.problems = append(c.problems, staging.Problem{Rule: c.rule, Object: name, Message: fmt.Sprintf(
			"the template leaves out %s of octopod.yaml: jsonnet/octopod.libsonnet is of an older Octopod, or the template does not return octopod.staging(params, objects). "+
				"`octopod init --engine jsonnet` in an empty repository writes the octopod.libsonnet of this version: copy it", name)})
	}
}
