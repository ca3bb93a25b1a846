package auth

import (
	"slices"
	"strings"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Verbs in addition to those of actions: Read changes nothing, Fix rewrites the
// files derived from octopod.yaml, Sweep applies the project's lifecycle. Tokens and
// scopes spell Fix "mend".
const (
	Read  staging.Verb = "read"
	Fix   staging.Verb = "mend"
	Sweep staging.Verb = "sweep"

	// SetDefault changes default images by a deploy of a default branch, and Follow
	// updates the stagings that follow them.
	SetDefault staging.Verb = "default"
	Follow     staging.Verb = "follow"
)

// Scope limits what a token may do. Empty Verbs, Projects or Names mean all of them.
type Scope struct {
	// The token's role in its projects; octopod.yaml does not change it.
	Role project.Role `yaml:"role"`
	// deploy, archive, … Reading is always allowed. Absent: all, but with names neither
	// default nor follow, which reach other stagings.
	Verbs []staging.Verb `yaml:"verbs,omitempty"`
	// Names of projects; * matches any text.
	Projects []string `yaml:"projects,omitempty"`
	// Names of stagings; * matches any text. In a rule of auth.ci, {name} is the name of the
	// staging of the run's branch, and {branch} the branch.
	Names []string `yaml:"names,omitempty"`
}

// Allows reports whether the scope covers a verb on a staging of a project. An
// empty name means the project itself or a list: every scope may read it, and the
// caller checks each staging of the list. A nil scope covers everything.
func (s *Scope) Allows(verb staging.Verb, projectName, name string) bool {
	switch {
	case s == nil:
		return true
	case !matchesAny(s.Projects, projectName):
		return false
	case verb == Read:
		return name == "" || matchesAny(s.Names, name)
	}
	return s.allowsVerb(verb) && matchesAny(s.Names, name)
}

// allowsVerb reports whether the verbs of the scope cover a verb. Without a list they are
// all verbs, but a scope that is limited to names must list the verbs that reach other
// stagings.
func (s *Scope) allowsVerb(verb staging.Verb) bool {
	if len(s.Verbs) > 0 {
		return slices.Contains(s.Verbs, verb)
	}
	return verb != SetDefault && verb != Follow || matchesAny(s.Names, "*")
}

func matchesAny(patterns []string, text string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(pattern string) bool { return project.Glob(pattern, text) })
}

// Role returns the role of an identity in a project.
func Role(p *project.Project, identity Identity) project.Role {
	switch {
	case !identity.Known():
		return project.RoleNone
	case identity.Method == MethodNone:
		return project.RoleAdmin
	case identity.Scope == nil:
		return p.Spec.Access.RoleOf(identity.Person.Email, identity.Groups)
	case identity.scope(p).Allows(Read, p.Metadata.Name, ""):
		return identity.Scope.Role
	}
	return project.RoleNone
}

// Check returns an error when an identity may not use a verb on a staging. An empty
// name means the project itself; the caller derives the name of a branch first.
// Check does not know the parameters: the use case authorizes each of them.
func Check(p *project.Project, identity Identity, verb staging.Verb, name string) error {
	if !identity.Known() {
		return errSignIn()
	}
	role, least := Role(p, identity), leastRole(verb)
	switch {
	case !identity.scope(p).Allows(verb, p.Metadata.Name, name):
		return staging.Errorf(staging.CodeForbidden, "the token of %s does not allow: %s", identity.Person.Name, actionText(p, verb, name)).
			WithHint("the server's configuration lists the verbs, projects and names of each token")
	case !role.Includes(least):
		return staging.Errorf(staging.CodeForbidden, "%s may not do this: %s needs the role %s, yours is %s",
			identity.Person.Name, actionText(p, verb, name), least, role).
			WithTechnicalHint("octopod.yaml grants roles under spec.access; ask an admin of the project")
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

func actionText(p *project.Project, verb staging.Verb, name string) string {
	if name == "" {
		return string(verb) + " in project " + p.Metadata.Name
	}
	return string(verb) + " " + name + " in project " + p.Metadata.Name
}

func errSignIn() *staging.Error {
	return staging.Errorf(staging.CodeUnauthorized, "you are not signed in").
		WithTechnicalHint("sign in on the page, or set a token in OCTOPOD_TOKEN")
}

// scope returns the identity's scope with the placeholders of its names filled in:
// {branch} is the branch of the run, {name} the name of its staging.
func (i Identity) scope(p *project.Project) *Scope {
	if i.Scope == nil || i.Origin == nil || i.Origin.Branch == "" || strings.Contains(i.Origin.Branch, "*") {
		return i.Scope
	}
	scope, branch, naming := *i.Scope, i.Origin.Branch, p.Naming()
	scope.Names = nil
	for _, pattern := range i.Scope.Names {
		for _, name := range []string{naming.NameOf(branch), naming.HashedNameOf(branch)} {
			scope.Names = append(scope.Names, strings.NewReplacer("{branch}", branch, "{name}", name).Replace(pattern))
		}
	}
	scope.Names = slices.Compact(scope.Names)
	return &scope
}
