package rights_test

import (
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// A conflict names the branch that a staging belongs to. A role that may not see branches
// does not learn it.
func TestAConflictNamesNoHiddenBranch(t *testing.T) {
	p := &project.Project{Spec: project.Spec{Services: map[string]project.Service{"backend": {}}}}
	p.Spec.UI.Visible = map[project.Section]project.Role{project.SectionBranch: project.RoleAdmin}
	current := staging.Staging{Name: "login", Spec: staging.Spec{Branch: "feature/secret"}}
	for _, a := range []staging.Action{
		{Verb: staging.Create, Name: "login", Branch: "feature/login"}, {Verb: staging.Deploy, Name: "login", Branch: "feature/login"},
	} {
		_, conflict := p.Apply(&current, a, staging.Attribution{})
		for role, hidden := range map[project.Role]bool{project.RoleUser: true, project.RoleAdmin: false} {
			err := rights.Visibility{Project: p, Role: role}.RedactError(conflict)
			if staging.CodeOf(err) != staging.CodeExists || strings.Contains(err.Error(), "feature/secret") == hidden {
				t.Errorf("%s as %s: %v", a.Verb, role, err)
			}
		}
	}
}
