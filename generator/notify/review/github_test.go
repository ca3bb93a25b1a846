package review_test

import (
	"net/http"
	"testing"
)

// gitHubRoutes imitates the documented API of GitHub, with the fields that the client
// reads:
//
//	https://docs.github.com/en/rest/commits/commits#list-pull-requests-associated-with-a-commit
//	https://docs.github.com/en/rest/issues/comments
//	https://docs.github.com/en/rest/commits/statuses
//	https://docs.github.com/en/rest/deployments/statuses
func gitHubRoutes(t *testing.T, h *fakeForge, mux *http.ServeMux) {
	const repo = "/repos/acme/backend"
	mux.HandleFunc("GET "+repo+"/commits/"+commit+"/pulls", func(w http.ResponseWriter, _ *http.Request) {
		send(w, 200, []any{map[string]any{"number": 41, "state": "closed"}, map[string]any{"number": 42, "state": "open"}})
	})
	commentRoutes(t, h, mux, repo)
	statusRoutes(t, h, mux, repo, "state")
	gitHubDeployments(t, h, mux, repo+"/deployments")
}

// commentRoutes serves the comments of GitHub and Gitea.
func commentRoutes(t *testing.T, h *fakeForge, mux *http.ServeMux, repo string) {
	shown := func(c comment) any { return map[string]any{"id": c.id, "body": c.text} }
	mux.HandleFunc("GET "+repo+"/issues/42/comments", func(w http.ResponseWriter, r *http.Request) {
		all := []any{}
		for _, c := range h.comments {
			all = append(all, shown(c))
		}
		send(w, 200, all)
	})
	mux.HandleFunc("POST "+repo+"/issues/42/comments", func(w http.ResponseWriter, r *http.Request) {
		send(w, 201, shown(*h.write(text(read(t, r)["body"]))))
	})
	mux.HandleFunc("PATCH "+repo+"/issues/comments/{id}", func(w http.ResponseWriter, r *http.Request) {
		if c := h.at(w, r); c != nil {
			c.text = text(read(t, r)["body"])
			send(w, 200, shown(*c))
		}
	})
	mux.HandleFunc("DELETE "+repo+"/issues/comments/{id}", func(w http.ResponseWriter, r *http.Request) {
		if c := h.at(w, r); c != nil {
			h.drop(c.id)
			w.WriteHeader(204)
		}
	})
}

// statusRoutes serves the statuses of GitHub and Gitea, which have different names
// for the state field.
func statusRoutes(t *testing.T, h *fakeForge, mux *http.ServeMux, repo, state string) {
	mux.HandleFunc("GET "+repo+"/commits/"+commit+"/status", func(w http.ResponseWriter, _ *http.Request) {
		all := []any{}
		for _, s := range h.newest() {
			all = append(all, map[string]any{"context": s.name, state: s.state, "description": s.text, "target_url": s.page})
		}
		send(w, 200, map[string]any{"state": "pending", "statuses": all})
	})
	mux.HandleFunc("POST "+repo+"/statuses/"+commit, func(w http.ResponseWriter, r *http.Request) {
		b := read(t, r)
		h.statuses = append(h.statuses, status{text(b["context"]), text(b["state"]), text(b["description"]), text(b["target_url"])})
		send(w, 201, map[string]any{})
	})
}

func gitHubDeployments(t *testing.T, h *fakeForge, mux *http.ServeMux, path string) {
	mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
		all := []any{}
		for i := len(h.deployments) - 1; i >= 0; i-- { // newest first
			if d := h.deployments[i]; d.commit == r.FormValue("sha") && d.env == r.FormValue("environment") {
				all = append(all, map[string]any{"id": d.id, "sha": d.commit, "environment": d.env})
			}
		}
		send(w, 200, all)
	})
	mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		b := read(t, r)
		if b["auto_merge"] != false || len(b["required_contexts"].([]any)) != 0 {
			http.Error(w, `{"message": "Conflict merging main"}`, http.StatusConflict)
			return
		}
		h.next++
		if b["transient_environment"] != true {
			t.Errorf("an environment of a branch is transient: %v", b)
		}
		h.deployments = append(h.deployments, &deployment{id: h.next, commit: text(b["ref"]), env: text(b["environment"])})
		send(w, 201, map[string]any{"id": h.next})
	})
	mux.HandleFunc("GET "+path+"/{id}/statuses", func(w http.ResponseWriter, _ *http.Request) {
		all := []any{}
		for i := len(h.deployments[0].statuses) - 1; i >= 0; i-- {
			s := h.deployments[0].statuses[i]
			all = append(all, map[string]any{"state": s.state, "description": s.text})
		}
		send(w, 200, all)
	})
	mux.HandleFunc("POST "+path+"/{id}/statuses", func(w http.ResponseWriter, r *http.Request) {
		b := read(t, r)
		d := h.deployments[0]
		d.statuses = append(d.statuses, status{"", text(b["state"]), text(b["description"]), text(b["log_url"])})
		h.stopped, h.address = b["state"] == "inactive", text(b["environment_url"])
		send(w, 201, map[string]any{})
	})
}
