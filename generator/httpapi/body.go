package httpapi

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"time"

	"octopod/generator/staging"
)

// Limits of the body of one request.
const (
	maxBody     = 1 << 20
	bodyTimeout = 10 * time.Second
)

// noDeadline disables the read deadline of huma, because readAhead already sets one.
// A deadline that passes after the body was read would cancel the request and all
// later ones on the connection.
const noDeadline = -1

// readAhead reads the body of every request before the handler runs, within
// bodyTimeout and up to maxBody bytes.
func readAhead(next func(w http.ResponseWriter, r *http.Request, content []byte)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == http.NoBody {
			next(w, r, nil)
			return
		}
		content, problem := readBody(w, r)
		if problem != nil {
			writeProblem(w, problem)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(content))
		next(w, r, content)
	})
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *Problem) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTimeout)) // not every writer supports it
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		return nil, newProblem(http.StatusRequestEntityTooLarge,
			faultOf(staging.Errorf(staging.CodeInvalid, "the request is larger than %d bytes", maxBody)))
	case err != nil:
		return nil, newProblem(http.StatusRequestTimeout, faultOf(staging.Errorf(staging.CodeInvalid, "the request body is incomplete")))
	}
	_ = control.SetReadDeadline(time.Time{})
	return content, nil
}
