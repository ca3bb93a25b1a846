package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"octopod/generator/cost"
)

type costInput struct {
	ProjectPath
	Names []string  `query:"name,explode" doc:"Exactly these stagings, also deleted ones; each must have existed"`
	By    string    `query:"by" enum:"staging,author,owner,week" doc:"One row for each of these; default: staging"`
	Since time.Time `query:"since" doc:"Beginning of the time; default: the Monday eleven weeks before this week"`
	Until time.Time `query:"until" doc:"End of the time; default: now"`
}

func (s *server) cost(ctx context.Context, in *costInput) (*response[cost.Report], error) {
	a, err := s.open(ctx, in.Project)
	if err != nil {
		return nil, err
	}
	r, err := a.Cost(ctx, cost.Query{Names: in.Names, By: cost.Group(in.By), Since: in.Since, Until: in.Until})
	return respond(s, ctx, r, err)
}

// Cost reports the cost of stagings.
func (c *Client) Cost(ctx context.Context, q cost.Query) (cost.Report, error) {
	query := url.Values{"name": q.Names}
	if q.By != "" {
		query.Set("by", string(q.By))
	}
	for name, at := range map[string]time.Time{"since": q.Since, "until": q.Until} {
		if !at.IsZero() {
			query.Set(name, at.UTC().Format(time.RFC3339))
		}
	}
	var out cost.Report
	err := c.call(ctx, http.MethodGet, "/cost", query, nil, &out)
	return out, err
}
