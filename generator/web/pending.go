package web

import (
	"net/http"

	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// pendingPage reports whether the files of a staging would change if Octopod generated
// them again.
type pendingPage struct {
	frame
	Name, Page   string
	Changed      bool // octopod.yaml or a template changed since
	EditedByHand bool
	Objects      []string // what would change, as kind and name
	Update       string   // URL of the action that generates them; empty if the viewer may not
}

// None reports that the files are up to date.
func (p pendingPage) None() bool { return !p.Changed && !p.EditedByHand }

// pending serves the pending changes as a page, and as a part of the staging page.
func (s *Server) pending(w http.ResponseWriter, r *http.Request, req *projectRequest) error {
	if err := rights.RequireVisible(req.project, req.role, project.SectionFiles); err != nil {
		return err
	}
	name := r.PathValue("name")
	views, err := req.Find(r.Context(), staging.Query{Names: []string{name}, Recorded: true, Pending: true})
	if err != nil {
		return err
	}
	view := views[0]
	page := pendingPage{frame: s.frame(r, req, "Pending changes of "+name, "list"), Name: name, Page: req.stagingPath(name, ""),
		Changed: len(view.Status.Pending) > 0, EditedByHand: view.Status.EditedByHand, Objects: view.Status.Pending}
	if view.Spec.Pinned == nil && req.viewer.Authorize(req.project, staging.Regenerate, name) == nil {
		page.Update = req.stagingPath(name, string(staging.Regenerate))
	}
	if r.Header.Get("HX-Request") == "true" {
		return s.pages.fragment(w, "pending", "pending", page)
	}
	return s.pages.show(w, http.StatusOK, "pending", page)
}
