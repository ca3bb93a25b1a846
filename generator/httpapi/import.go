package httpapi

import (
	"context"
	"net/http"
	"time"

	"octopod/generator/change"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// importRequest is the body of an import.
type importRequest struct {
	Items  []importItem `json:"items" maxItems:"5000"`
	DryRun bool         `json:"dryRun,omitempty"`
	ActorFields
}

// importItem is one staging of another system.
type importItem struct {
	Name string `json:"name"`
	// Creates the staging.
	Action staging.Action `json:"action"`
	// The staging is archived in the other system.
	Archived bool       `json:"archived,omitempty"`
	Created  *time.Time `json:"created,omitempty"`
}

func importItemOf(i change.ImportItem) importItem {
	item := importItem{Name: i.Action.Name, Action: i.Action, Archived: i.Archived}
	item.Action.Verb, item.Action.Name = "", ""
	if !i.Created.IsZero() {
		item.Created = &i.Created
	}
	return item
}

func (i importItem) item() change.ImportItem {
	item := change.ImportItem{Action: i.Action, Archived: i.Archived}
	item.Action.Verb, item.Action.Name = staging.Create, i.Name
	if i.Created != nil {
		item.Created = *i.Created
	}
	return item
}

// importResponse is what an import created, or would create.
type importResponse struct {
	Items    []importedStaging  `json:"items"`
	Changed  bool               `json:"changed"`
	Revision string             `json:"revision,omitempty"`
	Plan     []staging.PlanItem `json:"plan"`
}

type importedStaging struct {
	Name     string `json:"name"`
	Archived bool   `json:"archived,omitempty"`
	Changed  bool   `json:"changed"`
	Error    *Fault `json:"error,omitempty"`
}

func importedOf(o change.ImportOutcome) importedStaging {
	return importedStaging{o.Name, o.Archived, o.Changed, faultOrNil(o.Err)}
}

func (i importedStaging) outcome() change.ImportOutcome {
	return change.ImportOutcome{Name: i.Name, Archived: i.Archived, Changed: i.Changed, Err: i.Error.errOrNil()}
}

type importInput struct {
	ProjectPath
	Body importRequest
}

func (s *server) importStagings(ctx context.Context, in *importInput) (*response[importResponse], error) {
	a, err := s.Projects.Access(ctx, in.Project, in.Body.actor())
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	r, err := a.Import(context.WithoutCancel(ctx), change.ImportRequest{Items: convertAll(in.Body.Items, importItem.item), DryRun: in.Body.DryRun})
	out := importResponse{Items: convertAll(r.Outcomes, importedOf), Changed: r.Changed, Revision: r.Revision, Plan: r.Plan}
	if out.Plan == nil {
		out.Plan = []staging.PlanItem{}
	}
	return respond(s, ctx, out, err)
}

// Import creates the stagings of another system.
func (c *Client) Import(ctx context.Context, r change.ImportRequest) (change.ImportResult, error) {
	send := importRequest{Items: convertAll(r.Items, importItemOf), DryRun: r.DryRun, ActorFields: actorFields(rights.Actor{Person: r.By.Person, Via: r.By.Via, Request: r.By.Request})}
	var out importResponse
	if err := c.call(ctx, http.MethodPost, "/import", nil, send, &out); err != nil {
		return change.ImportResult{}, err
	}
	return change.ImportResult{Outcomes: convertAll(out.Items, importedStaging.outcome), Changed: out.Changed, Revision: out.Revision, Plan: out.Plan}, nil
}
