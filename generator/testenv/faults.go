package testenv

import (
	"math/rand/v2"
	"net/http"
)

// Fault answers a request in place of git.
type Fault func(w http.ResponseWriter, r *http.Request, git http.Handler)

// PassingFaults are the faults of a git server that is overloaded or restarts, by name.
var PassingFaults = map[string]Fault{
	"500":         status(http.StatusInternalServerError),
	"502":         status(http.StatusBadGateway),
	"503":         status(http.StatusServiceUnavailable),
	"504":         status(http.StatusGatewayTimeout),
	"429":         status(http.StatusTooManyRequests),
	"reset":       func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) },
	"lost reply":  LoseReply,
	"half a body": halfReply,
}

func status(code int) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		if code == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "1")
		}
		http.Error(w, "overloaded", code)
	}
}

// halfReply runs git and drops the connection in the middle of its answer.
func halfReply(w http.ResponseWriter, r *http.Request, git http.Handler) {
	git.ServeHTTP(&halfWriter{w, 40}, r)
}

// halfWriter passes on some bytes and then drops the connection.
type halfWriter struct {
	http.ResponseWriter
	left int
}

func (h *halfWriter) Write(p []byte) (int, error) {
	n := min(h.left, len(p))
	_, _ = h.ResponseWriter.Write(p[:n])
	_ = http.NewResponseController(h.ResponseWriter).Flush()
	if h.left -= n; h.left == 0 {
		panic(http.ErrAbortHandler)
	}
	return len(p), nil
}

// Faults returns a function for Intercept that answers a share of all requests with one
// of PassingFaults.
func Faults(share float64) Fault {
	var all []Fault
	for _, f := range PassingFaults {
		all = append(all, f)
	}
	return func(w http.ResponseWriter, r *http.Request, git http.Handler) {
		if rand.Float64() >= share {
			git.ServeHTTP(w, r)
			return
		}
		all[rand.IntN(len(all))](w, r, git)
	}
}
