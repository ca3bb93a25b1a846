package rights

import (
	"maps"
	"slices"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Rights decide what an actor may do. Package auth implements them for people and
// tokens.
type Rights interface {
	// Role returns the actor's role in a project.
	Role(*project.Project) project.Role
	// Check rejects a verb on a staging; the name is "" for the project itself.
	Check(p *project.Project, verb staging.Verb, name string) error
}

// Verbs beside those of actions: Read changes nothing, Fix rewrites the files derived
// from octopod.yaml, Sweep applies the project's lifecycle. In tokens and scopes Fix
// is spelled "mend".
const (
	Read  staging.Verb = "read"
	Fix   staging.Verb = "mend"
	Sweep staging.Verb = "sweep"

	// SetDefault changes the default image of a service by a deploy of its default
	// branch, and Follow updates the stagings that follow the default image with it. Both
	// concern the deployed staging, and come in addition to its deploy.
	SetDefault staging.Verb = "default"
	Follow     staging.Verb = "follow"
)

// Authorize rejects a verb that the actor may not use. An actor without Rights, who
// works on the env repo directly, may do whatever the git server allows.
func (a Actor) Authorize(p *project.Project, verb staging.Verb, name string) error {
	if a.Rights == nil {
		return nil
	}
	return a.Rights.Check(p, verb, name)
}

// RequireVisible rejects a section that the role may not see.
func RequireVisible(p *project.Project, role project.Role, part project.Section) error {
	if p.Spec.UI.Shows(part, role) {
		return nil
	}
	return staging.Errorf(staging.CodeForbidden, "the role %s does not see this: %s", role, part).
		WithTechnicalHint("octopod.yaml says under spec.ui.visible who does")
}

// Actor is the caller of a use case and the door it came through.
type Actor struct {
	Person  staging.Person
	Via     staging.Via
	Request string // ID of the request in the history; may be empty
	Key     string // idempotency key, the same for every retry of a request; may be empty
	Rights  Rights // nil when only the git server decides
}

// Bound is implemented by Rights that may belong to a CI run.
type Bound interface {
	// Origin returns the source of the run, nil for everybody else.
	Origin() *project.RunOrigin
}

// CheckOrigin rejects an action that the source of a CI run does not cover. before is
// the record of the staging, nil if there is none.
func (a Actor) CheckOrigin(p *project.Project, before *staging.Staging, action staging.Action) error {
	if bound, ok := a.Rights.(Bound); ok {
		return bound.Origin().Check(p, before, action)
	}
	return nil
}

// CheckProject rejects a verb on the whole project for a CI run that is bound to its source.
func (a Actor) CheckProject(p *project.Project, verb staging.Verb) error {
	if bound, ok := a.Rights.(Bound); ok && verb != Read {
		return bound.Origin().CheckProject(p, verb)
	}
	return nil
}

// CheckDefaults rejects an action that moves the default images of services, if the
// source of a CI run does not cover it.
func (a Actor) CheckDefaults(p *project.Project, images map[string]string, action staging.Action) error {
	bound, ok := a.Rights.(Bound)
	if !ok {
		return nil
	}
	for _, service := range slices.Sorted(maps.Keys(images)) {
		if err := bound.Origin().CheckDefault(p, service, action); err != nil {
			return err
		}
	}
	return nil
}
