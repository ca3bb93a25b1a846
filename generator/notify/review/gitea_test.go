package review_test

import (
	"net/http"
	"testing"
)

// giteaRoutes answers as Gitea documents it, as far as a client reads it. Its
// description lies in every Gitea under /api/swagger:
//
//	https://docs.gitea.com/api/
func giteaRoutes(t *testing.T, h *host, mux *http.ServeMux) {
	const repo = "/api/v1/repos/acme/backend"
	mux.HandleFunc("GET "+repo+"/pulls", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("state") != "open" {
			t.Errorf("asked for %s", r.URL)
		}
		pull := func(number int, sha string) any {
			return map[string]any{"number": number, "state": "open", "head": map[string]any{"sha": sha}}
		}
		if r.FormValue("page") == "1" { // two pages, for the client to follow
			w.Header().Set("Link", "<"+h.URL+repo+`/pulls?page=2>; rel="next"`)
			send(w, 200, []any{pull(41, "aaaa")})
			return
		}
		send(w, 200, []any{pull(42, commit)})
	})
	shown := func(c comment) any { return map[string]any{"id": c.id, "body": c.text} }
	mux.HandleFunc("GET "+repo+"/issues/42/comments", func(w http.ResponseWriter, _ *http.Request) {
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
	mux.HandleFunc("GET "+repo+"/commits/"+commit+"/status", func(w http.ResponseWriter, _ *http.Request) {
		all := []any{}
		for _, s := range h.newest() {
			all = append(all, map[string]any{"context": s.name, "status": s.state, "description": s.text, "target_url": s.page})
		}
		send(w, 200, map[string]any{"statuses": all})
	})
	mux.HandleFunc("POST "+repo+"/statuses/"+commit, func(w http.ResponseWriter, r *http.Request) {
		b := read(t, r)
		h.statuses = append(h.statuses, status{text(b["context"]), text(b["state"]), text(b["description"]), text(b["target_url"])})
		send(w, 201, map[string]any{})
	})
}
