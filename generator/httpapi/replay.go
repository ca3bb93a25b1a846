package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"net/http"
	"sync"
	"time"

	"octopod/generator/staging"
)

// Limits of the cached responses.
const (
	maxReplays     = 2000
	replayTime     = time.Hour
	maxReplayBody  = 256 << 10 // a longer response is not cached: the action runs again and changes nothing
	maxReplayBytes = 32 << 20  // bytes of all responses
)

// replays caches the responses of writes with an Idempotency-Key, so that a client
// can repeat a request whose response was lost. It drops the oldest.
type replays struct {
	now func() time.Time

	mu    sync.Mutex
	known map[string]*replay
	order []*replay // oldest first; some were removed from known
	bytes int       // of the known responses
}

// replay is a response, complete or in progress.
type replay struct {
	key     string
	request [sha256.Size]byte
	at      time.Time
	done    chan struct{}
	kept    bool
	status  int
	header  http.Header
	body    []byte
}

func newReplays(now func() time.Time) *replays {
	return &replays{now: now, known: map[string]*replay{}}
}

func (k *replays) middleware(actor func(context.Context) string, next http.Handler) http.Handler {
	return readAhead(func(w http.ResponseWriter, r *http.Request, content []byte) {
		key := r.Header.Get("Idempotency-Key")
		if key == "" || r.Method != http.MethodPost || len(key) > 200 {
			next.ServeHTTP(w, r)
			return
		}
		k.serve(w, r, actor(r.Context())+"\x00"+r.URL.Path+"\x00"+key, sha256.Sum256(content), next)
	})
}

func (k *replays) serve(w http.ResponseWriter, r *http.Request, key string, request [sha256.Size]byte, next http.Handler) {
	first, again := k.begin(key, request)
	if first != nil {
		recorder := &recorder{ResponseWriter: w, status: http.StatusOK}
		defer k.finish(first, recorder)
		next.ServeHTTP(recorder, r)
		return
	}
	if again.request != request {
		writeProblem(w, problemOf(staging.Errorf(staging.CodeInvalid, "the Idempotency-Key was used for another request").
			WithHint("use a new key for every request, and the same key only to repeat a request")))
		return
	}
	select {
	case <-again.done:
	case <-r.Context().Done():
		return
	}
	if !again.kept {
		next.ServeHTTP(w, r)
		return
	}
	for name, values := range again.header {
		w.Header()[name] = values
	}
	w.Header().Set("Idempotency-Replayed", "true")
	w.WriteHeader(again.status)
	_, _ = w.Write(again.body)
}

// begin registers a request. It returns either first, for the first request with
// this key, or again, the entry of an earlier one.
func (k *replays) begin(key string, request [sha256.Size]byte) (first, again *replay) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if known := k.known[key]; known != nil {
		if k.now().Sub(known.at) < replayTime {
			return nil, known
		}
		k.forget(known)
	}
	for len(k.order) >= maxReplays {
		k.forgetOldest()
	}
	first = &replay{key: key, request: request, at: k.now(), done: make(chan struct{})}
	k.known[key] = first
	k.order = append(k.order, first)
	return first, nil
}

func (k *replays) forgetOldest() {
	oldest := k.order[0]
	k.order[0] = nil
	k.order = k.order[1:]
	k.forget(oldest)
}

func (k *replays) forget(r *replay) {
	if k.known[r.key] == r {
		delete(k.known, r.key)
		k.bytes -= len(r.body)
	}
}

// finish stores the response. A temporary failure is not stored, so that a repeated
// request runs again.
func (k *replays) finish(first *replay, w *recorder) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if w.status < http.StatusInternalServerError && w.status != http.StatusTooManyRequests && w.body.Len() <= maxReplayBody {
		first.kept, first.status, first.body = true, w.status, w.body.Bytes()
		first.header = http.Header{"Content-Type": w.Header()["Content-Type"]}
		if k.known[first.key] == first {
			k.bytes += len(first.body)
		}
		for k.bytes > maxReplayBytes {
			k.forgetOldest()
		}
	} else {
		k.forget(first)
	}
	close(first.done)
}

// recorder copies the response.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(data []byte) (int, error) {
	if r.body.Len() <= maxReplayBody {
		r.body.Write(data)
	}
	return r.ResponseWriter.Write(data)
}

// Unwrap supports http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
