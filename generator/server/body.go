package server

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// bodyTimeout is how long the body of a request may take to arrive.
const bodyTimeout = 10 * time.Second

// limitBodyTime drops clients that send a request slowly, whether anybody reads it or
// not: what nobody has read, the HTTP server reads at the end.
func limitBodyTime(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			control := http.NewResponseController(w)
			_ = control.SetReadDeadline(time.Now().Add(bodyTimeout)) // not every writer has one
			r.Body = &timedBody{r.Body, control}
		}
		next.ServeHTTP(w, r)
	})
}

// timedBody is a body whose time is limited until all of it is there: a deadline
// that passed later would look as if the client had gone.
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
