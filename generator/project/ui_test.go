package project_test

import (
	"strings"
	"testing"

	"octopod/generator/project"
)

func TestRequiredRolesOfSections(t *testing.T) {
	p := parse(t, shop+"  ui: {accent: \"#6d28d9\", visible: {services: admin, detail: user}}\n")
	for _, tt := range []struct {
		part project.Section
		role project.Role
		want bool
	}{
		{project.SectionServices, project.RoleUser, false}, {project.SectionServices, project.RoleAdmin, true},
		{project.SectionDetail, project.RoleViewer, false}, {project.SectionDetail, project.RoleUser, true},
		{project.SectionLinks, project.RoleViewer, true}, {project.SectionLinks, project.RoleNone, false},
		{project.SectionFiles, project.RoleUser, false}, {"nonsense", project.RoleUser, false},
	} {
		if got := p.Spec.UI.Shows(tt.part, tt.role); got != tt.want {
			t.Errorf("%s is shown to %s: %v", tt.part, tt.role, got)
		}
	}
}

func TestInvalidUI(t *testing.T) {
	_, err := project.Parse([]byte(shop + "  ui: {logo: ../logo.gif, accent: red, visible: {pods: admin, files: boss}}\n"))
	for _, want := range []string{"is not a path in", "neither an .svg", "is not a colour", "no such part: choose activity, author", `"boss" is not a role`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no fault %q in: %v", want, err)
		}
	}
}
