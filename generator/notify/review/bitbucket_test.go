package review_test

import (
	"net/http"
	"testing"
)

// bitbucketRoutes imitates the documented API of Bitbucket Cloud, with the fields
// that the client reads:
//
//	https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/
//	https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commit-statuses/
func bitbucketRoutes(t *testing.T, h *fakeForge, mux *http.ServeMux) {
	const repo = "/2.0/repositories/acme/backend"
	mux.HandleFunc("GET "+repo+"/commit/"+commit+"/pullrequests", func(w http.ResponseWriter, _ *http.Request) {
		send(w, 200, map[string]any{"values": []any{map[string]any{"id": 41, "state": "MERGED"}, map[string]any{"id": 42, "state": "OPEN"}}})
	})
	shown := func(c comment) any {
		return map[string]any{"id": c.id, "deleted": false, "content": map[string]any{"raw": c.text}}
	}
	raw := func(r *http.Request) string { return text(read(t, r)["content"].(map[string]any)["raw"]) }
	mux.HandleFunc("GET "+repo+"/pullrequests/42/comments", func(w http.ResponseWriter, r *http.Request) {
		all := []any{map[string]any{"id": 0, "deleted": true, "content": map[string]any{"raw": ""}}}
		if r.FormValue("page") == "" { // two pages, for the client to follow
			send(w, 200, map[string]any{"values": all, "next": h.URL + repo + "/pullrequests/42/comments?page=2"})
			return
		}
		for _, c := range h.comments {
			all = append(all, shown(c))
		}
		send(w, 200, map[string]any{"values": all})
	})
	mux.HandleFunc("POST "+repo+"/pullrequests/42/comments", func(w http.ResponseWriter, r *http.Request) {
		send(w, 201, shown(*h.write(raw(r))))
	})
	mux.HandleFunc("PUT "+repo+"/pullrequests/42/comments/{id}", func(w http.ResponseWriter, r *http.Request) {
		if c := h.at(w, r); c != nil {
			c.text = raw(r)
			send(w, 200, shown(*c))
		}
	})
	mux.HandleFunc("DELETE "+repo+"/pullrequests/42/comments/{id}", func(w http.ResponseWriter, r *http.Request) {
		if c := h.at(w, r); c != nil {
			h.drop(c.id)
			w.WriteHeader(204)
		}
	})
	keys := map[string]string{} // by name
	mux.HandleFunc("GET "+repo+"/commit/"+commit+"/statuses/build/{key}", func(w http.ResponseWriter, r *http.Request) {
		for name, s := range h.newest() {
			if keys[name] == r.PathValue("key") {
				send(w, 200, map[string]any{"key": keys[name], "state": s.state, "description": s.text, "url": s.page})
				return
			}
		}
		http.Error(w, `{"type": "error", "error": {"message": "no such status"}}`, http.StatusNotFound)
	})
	mux.HandleFunc("POST "+repo+"/commit/"+commit+"/statuses/build", func(w http.ResponseWriter, r *http.Request) {
		b := read(t, r)
		if key := text(b["key"]); len(key) > 40 || b["url"] == "" {
			http.Error(w, `{"type": "error", "error": {"message": "Bad request"}}`, http.StatusBadRequest)
			return
		}
		keys[text(b["name"])] = text(b["key"])
		h.statuses = append(h.statuses, status{text(b["name"]), text(b["state"]), text(b["description"]), text(b["url"])})
		send(w, 201, map[string]any{})
	})
}
