package check

import (
	"fmt"
	"slices"

	"octopod/generator/staging"
)

// checkJobs implements the rule database-job: the Jobs that keep the database of the staging
// are among its objects.
func checkJobs(c check, objects []*object) {
	for _, name := range c.subject.Jobs {
		has := slices.ContainsFunc(objects, func(o *object) bool {
			return o.Kind == "Job" && staging.StableName(o.Kind, o.Name) == name
		})
		if has || c.allowed("Job", name, "") {
			continue
		}
		c.problems = append(c.problems, staging.Problem{Rule: c.rule, Object: "Job/" + name, Message: fmt.Sprintf(
			"the template leaves out the Job %s of spec.database: jsonnet/octopod.libsonnet is of an older Octopod, or the template does not return octopod.staging(params, objects). "+
				"`octopod init --engine jsonnet` in an empty repository writes the octopod.libsonnet of this version: copy it", name)})
	}
}
