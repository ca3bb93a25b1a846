package server

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// bodyTimeout is how long the body of a request may take to arrive.
const bodyTimeout = 10 * time.Second

// limitBodyTime drops clients that send a body slowly. It also covers bodies that
// no handler reads, because the HTTP server reads their rest.
func limitBodyTime(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			control := http.NewResponseController(w)
			_ = control.SetReadDeadline(time.Now().Add(bodyTimeout)) // not every writer supports deadlines
			r.Body = &timedBody{r.Body, control}
		}
		next.ServeHTTP(w, r)
	})
}

// timedBody lifts the read deadline once the whole body is read. A deadline that
// passed later would look like a client that disconnected.
type timedBody struct {
	io.ReadCloser
	control *http.ResponseController
}

func (a *timedBody) Read(data []byte) (int, error) {
	n, err := a.ReadCloser.Read(data)
	if errors.Is(err, io.EOF) {
		_ = a.control.SetReadDeadline(time.Time{})
	}
	return n, err
}
