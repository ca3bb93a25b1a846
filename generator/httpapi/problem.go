package httpapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"octopod/generator/staging"
)

// Fault is the wire format of an error.
type Fault struct {
	// The whole error, for people.
	Detail string `json:"detail"`
	// Octopod's code, such as not_found or pinned.
	Code staging.Code `json:"code"`
	// What to do next.
	Hint string `json:"hint,omitempty"`
	// A summary in one sentence, if Problems lists single faults.
	Message string `json:"message,omitempty"`
	// Every fault of the input.
	Problems []staging.Problem `json:"problems,omitempty"`
}

// Problem is the response to a failed request (RFC 9457).
type Problem struct {
	// The kind of problem: urn:octopod:problem:conflict.
	Type string `json:"type"`
	// The text of the status.
	Title  string `json:"title"`
	Status int    `json:"status"`
	Fault
}

func faultOf(err error) Fault {
	f := Fault{Detail: err.Error(), Code: staging.ResultCode(err), Hint: staging.HintOf(err), Problems: staging.ProblemsOf(err)}
	var known *staging.Error
	if errors.As(err, &known) {
		f.Message = known.Message
	}
	return f
}

// problemOf returns the response for an error.
func problemOf(err error) *Problem {
	f := faultOf(err)
	return newProblem(f.Code.HTTPStatus(), f)
}

func newProblem(status int, f Fault) *Problem {
	return &Problem{Type: "urn:octopod:problem:" + string(f.Code), Title: http.StatusText(status), Status: status, Fault: f}
}

// Error implements error, as huma requires.
func (p *Problem) Error() string { return p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// convertHumaError converts huma's validation errors into problems.
func convertHumaError(_ huma.Context, _ string, v any) (any, error) {
	theirs, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	err := staging.Errorf(staging.CodeInvalid, "the request does not fit the API")
	if theirs.Status >= http.StatusInternalServerError {
		err = staging.Errorf(staging.CodeInternal, "%s", theirs.Detail)
	}
	for _, e := range theirs.Errors {
		err.Problems = append(err.Problems, staging.Problem{Field: e.Location, Message: e.Message})
	}
	return newProblem(theirs.Status, faultOf(err.WithHint("%s/openapi.json describes it", Path))), nil
}

// remoteError is the error of a server. It has the same text and unwraps to the same
// staging.Error as on the server.
type remoteError struct {
	known *staging.Error
	text  string
}

func (r *remoteError) Error() string { return r.text }

func (r *remoteError) Unwrap() error { return r.known }

// err returns the error that the server encoded.
func (f Fault) err() error {
	return &remoteError{text: f.Detail, known: &staging.Error{Code: f.Code, Message: f.Message, Hint: f.Hint, Problems: f.Problems}}
}

// faultOrNil encodes an error; nil for nil.
func faultOrNil(err error) *Fault {
	if err == nil {
		return nil
	}
	f := faultOf(err)
	return &f
}

// errOrNil returns the encoded error; nil for nil.
func (f *Fault) errOrNil() error {
	if f == nil {
		return nil
	}
	return f.err()
}

func problemResponse(api huma.API, description string) *huma.Response {
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	return &huma.Response{Description: description, Content: map[string]*huma.MediaType{"application/problem+json": {Schema: schema}}}
}

// writeProblem writes a problem outside of huma.
func writeProblem(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", p.ContentType(""))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client may have disconnected
}
