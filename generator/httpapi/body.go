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

// noDeadline tells huma to set no read deadline: readAhead did, while there was
// something to read. On a connection that is read to the end, a deadline that
// passes cancels the request, and all that follow on the connection.
const noDeadline = -1

// readAhead reads the body of every request before it is acted on, for as long
// as bodyTimeout and up to maxBody bytes.
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
	_ = control.SetReadDeadline(time.Now().Add(bodyTimeout)) // not every writer has one
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		return nil, newProblem(http.StatusRequestEntityTooLarge,
			faultOf(staging.Errorf(staging.CodeInvalid, "the request is larger than %d bytes", maxBody)))
	case err != nil:
		return nil, newProblem(http.StatusRequestTimeout, faultOf(staging.Errorf(staging.CodeInvalid, "the request did not arrive in full")))
	}
	_ = control.SetReadDeadline(time.Time{})
	return content, nil
}
