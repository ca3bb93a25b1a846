package project

import (
	"cmp"
	"slices"
	"strings"

	"octopod/generator/giturl"
	"octopod/generator/staging"
)

// RunOrigin is the source of a CI run, as its signed token states it. A run may change the
// staging of its own branch only, and only with images of its own repository.
type RunOrigin struct {
	Repository string // github.com/acme/backend; "" if the token does not state it
	Branch     string // "" for a tag, and for events that run for a branch of strangers
	Event      string // push, schedule, …
	Commit     string // "" if the token does not state it, and for the merge commit of a pull request
	Binding    Binding
}

// Binding is how far the origin of a run limits its writes.
type Binding string

// The bindings.
const (
	BindBranch     Binding = "branch"     // the default: repository and branch
	BindRepository Binding = "repository" // any branch of its own repository
	BindNone       Binding = "none"
)

// Check rejects an action that the origin of a run does not cover. before is the record
// of the staging, nil if there is none. A nil RunOrigin covers everything.
func (o *RunOrigin) Check(p *Project, before *staging.Staging, a staging.Action) error {
	if o == nil || o.Binding == BindNone {
		return nil
	}
	branch := a.Branch
	if before != nil {
		branch = before.Spec.Branch
	}
	if o.Binding != BindRepository && (o.Branch == "" || o.Branch != branch) {
		return o.refuse(a, "the staging belongs to branch %s", cmp.Or(branch, "(none)")).OfBranch(branch)
	}
	if !o.builds(p, "") {
		return o.refuse(a, "the repository must be that of a service: %s", strings.Join(p.repositories(), ", "))
	}
	if a.Repository != "" && !giturl.SameRepository(a.Repository, o.Repository) {
		return o.refuse(a, "the request names the repository %s", giturl.Redact(a.Repository))
	}
	for _, name := range sortedKeys(a.Images) {
		if err := o.checkBuild(p, name, branch, a); err != nil {
			return err
		}
	}
	return nil
}

// checkBuild rejects a build that the run did not make.
func (o *RunOrigin) checkBuild(p *Project, service, branch string, a staging.Action) error {
	declared, made := p.Spec.Services[service], a.Images[service]
	switch {
	case !o.builds(p, service):
		return o.refuse(a, "service %s belongs to repository %s", service, cmp.Or(declared.Repository, "(none: add spec.services."+service+".repository)"))
	case made.Repository != "" && !giturl.SameRepository(made.Repository, o.Repository):
		return o.refuse(a, "the build of %s names the repository %s", service, giturl.Redact(made.Repository))
	case o.Branch == branch && !o.made(made.Commit):
		return o.refuse(a, "the build of %s names commit %s, and the run is of commit %s", service, made.Commit, o.Commit)
	case declared.Image != "" && branch == declared.DefaultBranch && !a.Join:
		return o.CheckDefault(p, service, a)
	}
	return nil
}

// made reports whether a commit, possibly abbreviated, is that of the run. A commit that
// either side does not state is not compared.
func (o *RunOrigin) made(commit string) bool {
	const fewest = 7 // digits
	return commit == "" || o.Commit == "" || len(commit) >= fewest && strings.HasPrefix(strings.ToLower(o.Commit), strings.ToLower(commit))
}

// CheckDefault rejects an action that moves the default image of a service, unless the
// run is one of the default branch itself. A nil RunOrigin covers everything.
func (o *RunOrigin) CheckDefault(p *Project, service string, a staging.Action) error {
	if o == nil || o.Binding == BindNone {
		return nil
	}
	declared := p.Spec.Services[service]
	switch {
	case !o.builds(p, service):
		return o.refuse(a, "the default image of %s belongs to repository %s", service, cmp.Or(declared.Repository, "(none)"))
	case !o.owns(declared.DefaultBranch):
		return o.refuse(a, "only a run of branch %s itself (%s) may move the default image of %s", declared.DefaultBranch, strings.Join(ownEvents, ", "), service)
	}
	return nil
}

// CheckProject rejects a verb on the whole project: it reaches stagings of other branches.
func (o *RunOrigin) CheckProject(p *Project, verb staging.Verb) error {
	if o == nil || o.Binding == BindNone {
		return nil
	}
	return o.refuse(staging.Action{Verb: verb, Name: "in project " + p.Metadata.Name}, "it needs bind: none")
}

// ownEvents start a run on the code of its branch, at the will of somebody who may push
// to it. A run after another one, a merge queue or a call of the API with data of its own
// does not.
var ownEvents = []string{"push", "schedule", "workflow_dispatch", "web"}

// owns reports whether the run is one of the branch itself.
func (o *RunOrigin) owns(branch string) bool {
	return o.Branch == branch && slices.Contains(ownEvents, o.Event)
}

// builds reports whether the repository of the run is that of a service; "" is any.
func (o *RunOrigin) builds(p *Project, service string) bool {
	for name, declared := range p.Spec.Services {
		if (service == "" || service == name) && giturl.SameRepository(declared.Repository, o.Repository) {
			return true
		}
	}
	return false
}

// repositories lists the repositories of the services.
func (p *Project) repositories() []string {
	var all []string
	for _, service := range p.Spec.Services {
		if service.Repository != "" {
			all = append(all, giturl.Redact(service.Repository))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (o *RunOrigin) refuse(a staging.Action, format string, args ...any) *staging.Error {
	err := staging.Errorf(staging.CodeForbidden, format, args...)
	err.Message = "the CI run of repository " + cmp.Or(o.Repository, "(unknown)") + ", branch " + cmp.Or(o.Branch, "(none)") +
		", event " + cmp.Or(o.Event, "(unknown)") + ", may not " + string(a.Verb) + " " + a.Name + ": " + err.Message
	return err.WithHint("rules under auth.ci in the server's configuration bind a run to its repository and branch; bind: repository or bind: none loosens one of them")
}
