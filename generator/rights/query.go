package rights

import (
	"octopod/generator/project"
	"octopod/generator/staging"
)

// CheckQuery rejects a selector on a field that the role may not see, because the
// answer would reveal its value. Values with a name like a secret are hidden from every
// role.
func (v Visibility) CheckQuery(q staging.Query) error {
	if err := v.Project.CheckSelector(q.Selector); err != nil {
		return err
	}
	for _, r := range q.Selector {
		switch {
		case !v.Shows(sectionOf(r)):
			return staging.Errorf(staging.CodeForbidden, "the role %s cannot choose by what it does not see", v.Role)
		case sectionOf(r) == project.SectionSettings && v.Masks(r.Field):
			return staging.Errorf(staging.CodeForbidden, "nobody can choose by %s: its value is not shown", r.Field)
		}
	}
	return nil
}

// sectionOf returns the section that shows the field of a requirement, "" for a field
// that everybody sees.
func sectionOf(r staging.Requirement) project.Section {
	switch r.Field {
	case "name", "title", "state", "pinned", "tested":
		return ""
	case "branch", "pr":
		return project.SectionBranch
	case "author":
		return project.SectionAuthor
	}
	return project.SectionSettings
}
