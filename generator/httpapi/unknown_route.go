package httpapi

import (
	"net/http"
	"strings"

	"octopod/generator/staging"
)

// addUnknown answers the requests that no operation takes: 405 where another method
// exists, else 404.
func addUnknown(mux *http.ServeMux) {
	const pattern = Path + "/"
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
			other := r.Clone(r.Context())
			other.Method = method
			if _, found := mux.Handler(other); found != pattern {
				allowed = append(allowed, method)
			}
		}
		err := staging.Errorf(staging.CodeNotFound, "the API has no %s %s", r.Method, r.URL.Path).WithHint("%s/openapi.json describes it", Path)
		p := problemOf(err)
		if len(allowed) > 0 {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			p = newProblem(http.StatusMethodNotAllowed, faultOf(err))
		}
		writeProblem(w, p)
	})
}
