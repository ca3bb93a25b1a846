package web

import (
	"cmp"
	"net/http"

	"octopod/generator"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// Server serves the pages of all projects.
type Server struct {
	Options
	projects map[string]*projectCache
	pages    *pages
	mux      *http.ServeMux
}

// maxForm limits request bodies, far above the largest form.
const maxForm = 256 << 10

// projectRequest is the context of one request to a project. All data and actions go
// through Known, which is an Access under the project.
type projectRequest struct {
	*projectCache
	*generator.Known
	project    *project.Project
	viewer     Viewer
	visibility rights.Visibility
	role       project.Role
	stale      error // why the env repo or its octopod.yaml cannot be read; project is then an earlier version
}

// shows reports whether the viewer may see a section.
func (req *projectRequest) shows(part project.Section) bool { return req.visibility.Shows(part) }

// maintains reports whether the viewer maintains the project: its env repo, its
// webhooks and its clean-up.
func (req *projectRequest) maintains() bool {
	return req.viewer.Authorize(req.project, rights.Fix, "") == nil
}

// canWrite reports whether the viewer may change stagings.
func (req *projectRequest) canWrite() bool { return req.role.Includes(project.RoleUser) }

func (s *Server) newRequest(r *http.Request) (*projectRequest, error) {
	p, known := s.projects[r.PathValue("project")]
	if !known {
		return nil, cmp.Or(s.Unread(), errNoPage())
	}
	rules, stale, err := p.currentProject(r.Context())
	if err != nil {
		return nil, err
	}
	viewer := s.Viewer(r)
	visibility := rights.NewVisibility(rules, viewer.Rights)
	req := &projectRequest{
		projectCache: p, Known: p.Access(viewer.Actor).Known(rules),
		project: rules, viewer: viewer, visibility: visibility, role: visibility.Role, stale: stale,
	}
	req.stale = cmp.Or(req.stale, req.Freshness().EnvRepo.Err)
	if !req.role.Includes(project.RoleViewer) {
		s.Refused(r.Context(), staging.Errorf(staging.CodeForbidden, "no access to project %s", rules.Metadata.Name))
		return nil, errNoPage()
	}
	return req, nil
}

// errNoPage is the same for a project that does not exist and for one that the viewer may
// not see: a stranger must not learn which projects there are.
func errNoPage() error {
	return staging.Errorf(staging.CodeNotFound, "this page does not exist, or you have no access to it")
}
