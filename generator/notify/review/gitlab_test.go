package review_test

import (
	"net/http"
	"strings"
	"testing"
)

// gitLabRoutes imitates the documented API of GitLab, with the fields that the client
// reads:
//
//	https://docs.gitlab.com/api/commits/#list-merge-requests-associated-with-a-commit
//	https://docs.gitlab.com/api/notes/#merge-requests
//	https://docs.gitlab.com/api/commits/#set-commit-pipeline-status
//	https://docs.gitlab.com/api/deployments/
//	https://docs.gitlab.com/api/environments/
func gitLabRoutes(t *testing.T, h *fakeForge, mux *http.ServeMux) {
	const repo = "/api/v4/projects/acme%2Fbackend"
	mux.HandleFunc("GET "+repo+"/repository/commits/"+commit+"/merge_requests", func(w http.ResponseWriter, _ *http.Request) {
		send(w, 200, []any{map[string]any{"iid": 41, "state": "merged"}, map[string]any{"iid": 42, "state": "opened"}})
	})
	shown := func(c comment) any { return map[string]any{"id": c.id, "body": c.text, "system": false} }
	mux.HandleFunc("GET "+repo+"/merge_requests/42/notes", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("sort") != "asc" {
			t.Error("the request does not ask for the oldest comments first")
		}
		all := []any{map[string]any{"id": 0, "body": "added 1 commit", "system": true}}
		for _, c := range h.comments {
			all = append(all, shown(c))
		}
		send(w, 200, all)
	})
	mux.HandleFunc("POST "+repo+"/merge_requests/42/notes", func(w http.ResponseWriter, r *http.Request) {
		send(w, 201, shown(*h.write(strings.TrimSpace(text(read(t, r)["body"])))))
	})
	mux.HandleFunc("PUT "+repo+"/merge_requests/42/notes/{id}", func(w http.ResponseWriter, r *http.Request) {
		if c := h.at(w, r); c != nil {
			c.text = strings.TrimSpace(text(read(t, r)["body"]))
			send(w, 200, shown(*c))
		}
	})
	mux.HandleFunc("DELETE "+repo+"/merge_requests/42/notes/{id}", func(w http.ResponseWriter, r *http.Request) {
		if c := h.at(w, r); c != nil {
			h.drop(c.id)
			w.WriteHeader(204)
		}
	})
	mux.HandleFunc("GET "+repo+"/repository/commits/"+commit+"/statuses", func(w http.ResponseWriter, _ *http.Request) {
		all := []any{}
		for i, s := range h.statuses {
			all = append(all, map[string]any{"id": i, "name": s.name, "status": s.state, "description": s.text, "target_url": s.page})
		}
		send(w, 200, all)
	})
	mux.HandleFunc("POST "+repo+"/statuses/"+commit, func(w http.ResponseWriter, r *http.Request) {
		b := read(t, r)
		if last := h.newest()[text(b["name"])]; last.state == text(b["state"]) {
			http.Error(w, `{"message": "Cannot transition status via :run from :running"}`, http.StatusBadRequest)
			return
		}
		h.statuses = append(h.statuses, status{text(b["name"]), text(b["state"]), text(b["description"]), text(b["target_url"])})
		send(w, 201, map[string]any{})
	})
	gitLabDeployments(t, h, mux, repo)
}

func gitLabDeployments(t *testing.T, h *fakeForge, mux *http.ServeMux, repo string) {
	mux.HandleFunc("GET "+repo+"/deployments", func(w http.ResponseWriter, r *http.Request) {
		all := []any{}
		for i := len(h.deployments) - 1; i >= 0; i-- {
			if d := h.deployments[i]; d.env == r.FormValue("environment") {
				all = append(all, map[string]any{"id": d.id, "sha": d.commit, "status": d.statuses[len(d.statuses)-1].state})
			}
		}
		send(w, 200, all)
	})
	mux.HandleFunc("POST "+repo+"/deployments", func(w http.ResponseWriter, r *http.Request) {
		b := read(t, r)
		h.next++
		h.deployments = append(h.deployments, &deployment{id: h.next, commit: text(b["sha"]), env: text(b["environment"]), statuses: []status{{state: text(b["status"])}}})
		send(w, 201, map[string]any{"id": h.next})
	})
	mux.HandleFunc("PUT "+repo+"/deployments/{id}", func(w http.ResponseWriter, r *http.Request) {
		d := h.deployments[len(h.deployments)-1]
		d.statuses = append(d.statuses, status{state: text(read(t, r)["status"])})
		send(w, 200, map[string]any{"id": d.id})
	})
	mux.HandleFunc("GET "+repo+"/environments", func(w http.ResponseWriter, r *http.Request) {
		if len(h.deployments) == 0 || r.FormValue("name") != h.deployments[0].env {
			send(w, 200, []any{})
			return
		}
		state := map[bool]string{true: "stopped", false: "available"}[h.stopped]
		send(w, 200, []any{map[string]any{"id": 7, "name": r.FormValue("name"), "state": state, "external_url": h.address}})
	})
	mux.HandleFunc("PUT "+repo+"/environments/7", func(w http.ResponseWriter, r *http.Request) {
		h.address = text(read(t, r)["external_url"])
		send(w, 200, map[string]any{"id": 7})
	})
	mux.HandleFunc("POST "+repo+"/environments/7/stop", func(w http.ResponseWriter, _ *http.Request) {
		h.stopped = true
		send(w, 200, map[string]any{"id": 7})
	})
}
