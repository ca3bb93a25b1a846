package httpapi

import (
	"context"
	"net/http"

	"octopod/generator/lifecycle"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// sweepRequest is the body of a sweep.
type sweepRequest struct {
	// Plan and check everything, but commit nothing.
	DryRun bool `json:"dryRun,omitempty"`
	// Maximum percentage of stagings to archive or delete at once. Default: 25.
	MaxShare int `json:"maxShare,omitempty" minimum:"0" maximum:"100"`
	ActorFields
}

// sweepResponse is the result of a sweep, or its plan.
type sweepResponse struct {
	Items        []sweptStaging     `json:"items"`
	Repositories []branchCount      `json:"repositories"`
	Orphans      []lifecycle.Orphan `json:"orphans"`
	Changed      bool               `json:"changed"`
	Revision     string             `json:"revision,omitempty"`
	Plan         []staging.PlanItem `json:"plan"`
	DryRun       bool               `json:"dryRun,omitempty"`
}

// sweptStaging is the result for one staging.
type sweptStaging struct {
	project.Decision
	Changed bool   `json:"changed"`
	Error   *Fault `json:"error,omitempty"`
}

// branchCount is the number of branches of a repository.
type branchCount struct {
	Repository string `json:"repository"`
	Branches   int    `json:"branches"`
	Error      *Fault `json:"error,omitempty"`
}

func sweepOf(r lifecycle.SweepResult, dryRun bool) sweepResponse {
	return sweepResponse{
		Items: convertAll(r.Items, func(s lifecycle.Swept) sweptStaging {
			return sweptStaging{s.Decision, s.Changed, faultOrNil(s.Err)}
		}),
		Repositories: convertAll(r.Repositories, func(h staging.BranchListing) branchCount {
			return branchCount{h.Repository, h.Branches, faultOrNil(h.Err)}
		}),
		Orphans: append([]lifecycle.Orphan{}, r.Orphans...), Changed: r.Changed, Revision: r.Revision,
		Plan: append([]staging.PlanItem{}, r.Plan...), DryRun: dryRun,
	}
}

func (s sweepResponse) result() lifecycle.SweepResult {
	return lifecycle.SweepResult{
		Items: convertAll(s.Items, func(s sweptStaging) lifecycle.Swept {
			return lifecycle.Swept{Decision: s.Decision, Changed: s.Changed, Err: s.Error.errOrNil()}
		}),
		Repositories: convertAll(s.Repositories, func(h branchCount) staging.BranchListing {
			return staging.BranchListing{Repository: h.Repository, Branches: h.Branches, Err: h.Error.errOrNil()}
		}),
		Orphans: s.Orphans, Changed: s.Changed, Revision: s.Revision, Plan: s.Plan,
	}
}

type sweepInput struct {
	ProjectPath
	Body sweepRequest
}

func (s *server) sweep(ctx context.Context, in *sweepInput) (*response[sweepResponse], error) {
	a, err := s.Projects.Access(ctx, in.Project, in.Body.actor())
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	r, err := a.Sweep(context.WithoutCancel(ctx), lifecycle.SweepRequest{DryRun: in.Body.DryRun, MaxShare: in.Body.MaxShare})
	return respond(s, ctx, sweepOf(r, in.Body.DryRun), err)
}

// Sweep archives and deletes stagings that are due, based on the branches that the
// server lists.
func (c *Client) Sweep(ctx context.Context, r lifecycle.SweepRequest) (lifecycle.SweepResult, error) {
	var out sweepResponse
	send := sweepRequest{DryRun: r.DryRun, MaxShare: r.MaxShare, ActorFields: actorFields(r.By)}
	if err := c.call(ctx, http.MethodPost, "/sweep", nil, send, &out); err != nil {
		return lifecycle.SweepResult{}, err
	}
	return out.result(), nil
}
