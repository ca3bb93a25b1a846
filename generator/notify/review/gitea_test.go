package review_test

import (
	"net/http"
	"testing"
)

// giteaRoutes imitates the documented API of Gitea, with the fields that the client
// reads. Every Gitea serves the description at /api/swagger:
//
//	https://docs.gitea.com/api/
func giteaRoutes(t *testing.T, h *fakeForge, mux *http.ServeMux) {
	const repo = "/api/v1/repos/acme/backend"
	mux.HandleFunc("GET "+repo+"/pulls", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("state") != "open" {
			t.Errorf("request of %s", r.URL)
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
	commentRoutes(t, h, mux, repo)
	statusRoutes(t, h, mux, repo, "status")
}
