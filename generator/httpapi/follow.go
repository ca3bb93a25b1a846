package httpapi

import (
	"context"
	"net/http"
	"net/url"

	"octopod/generator/doctor"
	"octopod/generator/receiver"
	"octopod/generator/staging"
)

type explainInput struct {
	ProjectPath
	Branch string `query:"branch" required:"true" doc:"As git knows it: feature/login"`
}

func (s *server) explain(ctx context.Context, in *explainInput) (*response[doctor.Explanation], error) {
	a, err := s.open(ctx, in.Project)
	if err != nil {
		return nil, err
	}
	e, err := a.Explain(ctx, in.Branch)
	return respond(s, ctx, e, err)
}

func (s *server) listDeliveries(ctx context.Context, in *ProjectPath) (*response[staging.List[receiver.Delivery]], error) {
	a, err := s.open(ctx, in.Project)
	if err != nil {
		return nil, err
	}
	all, err := a.Deliveries(ctx)
	return respond(s, ctx, staging.ListOf("Delivery", all), err)
}

// Explain explains why a branch has a staging or not.
func (c *Client) Explain(ctx context.Context, branch string) (doctor.Explanation, error) {
	var out doctor.Explanation
	err := c.call(ctx, http.MethodGet, "/explain", url.Values{"branch": {branch}}, nil, &out)
	return out, err
}

// Deliveries returns the latest webhook deliveries, newest first.
func (c *Client) Deliveries(ctx context.Context) ([]receiver.Delivery, error) {
	var out staging.List[receiver.Delivery]
	err := c.call(ctx, http.MethodGet, "/deliveries", nil, nil, &out)
	return out.Items, err
}
