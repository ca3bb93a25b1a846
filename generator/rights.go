package generator

import (
	"fmt"
	"reflect"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Rights say what an asker may do. Package auth knows them of a person or a
// token.
type Rights interface {
	// Role gives the asker's role in a project.
	Role(*project.Project) project.Role
	// Check refuses a verb on a staging; the name is "" for the project itself.
	Check(p *project.Project, verb staging.Verb, name string) error
}

// Read, Mend and Sweep are verbs that only rights know: one changes nothing, one
// writes the files that follow from octopod.yaml, one does what the lifecycle
// says.
const (
	Read  staging.Verb = "read"
	Mend  staging.Verb = "mend"
	Sweep staging.Verb = "sweep"
)

// may refuses a verb that is beyond the asker. Who has no rights, but the env
// repo itself, may do what the git server lets them do.
func (a Asker) may(p *project.Project, verb staging.Verb, name string) error {
	if a.Rights == nil {
		return nil
	}
	return a.Rights.Check(p, verb, name)
}

// mayChange refuses a step that changes a setting which is for another role to
// change, whichever verb or preset does it.
func (a Asker) mayChange(p *project.Project, s step) error {
	if a.Rights == nil || s.after == nil {
		return nil
	}
	role := a.Rights.Role(p)
	var before staging.Staging
	if s.before != nil {
		before = *s.before
	}
	was := p.Settings(before)
	var problems []staging.Problem
	for i, is := range p.Settings(*s.after) {
		least := is.Parameter.Role
		if changes(was[i], is) && !role.Includes(least) {
			problems = append(problems, staging.Problem{Field: is.Name, Message: fmt.Sprintf("the role %s may change it", least)})
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return &staging.Error{
		Code: staging.CodeForbidden, Message: fmt.Sprintf("not with the role %s", role), Problems: problems,
		Hint: "leave it as it is, or ask somebody who may",
	}
}

func changes(was, is project.Setting) bool {
	return !reflect.DeepEqual(was.Value, is.Value) || was.Absent() != is.Absent()
}

// admit refuses an action that the asker may not do, or whose outcome they may
// not see.
func (r Request) admit(p *project.Project, a staging.Action) error {
	if err := r.By.may(p, a.Verb, a.Name); err != nil {
		return err
	}
	if r.Manifests && r.By.Rights != nil {
		return mayBeShown(p, r.By.Rights.Role(p), project.PartFiles)
	}
	return nil
}

// mayBeShown refuses a part of what is known to a role that it is not for.
func mayBeShown(p *project.Project, role project.Role, part project.Part) error {
	if p.Spec.UI.Shows(part, role) {
		return nil
	}
	return staging.Errorf(staging.CodeForbidden, "the role %s does not see this: %s", role, part).
		WithHint("octopod.yaml says under spec.ui.visible who does")
}

// current refuses a request that is about another version than there is.
func (r Request) current(p *project.Project, before *staging.Staging) error {
	switch {
	case r.Version == "":
		return nil
	case before == nil:
		return staging.Errorf(staging.CodeConflict, "somebody removed the staging meanwhile")
	case r.Version != newVeil(p, r.By.Rights).version(*before):
		return staging.Errorf(staging.CodeConflict, "somebody changed the staging meanwhile").
			WithHint("look at it again, then decide")
	}
	return nil
}
