package httpapi

import (
	"context"
	"net/http"

	"octopod/generator/lifecycle"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// sweeping asks to do what is due.
type sweeping struct {
	// Work everything out and check it, but commit nothing.
	DryRun bool `json:"dryRun,omitempty"`
	// Of a hundred stagings, how many may go at once. Absent: 25.
	MaxShare int `json:"maxShare,omitempty" minimum:"0" maximum:"100"`
	Said
}

// sweep is what a sweep did, or would do.
type sweep struct {
	Items        []swept            `json:"items"`
	Repositories []heard            `json:"repositories"`
	Orphans      []lifecycle.Orphan `json:"orphans"`
	Changed      bool               `json:"changed"`
	Revision     string             `json:"revision,omitempty"`
	Plan         []staging.PlanItem `json:"plan"`
	DryRun       bool               `json:"dryRun,omitempty"`
}

// swept is what became of one staging.
type swept struct {
	project.Decision
	Changed bool   `json:"changed"`
	Error   *Fault `json:"error,omitempty"`
}

// heard is what a repository said.
type heard struct {
	Repository string `json:"repository"`
	Branches   int    `json:"branches"`
	Error      *Fault `json:"error,omitempty"`
}

func sweepOf(r lifecycle.SweepResult, dryRun bool) sweep {
	return sweep{
		Items: each(r.Items, func(s lifecycle.Swept) swept {
			return swept{s.Decision, s.Changed, maybeFault(s.Err)}
		}),
		Repositories: each(r.Repositories, func(h staging.BranchListing) heard {
			return heard{h.Repository, h.Branches, maybeFault(h.Err)}
		}),
		Orphans: append([]lifecycle.Orphan{}, r.Orphans...), Changed: r.Changed, Revision: r.Revision,
		Plan: append([]staging.PlanItem{}, r.Plan...), DryRun: dryRun,
	}
}

func (s sweep) result() lifecycle.SweepResult {
	return lifecycle.SweepResult{
		Items: each(s.Items, func(s swept) lifecycle.Swept {
			return lifecycle.Swept{Decision: s.Decision, Changed: s.Changed, Err: s.Error.maybe()}
		}),
		Repositories: each(s.Repositories, func(h heard) staging.BranchListing {
			return staging.BranchListing{Repository: h.Repository, Branches: h.Branches, Err: h.Error.maybe()}
		}),
		Orphans: s.Orphans, Changed: s.Changed, Revision: s.Revision, Plan: s.Plan,
	}
}

// maybeFault is an error as it travels; nil for none.
func maybeFault(err error) *Fault {
	if err == nil {
		return nil
	}
	f := faultOf(err)
	return &f
}

// maybe makes the error again; nil for none.
func (f *Fault) maybe() error {
	if f == nil {
		return nil
	}
	return f.err()
}

type sweepInput struct {
	InProject
	Body sweeping
}

func (s *server) sweep(ctx context.Context, in *sweepInput) (*body[sweep], error) {
	a, err := s.Projects.Access(ctx, in.Project, in.Body.actor())
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	r, err := a.Sweep(context.WithoutCancel(ctx), lifecycle.SweepRequest{DryRun: in.Body.DryRun, MaxShare: in.Body.MaxShare})
	return answered(s, ctx, sweepOf(r, in.Body.DryRun), err)
}

// Sweep does what is due, by the branches that the server sees.
func (c *Client) Sweep(ctx context.Context, r lifecycle.SweepRequest) (lifecycle.SweepResult, error) {
	var out sweep
	send := sweeping{DryRun: r.DryRun, MaxShare: r.MaxShare, Said: sayer(r.By)}
	if err := c.call(ctx, http.MethodPost, "/sweep", nil, send, &out); err != nil {
		return lifecycle.SweepResult{}, err
	}
	return out.result(), nil
}
