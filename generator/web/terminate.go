package web

import (
	"net/http"

	"octopod/generator/change"
)

// terminate ends a sync that hangs, so that Argo CD applies the newest change.
func (s *Server) terminate(w http.ResponseWriter, r *http.Request, req *projectRequest) error {
	name := r.PathValue("name")
	if err := req.Terminate(r.Context(), name); err != nil {
		return err
	}
	req.notify(w, r, "terminate", change.Result{})
	return seeOther(w, r, req.stagingPath(name, ""))
}
