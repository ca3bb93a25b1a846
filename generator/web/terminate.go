package web

import (
	"net/http"

	"octopod/generator/change"
	"octopod/generator/staging"
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

// terminateURL returns where the viewer can end a sync that hangs; "" while none does, and
// without the right.
func (req *projectRequest) terminateURL(view *staging.View) string {
	name := view.Metadata.Name
	if view.Status.Reason.Hanging == "" || req.viewer.Authorize(req.project, staging.Restart, name) != nil {
		return ""
	}
	return req.stagingPath(name, "sync")
}
