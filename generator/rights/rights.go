package rights

import (
	"octopod/generator/project"
	"octopod/generator/staging"
)

// Rights say what an actor may do. Package auth knows them of a person or a
// token.
type Rights interface {
	// Role gives the actor's role in a project.
	Role(*project.Project) project.Role
	// Check refuses a verb on a staging; the name is "" for the project itself.
	Check(p *project.Project, verb staging.Verb, name string) error
}

// Verbs beside those of actions: Read changes nothing, Fix rewrites the files derived
// from octopod.yaml, Sweep applies the project's lifecycle. In tokens and scopes Fix
// is spelled "mend".
const (
	Read  staging.Verb = "read"
	Fix   staging.Verb = "mend"
	Sweep staging.Verb = "sweep"
)

// Authorize refuses a verb that is beyond the actor. Who has no rights, but the env
// repo itself, may do what the git server lets them do.
func (a Actor) Authorize(p *project.Project, verb staging.Verb, name string) error {
	if a.Rights == nil {
		return nil
	}
	return a.Rights.Check(p, verb, name)
}

// RequireVisible refuses a part of what is known to a role that it is not for.
func RequireVisible(p *project.Project, role project.Role, part project.Section) error {
	if p.Spec.UI.Shows(part, role) {
		return nil
	}
	return staging.Errorf(staging.CodeForbidden, "the role %s does not see this: %s", role, part).
		WithHint("octopod.yaml says under spec.ui.visible who does")
}

// Actor says who asks, and through which door.
type Actor struct {
	Person  staging.Person
	Via     staging.Via
	Request string // an id that finds this request in the history; may be empty
	Key     string // the same for every try of a request, so that it counts once; may be empty
	Rights  Rights // nil where the git server alone says who may do what
}
