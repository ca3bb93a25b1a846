package web

import (
	"net/http"
	"net/url"

	"octopod/generator/project"
	"octopod/generator/rights"
)

// chooserPage lists the projects that the viewer may see.
type chooserPage struct {
	frame
	Projects []link
	Missing  string // why projects are missing
}

func (s *Server) home(w http.ResponseWriter, r *http.Request) {
	unread := s.Unread()
	if len(s.Projects) == 0 && unread != nil {
		s.fail(w, r, nil, unread)
		return
	}
	if len(s.Projects) == 1 && unread == nil {
		http.Redirect(w, r, "/"+s.Projects[0].Name+"/", http.StatusFound)
		return
	}
	page := chooserPage{frame: s.frame(r, nil, "Projects", "")}
	if unread != nil {
		page.Missing = sentence(messageOf(unread))
	}
	for _, p := range s.Projects {
		rules, _, err := s.projects[p.Name].currentProject(r.Context())
		if err == nil && rights.NewVisibility(rules, s.Viewer(r).Rights).Role.Includes(project.RoleViewer) {
			page.Projects = append(page.Projects, link{rules.Spec.UI.Title, "/" + p.Name + "/"})
		}
	}
	s.showPlain(w, r, "chooser", page)
}

// signPage is the sign-in page and the page after signing out.
type signPage struct {
	frame
	URL string
	Out bool
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request) {
	page := signPage{frame: s.frame(r, nil, "Sign in", "")}
	if s.SignIn == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	page.URL = s.SignIn.In + "?" + url.Values{"next": {r.URL.Query().Get("next")}}.Encode() // the sign-in validates next
	s.showPlain(w, r, "signin", page)
}

func (s *Server) signedOut(w http.ResponseWriter, r *http.Request) {
	page := signPage{frame: s.frame(r, nil, "Signed out", ""), Out: true, URL: "/"}
	s.showPlain(w, r, "signin", page)
}

// showPlain shows a page that belongs to no project.
func (s *Server) showPlain(w http.ResponseWriter, r *http.Request, name string, page any) {
	if err := s.pages.show(w, http.StatusOK, name, page); err != nil {
		s.fail(w, r, nil, err)
	}
}
