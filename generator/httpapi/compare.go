package httpapi

import (
	"context"
	"net/http"
	"net/url"

	"octopod/generator/compare"
)

type compareInput struct {
	StagingPath
	With     string `query:"with" maxLength:"64" doc:"Another staging to compare with"`
	Since    string `query:"since" enum:"mark" doc:"mark: what was tested last, by the caller if they have tested it"`
	Revision string `query:"revision" maxLength:"64" doc:"An earlier version to compare with: a commit of the env repo"`
	Until    string `query:"until" maxLength:"64" doc:"The version that is compared; default: now"`
}

func (s *server) compareStaging(ctx context.Context, in *compareInput) (*response[compare.Comparison], error) {
	a, err := s.open(ctx, in.Project)
	if err != nil {
		return nil, err
	}
	found, err := a.Compare(ctx, compare.Query{Name: in.Name, With: in.With, SinceMark: in.Since != "", Revision: in.Revision, Until: in.Until})
	return respond(s, ctx, found, err)
}

// Compare lists the news of a staging. The server knows whose mark it is.
func (c *Client) Compare(ctx context.Context, q compare.Query) (compare.Comparison, error) {
	query := url.Values{}
	for name, value := range map[string]string{"with": q.With, "revision": q.Revision, "until": q.Until} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if q.SinceMark {
		query.Set("since", "mark")
	}
	var found compare.Comparison
	err := c.call(ctx, http.MethodGet, pathOf(q.Name)+"/compare", query, nil, &found)
	return found, err
}
