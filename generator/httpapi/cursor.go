package httpapi

import (
	"encoding/base64"
	"net/url"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"octopod/generator/staging"
)

// PageQuery holds the query parameters of a list in pages.
type PageQuery struct {
	Limit  int    `query:"limit" minimum:"0" doc:"Maximum number of items; 0 for all"`
	Cursor string `query:"cursor" maxLength:"400" doc:"The page after this one: take the address of the next page from the header Link"`

	url url.URL // of the request
}

// Resolve implements huma.Resolver: it notes the address of the request.
func (q *PageQuery) Resolve(ctx huma.Context) []error {
	q.url = ctx.URL()
	return nil
}

// listOutput is a page of a list. Link has the address of the next one (RFC 8288).
type listOutput[T any] struct {
	Link string `header:"Link" doc:"The next page, with rel=next, if there is one"`
	Body staging.List[T]
}

// after returns the key of the last item of the page before.
func (q *PageQuery) after() (string, error) {
	key, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	if err != nil {
		return "", staging.Errorf(staging.CodeInvalid, "%q is not a cursor", q.Cursor).WithHint("take the address of the next page from the header Link")
	}
	return string(key), nil
}

// pageOf returns one page of the items that follow the cursor.
func pageOf[T any](kind string, q *PageQuery, items []T, key func(T) string) *listOutput[T] {
	out := &listOutput[T]{}
	if q.Limit > 0 && len(items) > q.Limit {
		items = items[:q.Limit]
		next := q.url.Query()
		next.Set("limit", strconv.Itoa(q.Limit))
		next.Set("cursor", base64.RawURLEncoding.EncodeToString([]byte(key(items[q.Limit-1]))))
		out.Link = "<" + q.url.Path + "?" + next.Encode() + `>; rel="next"`
	}
	out.Body = staging.ListOf(kind, items)
	return out
}

// eventsAfter returns the events that follow the one with a revision and a staging.
func eventsAfter(events []staging.Event, after string) ([]staging.Event, error) {
	if after == "" {
		return events, nil
	}
	for i, e := range events {
		if eventKey(e) == after {
			return events[i+1:], nil
		}
	}
	return nil, staging.Errorf(staging.CodeInvalid, "the cursor is not of this list").WithHint("start again without one")
}

// eventKey identifies an event. One commit may change several stagings.
func eventKey(e staging.Event) string { return e.Revision + " " + e.Staging }
