package auth

import (
	"slices"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Verbs beside those of actions: Read changes nothing, Fix rewrites the files derived
// from octopod.yaml, Sweep applies the project's lifecycle. In tokens and scopes Fix
// is spelled "mend".
const (
	Read  staging.Verb = "read"
	Fix   staging.Verb = "mend"
	Sweep staging.Verb = "sweep"
)

// Scope is what a token may do. Empty Verbs, Projects or Names mean all of them.
type Scope struct {
	// The token's role in its projects; octopod.yaml has no say in it.
	Role project.Role `yaml:"role"`
	// deploy, archive, … Looking is always allowed.
	Verbs []staging.Verb `yaml:"verbs,omitempty"`
	// Names of projects; * stands for any text.
	Projects []string `yaml:"projects,omitempty"`
	// Names of stagings; * stands for any text.
	Names []string `yaml:"names,omitempty"`
}

// Allows tells whether the scope covers a verb on a staging of a project. An
// empty name means the project itself or a list: it may be read, and what the
// list holds is asked for name by name. A nil scope covers everything.
func (s *Scope) Allows(verb staging.Verb, projectName, name string) bool {
	switch {
	case s == nil:
		return true
	case !matchesAny(s.Projects, projectName):
		return false
	case verb == Read:
		return name == "" || matchesAny(s.Names, name)
	}
	return (len(s.Verbs) == 0 || slices.Contains(s.Verbs, verb)) && matchesAny(s.Names, name)
}

func matchesAny(patterns []string, text string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(pattern string) bool { return project.Glob(pattern, text) })
}

// Role gives the role of an identity in a project.
func Role(p *project.Project, identity Identity) project.Role {
	switch {
	case !identity.Known():
		return project.RoleNone
	case identity.Method == MethodNone:
		return project.RoleAdmin
	case identity.Scope == nil:
		return p.Spec.Access.RoleOf(identity.Person.Email, identity.Groups)
	case identity.Scope.Allows(Read, p.Metadata.Name, ""):
		return identity.Scope.Role
	}
	return project.RoleNone
}

// Check refuses what an identity may not do. The name is that of the staging,
// derived already where a branch was given; empty for the project itself. Who
// may change a single parameter is the use case's to ask.
func Check(p *project.Project, identity Identity, verb staging.Verb, name string) error {
	if !identity.Known() {
		return errSignIn()
	}
	role, least := Role(p, identity), leastRole(verb)
	switch {
	case !identity.Scope.Allows(verb, p.Metadata.Name, name):
		return staging.Errorf(staging.CodeForbidden, "the token of %s is not for this: %s", identity.Person.Name, deed(p, verb, name)).
			WithHint("the verbs, projects and names of a token are listed in the server's configuration")
	case !role.Includes(least):
		return staging.Errorf(staging.CodeForbidden, "%s may not do this: %s needs the role %s, yours is %s",
			identity.Person.Name, deed(p, verb, name), least, role).
			WithHint("roles are given in octopod.yaml under spec.access; ask who looks after it")
	}
	return nil
}

func leastRole(verb staging.Verb) project.Role {
	switch verb {
	case Read:
		return project.RoleViewer
	case staging.Regenerate, Fix, Sweep: // touch every staging, for everybody
		return project.RoleAdmin
	}
	return project.RoleUser
}

func deed(p *project.Project, verb staging.Verb, name string) string {
	if name == "" {
		return string(verb) + " in project " + p.Metadata.Name
	}
	return string(verb) + " " + name + " in project " + p.Metadata.Name
}

func errSignIn() *staging.Error {
	return staging.Errorf(staging.CodeUnauthorized, "it is not known who is asking").
		WithHint("sign in on the page, or give a token in OCTOPOD_TOKEN")
}
