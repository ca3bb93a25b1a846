package review_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"octopod/generator/notify/review"
	"octopod/generator/project"
	"octopod/generator/staging"
)

const (
	commit = "1f2e3d4c5b6a79880123456789abcdef01234567"
	token  = "the-token"
	page   = "https://octopod.example.com/shop/stagings/feature-login"
)

// shop returns a project with a repository on a forge.
func shop(t *testing.T, more string) *project.Project {
	t.Helper()
	p, err := project.Parse([]byte(`apiVersion: octopod.dev/v1alpha1
kind: Project
metadata: {name: shop, title: The shop}
spec:
  engine: kustomize
  hosts: {baseDomain: staging.example.com}
  services:
    backend: {title: Backend, repository: git.example.com/acme/backend, image: "registry.example.com/shop/backend:main-77", host: "api-{name}"}
    frontend: {title: Shop, image: "registry.example.com/shop/frontend:main-77", host: "{name}"}
  notify: [{to: pull-request}, {to: commit}, {to: deployment}]
` + more))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// login returns a staging in a phase.
func login(phase staging.Phase) *staging.View {
	expires := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	s := staging.Staging{Name: "feature-login", Spec: staging.Spec{
		Branch: "feature/login", State: staging.Active, Expires: &expires,
		Services: map[string]staging.Service{
			"backend":  {Image: "registry.example.com/shop/backend:1f2e3d4", From: staging.FromBranch, Commit: commit, Repository: "https://git.example.com/acme/backend.git"},
			"frontend": {Image: "registry.example.com/shop/frontend:main-77", From: staging.FromDefault},
		},
	}}
	return &staging.View{Document: s.Document(), Version: "1", Status: staging.Status{
		Phase: phase, URL: "https://feature-login.staging.example.com",
		URLs: map[string]string{"backend": "https://api-feature-login.staging.example.com", "frontend": "https://feature-login.staging.example.com"},
	}}
}

// report returns the report of the staging in a phase.
func report(t *testing.T, phase staging.Phase) review.Report {
	t.Helper()
	p, v := shop(t, ""), login(phase)
	places := review.Targets(p, v.Spec)
	if len(places) != 1 {
		t.Fatalf("the staging has the targets %v", places)
	}
	s, ok := review.ReportOf(p, places[0], v, page)
	if !ok {
		t.Fatalf("%s has no report", phase)
	}
	return s
}

// fakeForge is a forge in memory. Each kind has its own routes, as documented, over
// the same data.
type fakeForge struct {
	*httptest.Server

	mu          sync.Mutex
	comments    []comment
	statuses    []status // the newest last
	deployments []*deployment
	stopped     bool   // the environment
	address     string // of the environment
	writes      int
	next        int64
	refuse      func(http.ResponseWriter, *http.Request) bool // true: it has written the response
	meanwhile   func()                                        // called once, before a comment is written
}

type comment struct {
	id     int64
	text   string
	locked bool // somebody else's
}

type status struct{ name, state, text, page string }

type deployment struct {
	id       int64
	commit   string
	env      string
	statuses []status // the newest last
}

// newFakeForge starts a forge with some routes.
func newFakeForge(t *testing.T, routes func(*fakeForge, *http.ServeMux)) *fakeForge {
	t.Helper()
	h := &fakeForge{}
	mux := http.NewServeMux()
	routes(h, mux)
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.Header.Get("Authorization"), " "+token) && r.Header.Get("Private-Token") != token {
			http.Error(w, `{"message": "who are you?"}`, http.StatusUnauthorized)
			return
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.refuse != nil && h.refuse(w, r) {
			return
		}
		if r.Method != http.MethodGet {
			h.writes++
		}
		w.Header().Set("Content-Type", "application/json")
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(h.Close)
	return h
}

// write creates a comment.
func (h *fakeForge) write(text string) *comment {
	if do := h.meanwhile; do != nil {
		h.meanwhile = nil
		do()
	}
	return h.keep(text, false)
}

func (h *fakeForge) keep(text string, locked bool) *comment {
	h.next++
	h.comments = append(h.comments, comment{h.next, text, locked})
	return &h.comments[len(h.comments)-1]
}

// at returns the comment of a request's path. It responds with an error and returns
// nil if the comment does not exist or is locked.
func (h *fakeForge) at(w http.ResponseWriter, r *http.Request) *comment {
	for i, c := range h.comments {
		if strconv.FormatInt(c.id, 10) != r.PathValue("id") {
			continue
		}
		if c.locked {
			http.Error(w, `{"message": "403 Forbidden"}`, http.StatusForbidden)
			return nil
		}
		return &h.comments[i]
	}
	http.Error(w, `{"message": "404 Not Found"}`, http.StatusNotFound)
	return nil
}

func (h *fakeForge) drop(id int64) {
	for i, c := range h.comments {
		if c.id == id {
			h.comments = append(h.comments[:i:i], h.comments[i+1:]...)
			return
		}
	}
}

// newest returns the newest status of each name.
func (h *fakeForge) newest() map[string]status {
	all := map[string]status{}
	for _, s := range h.statuses {
		all[s.name] = s
	}
	return all
}

// send responds with JSON.
func send(w http.ResponseWriter, code int, value any) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(value)
}

// read parses a body of JSON or of a form.
func read(t *testing.T, r *http.Request) map[string]any {
	t.Helper()
	values := map[string]any{}
	if err := json.NewDecoder(r.Body).Decode(&values); err != nil {
		t.Errorf("%s %s: %v", r.Method, r.URL, err)
	}
	return values
}

func text(value any) string {
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}
