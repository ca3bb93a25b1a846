package rights

import (
	"octopod/generator/compare"
	"octopod/generator/project"
)

// RedactComparison removes from a comparison what the role may not see.
func (v Visibility) RedactComparison(c compare.Comparison) compare.Comparison {
	if !v.Shows(project.SectionServices) {
		c.Services = nil
	}
	if !v.Shows(project.SectionSettings) {
		c.Settings = nil
	}
	if !v.Shows(project.SectionAuthor) {
		c.From.By, c.To.By = "", ""
		for i := range c.Services {
			hideAuthors(c.Services[i].Commits)
			hideAuthors(c.Services[i].Removed)
		}
	}
	return c
}

func hideAuthors(commits []compare.Commit) {
	for i := range commits {
		commits[i].Author = ""
	}
}
