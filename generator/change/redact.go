package change

import (
	"slices"
	"strings"

	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// Redact returns the result without what the actor may not see, and without the stagings
// that the actor may not read.
func (r Result) Redact(v rights.Visibility, by rights.Actor) Result {
	hidden := func(name string) bool { return name != "" && by.Authorize(v.Project, rights.Read, name) != nil }
	if r.Staging != nil {
		r.Staging = v.Redact(r.Staging)
	}
	r.Changes = slices.DeleteFunc(v.RedactDifferences(r.Changes), func(d staging.Difference) bool { return hidden(d.Staging) })
	r.Plan = slices.DeleteFunc(slices.Clone(r.Plan), func(p staging.PlanItem) bool { return hidden(stagingOfPath(p.Path)) })
	r.Refused = slices.DeleteFunc(slices.Clone(r.Refused), func(item Regenerated) bool { return hidden(item.Name) })
	r.Before, r.After = MaskSecrets(r.Before, r.After)
	if !v.Shows(project.SectionCost) {
		r.Cost = nil
	}
	if !v.Shows(project.SectionFiles) {
		r.Plan, r.Before, r.After = []staging.PlanItem{}, nil, nil
	}
	return r
}

// stagingOfPath returns the staging that a file belongs to, "" for a file of none.
func stagingOfPath(file string) string {
	rest, below := strings.CutPrefix(file, staging.EnvsDir+"/")
	name, _, _ := strings.Cut(rest, "/")
	if !below {
		return ""
	}
	return name
}
