package server

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"octopod/generator/auth"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// A caller who may not read a project gets the answer for a project that does not exist,
// and the audit log has the refusal.
func TestAProjectOfOthersDoesNotExist(t *testing.T) {
	p := &project.Project{Metadata: project.Metadata{Name: "books"}}
	var refused []error
	h := newProjectSet()
	h.refused = func(_ context.Context, err error) { refused = append(refused, err) }
	for _, tt := range []struct {
		scope *auth.Scope
		code  staging.Code
	}{
		{&auth.Scope{Role: project.RoleUser, Projects: []string{"shop"}}, staging.CodeNotFound},
		{&auth.Scope{Role: project.RoleUser, Projects: []string{"books"}, Verbs: []staging.Verb{staging.Deploy}}, staging.CodeForbidden},
	} {
		identity := auth.Identity{Method: auth.MethodToken, Person: staging.Person{Name: "nightly"}, Scope: tt.scope}
		r := h.rightsOf(t.Context(), identity, "books")
		for _, verb := range []staging.Verb{staging.Delete, auth.Read} {
			err := r.Check(p, verb, "")
			if verb == auth.Read && tt.code == staging.CodeForbidden {
				if err != nil {
					t.Errorf("reading: %v", err)
				}
				continue
			}
			if staging.CodeOf(err) != tt.code {
				t.Errorf("%v: %v", tt.scope.Projects, err)
			}
			if tt.code == staging.CodeNotFound && err.Error() != h.unknown(t.Context(), "books").Error() {
				t.Errorf("the answer differs: %v", err)
			}
		}
	}
	if len(refused) != 2 {
		t.Errorf("the audit log has %v", refused)
	}
}

// Behind a trusted proxy the audit log names the client, for every kind of refusal, in a
// line of limited length.
func TestTheAuditLogNamesTheClient(t *testing.T) {
	var log bytes.Buffer
	lines := auditLog{&log}
	a, err := auth.New(auth.Config{Mode: auth.ModeHeader, Proxies: []string{"192.0.2.1/32"}}, auth.Options{URL: "https://octopod.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	r := &Server{projectSet: newProjectSet(), now: time.Now, audit: lines.write, metrics: newMetrics("test"), log: slog.New(slog.DiscardHandler)}
	r.gate.Store(&gate{Auth: a})
	handler := r.logRequests(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if strings.HasPrefix(req.URL.Path, webhookPath) {
			r.webhooks().ServeHTTP(w, req)
			return
		}
		r.auditRefusal(req.Context(), staging.Errorf(staging.CodeForbidden, "no"))
	}))
	for _, path := range []string{"/api/v1/projects/shop/stagings", "/hooks/shop", "/" + strings.Repeat("x", 60_000)} {
		log.Reset()
		req := httptest.NewRequest(http.MethodPost, path, strings.NewReader("{}"))
		req.RemoteAddr = "192.0.2.1:4711"
		req.Header.Set("X-Forwarded-For", "203.0.113.9")
		handler.ServeHTTP(httptest.NewRecorder(), req)
		if !strings.Contains(log.String(), `"address":"203.0.113.9"`) || log.Len() > 4000 {
			t.Errorf("%.100s: %s", path, log.String())
		}
	}
}
