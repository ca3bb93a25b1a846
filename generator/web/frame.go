package web

import (
	"net/http"

	"octopod/generator/project"
)

// frame holds the data of the layout.
type frame struct {
	Title    string // of the page
	Product  string
	Project  string // path of the project; empty without one
	Logo     bool
	Here     string // current entry of the navigation
	Viewer   Viewer
	Role     project.Role
	SignIn   *SignIn
	CanWrite bool
	// Activity is true if the viewer sees the activity.
	Activity bool
	Costs    bool       // there are prices, and the viewer sees them
	Stale    *staleness // nil while the env repo can be read
	Notice   *notice    // message after an action
	Path     string     // of this page, for a retry
	Several  bool       // the server has other projects
}

// staleness says since when the env repo cannot be read, and when it was read last. Zero is
// unknown.
type staleness struct{ Since, AsOf timestamp }

func (s *Server) frame(r *http.Request, req *projectRequest, title, here string) frame {
	f := frame{Title: title, Product: "Octopod", Here: here, SignIn: s.SignIn, Path: r.URL.RequestURI(), Several: len(s.Projects) > 1}
	if req == nil || req.project == nil {
		return f
	}
	f.Product, f.Project, f.Logo = req.project.Spec.UI.Title, "/"+req.Name, req.project.Spec.UI.Logo != ""
	f.Viewer, f.Role, f.CanWrite = req.viewer, req.role, req.canWrite()
	if repo := req.Freshness().EnvRepo; req.stale != nil {
		f.Stale = &staleness{timestamp{repo.Since}, timestamp{repo.At}}
	}
	f.Activity = req.shows(project.SectionActivity)
	f.Costs = req.project.HasPrices() && req.shows(project.SectionCost)
	f.Notice = req.noticeOf(r)
	return f
}

// option is an option of a select element.
type option struct {
	Value, Label string
	On           bool
}
