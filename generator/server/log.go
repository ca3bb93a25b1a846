package server

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"octopod/generator/auth"
	"octopod/generator/httpapi"
	"octopod/generator/staging"
)

// auditLog records refused requests, one JSON object per line. The history of the
// env repo records the accepted ones.
type auditLog struct{ to io.Writer }

// maxAudited is the length of a text in the audit log: a request with a long path must
// not fill the disk.
const maxAudited = 1000

func (l *auditLog) write(ctx context.Context, a auth.Attempt) {
	a.Reason, a.Request = staging.Shorten(a.Reason, maxAudited), staging.Shorten(a.Request, maxAudited)
	line, _ := json.Marshal(struct { // strings and times always encode
		Kind string `json:"kind"`
		ID   string `json:"id,omitempty"`
		auth.Attempt
	}{"Refused", requestFrom(ctx).id, a})
	_, _ = l.to.Write(append(line, '\n')) // a broken audit log must not fail the request
}

// requestRecord is what the server logs about one request.
type requestRecord struct {
	id, method, path, address string // address of the client, not of a proxy
	status                    int
	identity                  auth.Identity
	refused                   string // the last refusal in the audit log
}

type requestRecordKey struct{}

func requestFrom(ctx context.Context) *requestRecord {
	if s, ok := ctx.Value(requestRecordKey{}).(*requestRecord); ok {
		return s
	}
	return &requestRecord{}
}

// logRequests assigns an id to every request, and logs and measures its
// outcome.
func (r *Server) logRequests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		began := r.now()
		s := &requestRecord{id: rand.Text(), method: req.Method, path: req.URL.Path, address: r.gate.Load().ClientAddress(req), status: http.StatusOK}
		w.Header().Set("X-Request-Id", s.id)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(&statusWriter{w, s}, req.WithContext(context.WithValue(req.Context(), requestRecordKey{}, s)))
		took, route := r.now().Sub(began), routeOf(s.path)
		r.metrics.request(route, s.status, took)
		level := slog.LevelInfo
		if route == "/livez" || route == "/readyz" || route == "/metrics" {
			level = slog.LevelDebug
		}
		r.log.LogAttrs(req.Context(), level, "request", slog.String("id", s.id), slog.String("method", s.method), slog.String("path", s.path),
			slog.Int("status", s.status), slog.Duration("took", took), slog.String("address", s.address), slog.Any("by", s.identity))
	})
}

// statusWriter records the status of a response.
type statusWriter struct {
	http.ResponseWriter
	record *requestRecord
}

func (w *statusWriter) WriteHeader(status int) {
	w.record.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController flush and set deadlines.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// endStreams records the identity of the request. It ends an event stream when the
// server drains, when its gate is replaced, or when the identity of its reader expires.
func (r *Server) endStreams(g *gate, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		identity := auth.From(req.Context())
		requestFrom(req.Context()).identity = identity
		if !isStream(req) {
			next.ServeHTTP(w, req)
			return
		}
		ctx, cancel := context.WithCancel(req.Context())
		defer cancel()
		if !identity.Expires.IsZero() {
			ctx, cancel = context.WithDeadline(ctx, identity.Expires)
			defer cancel()
		}
		defer context.AfterFunc(r.draining, cancel)()
		defer context.AfterFunc(g.ended, cancel)()
		next.ServeHTTP(w, req.WithContext(ctx))
	})
}

// isStream reports whether a request opens an event stream.
func isStream(req *http.Request) bool { return strings.HasSuffix(req.URL.Path, "/events") }

// auditRefusal records in the audit log what a use case refused.
func (r *Server) auditRefusal(ctx context.Context, err error) {
	s := requestFrom(ctx)
	if s.refused == err.Error() { // a request may meet the same refusal twice
		return
	}
	s.refused = err.Error()
	r.audit(ctx, auth.Attempt{
		At: r.now(), Code: staging.CodeOf(err), Reason: err.Error(), Address: s.address, Request: s.method + " " + s.path,
		Method: s.identity.Method, Subject: s.identity.Subject, Name: s.identity.Person.Name,
	})
}

// routeOf replaces the names in a path by placeholders, so that the metric has few
// label values.
func routeOf(path string) string {
	for _, known := range []string{"/livez", "/readyz", "/metrics", "/version"} {
		if path == known {
			return known
		}
	}
	rest, api := strings.CutPrefix(path, httpapi.Path+"/projects/")
	switch parts := strings.Split(rest, "/"); {
	case !api && strings.HasPrefix(path, httpapi.Path):
		return httpapi.Path
	case !api && strings.HasPrefix(path, auth.Path):
		return auth.Path
	case !api && strings.HasPrefix(path, webhookPath):
		return webhookPath + "{project}"
	case !api:
		return "page"
	case len(parts) == 1:
		return httpapi.Path + "/projects/{project}"
	case parts[1] == "events":
		return httpapi.Path + "/projects/{project}/events"
	case len(parts) == 4:
		return httpapi.Path + "/projects/{project}/stagings/{name}/…"
	}
	return httpapi.Path + "/projects/{project}/…"
}

func (r *Server) showVersion(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(r.about) // the client may have disconnected
}
