package change

import (
	"context"
	"fmt"
	"reflect"

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// mayChange refuses a step that changes a setting which is for another role to
// change, whichever verb or preset does it.
func authorizeChanges(a rights.Actor, p *project.Project, s step) error {
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

// admit refuses an action that the actor may not do, or whose outcome they may
// not see.
func (r Request) admit(p *project.Project, a staging.Action) error {
	if err := r.By.Authorize(p, a.Verb, a.Name); err != nil {
		return err
	}
	if r.Manifests && r.By.Rights != nil {
		return rights.RequireVisible(p, r.By.Rights.Role(p), project.SectionFiles)
	}
	return nil
}

// current refuses a request that is about another version than there is.
func (r Request) current(p *project.Project, before *staging.Staging) error {
	switch {
	case r.Version == "":
		return nil
	case before == nil:
		return staging.Errorf(staging.CodeConflict, "somebody removed the staging meanwhile")
	case r.Version != rights.NewVisibility(p, r.By.Rights).Version(*before):
		return staging.Errorf(staging.CodeConflict, "somebody changed the staging meanwhile").
			WithHint("look at it again, then decide")
	}
	return nil
}

// Request is one action on one staging.
type Request struct {
	Action    staging.Action
	By        rights.Actor
	DryRun    bool // work everything out, commit nothing
	Manifests bool // also give the objects before and after, for a diff
	// Version of the record that the actor saw; when it is another one by now, the
	// request is refused as a conflict. "" is content with any.
	Version string

	digests map[string]string // of images, as the registries said; nil before they were asked
}

// Result says what an action did, or would do.
type Result struct {
	Staging  *staging.View        `json:"staging"` // nil when the staging is gone
	Changed  bool                 `json:"changed"`
	Revision string               `json:"revision,omitempty"`
	Plan     []staging.PlanItem   `json:"plan"`
	Note     string               `json:"note,omitempty"` // why less was done than was asked
	Refused  []Regenerated        `json:"-"`              // stagings that would follow a new default image, and cannot
	Changes  []staging.Difference `json:"changes,omitempty"`
	Name     string               `json:"-"`
	earlier  bool                 // an earlier try of the request did it
	Before   []staging.Object     `json:"-"` // only with Request.Manifests
	After    []staging.Object     `json:"-"`
}

// Commit commits an edit, or with dryRun only works it out.
func (g *Writer) Commit(ctx context.Context, dryRun bool, edit envrepo.EditFunc) (envrepo.Result, error) {
	if !dryRun {
		return g.Repo.Change(ctx, edit)
	}
	tree, err := g.Repo.Tip(ctx)
	if err != nil {
		return envrepo.Result{}, err
	}
	e, err := edit(ctx, tree)
	if err != nil {
		return envrepo.Result{}, err
	}
	plan, err := e.Plan(tree)
	return envrepo.Result{Revision: tree.Revision(), Changed: len(plan) > 0}, err
}
