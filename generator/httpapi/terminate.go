package httpapi

import (
	"context"
	"net/http"
	"net/url"
)

// terminated is the answer to a sync that was ended.
type terminated struct {
	Name string `json:"name" doc:"Of the staging"`
}

func (s *server) terminate(ctx context.Context, in *StagingPath) (*response[terminated], error) {
	a, err := s.open(ctx, in.Project)
	if err != nil {
		return nil, err
	}
	return respond(s, ctx, terminated{in.Name}, a.Terminate(ctx, in.Name))
}

// Terminate ends the running sync of a staging.
func (c *Client) Terminate(ctx context.Context, name string) error {
	var out terminated
	return c.call(ctx, http.MethodDelete, "/stagings/"+url.PathEscape(name)+"/sync", nil, nil, &out)
}
