package change

import (
	"fmt"
	"reflect"
	"strings"

	"octopod/generator/cost"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// Request is one action on one staging.
type Request struct {
	Action    staging.Action
	By        rights.Actor
	DryRun    bool // plan only, commit nothing
	Manifests bool // also return the objects before and after, for a diff
	// Version is the version of the record that the actor saw. Apply rejects the
	// request as a conflict when the record has another version by now. "" skips
	// the check.
	Version string
	// Awaited says that the caller waits until the cluster has the change. Apply rejects
	// the request when no Argo CD is connected.
	Awaited bool
	// AllowDataLoss allows a change that removes objects which hold data.
	AllowDataLoss bool
}

// Result is what an action changed, or would change in a dry run.
type Result struct {
	Staging  *staging.View        `json:"staging"` // nil when the staging was deleted
	Changed  bool                 `json:"changed"`
	Revision string               `json:"revision,omitempty"`
	Plan     []staging.PlanItem   `json:"plan"`
	Note     string               `json:"note,omitempty"` // why less was done than the request asked for
	Refused  []Regenerated        `json:"-"`              // stagings that could not be moved to a new default image
	Changes  []staging.Difference `json:"changes,omitempty"`
	Name     string               `json:"-"`
	Before   []staging.Object     `json:"-"` // only with Request.Manifests
	After    []staging.Object     `json:"-"`
	Cost     *cost.Day            `json:"cost,omitempty"` // of the staging after the change; nil without a price table
}

// authorize rejects an action that the actor must not run, or whose manifests the
// actor must not see.
func (r Request) authorize(p *project.Project, a staging.Action) error {
	if err := r.By.Authorize(p, a.Verb, a.Name); err != nil {
		return err
	}
	if err := r.authorizeExceptions(p, a); err != nil {
		return err
	}
	if r.Manifests && r.By.Rights != nil {
		return rights.RequireVisible(p, r.By.Rights.Role(p), project.SectionFiles)
	}
	return nil
}

// authorizeExceptions rejects an action that skips a check or a step of the lifecycle,
// unless the actor is an admin.
func (r Request) authorizeExceptions(p *project.Project, a staging.Action) error {
	if r.By.Rights == nil || r.By.Rights.Role(p).Includes(project.RoleAdmin) {
		return nil
	}
	exceptions := a.Exceptions()
	if r.AllowDataLoss {
		exceptions = append(exceptions, "allowDataLoss")
	}
	if len(exceptions) == 0 {
		return nil
	}
	return staging.Errorf(staging.CodeForbidden, "this skips a check, which only the role %s may do: %s", project.RoleAdmin, strings.Join(exceptions, ", ")).
		WithHint("leave it out, or ask an admin of the project")
}

// checkVersion rejects a request made for another version of the record. record is
// nil when there is none.
func (r Request) checkVersion(p *project.Project, record *staging.Staging) error {
	switch {
	case r.Version == "":
		return nil
	case record == nil:
		return staging.Errorf(staging.CodeConflict, "the staging was deleted in the meantime")
	case r.Version != rights.NewVisibility(p, r.By.Rights).Version(*record):
		return staging.Errorf(staging.CodeConflict, "the staging was changed in the meantime").
			WithHint("reload it, then decide again")
	}
	return nil
}

// authorizeSettings rejects a change of a setting that is reserved for another
// role, whichever verb or preset makes it. before is nil for a new staging.
func authorizeSettings(by rights.Actor, p *project.Project, before *staging.Staging, after staging.Staging) error {
	if by.Rights == nil {
		return nil
	}
	role := by.Rights.Role(p)
	var old staging.Staging
	old.Name, old.Spec.Branch = after.Name, after.Spec.Branch // of which defaults may be made
	old.Spec.Presets = p.PresetsFor(after)                    // the rules of the project give them, not the actor
	if before != nil {
		old = *before
	}
	oldSettings := p.Settings(old)
	var problems []staging.Problem
	for i, setting := range p.Settings(after) {
		required := setting.Parameter.RoleFor(setting.Value)
		granted, was := after.Spec.Granted[setting.Name], old.Spec.Granted[setting.Name]
		if granted.Value == "" && was.Value != "" && setting.Origin != project.OriginOverride {
			continue // a deploy gives up a value whose term is over
		}
		if (!reflect.DeepEqual(granted, was) || differs(oldSettings[i], setting)) && !role.Includes(required) {
			problems = append(problems, staging.Problem{Field: setting.Name, Message: fmt.Sprintf("the role %s may change it", required)})
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return &staging.Error{
		Code: staging.CodeForbidden, Message: fmt.Sprintf("the role %s may not change these settings", role), Problems: problems,
		Hint: "leave these settings as they are, or ask somebody who may change them",
	}
}

// authorizeData rejects a change of the data of a staging that is reserved for another
// role, whichever verb makes it. A deploy changes the data as the project says, not as the
// actor does.
func authorizeData(by rights.Actor, p *project.Project, a staging.Action, before *staging.Staging, after staging.Staging) error {
	if by.Rights == nil || deploys(a.Verb) {
		return nil
	}
	required, role := p.DataRole(before, after), by.Rights.Role(p)
	if required == "" || role.Includes(required) {
		return nil
	}
	return staging.Errorf(staging.CodeForbidden, "the role %s may not change the test data of staging %q like this: it takes the role %s", role, after.Name, required).
		WithHint("choose other data, or ask somebody who may")
}

// differs reports whether the effective value of a setting changes.
func differs(before, after project.Setting) bool {
	return !reflect.DeepEqual(before.Value, after.Value) || before.Absent() != after.Absent()
}
