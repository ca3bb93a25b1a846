package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"octopod/generator"
	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// Options is what the pages need of the process they run in.
type Options struct {
	// Projects by the name in their octopod.yaml, which is also their path.
	Projects []Project
	// Loading: there are projects whose env repos were not read yet.
	Loading bool
	// Viewer tells who looks.
	Viewer func(*http.Request) Viewer
	// SignIn is how people sign in; nil where nobody does.
	SignIn *SignIn
	// Refused hears of what somebody may not do, for the audit log. Default: nobody does.
	Refused func(ctx context.Context, err error)
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Log hears of faults that a page does not show. Default: nothing.
	Log *slog.Logger
}

// Project is one project as it is served.
type Project struct {
	Name     string
	Stagings *generator.Stagings
	// Feed is running already.
	Feed *live.Feed
	// Branches gives those of repositories as octopod.yaml names them, within a
	// moment; nil where they cannot be asked.
	Branches func(ctx context.Context, repositories []string) Branches
	// ArgoCD is the address of Argo CD's own page, for those who see resources; may be empty.
	ArgoCD string
}

// Branches is what is known of the branches of repositories.
type Branches struct {
	In          map[string][]string // repositories that have it, by the branch's name
	Pulls       map[string][]int    // numbers of its pull requests, by the branch's name
	Unavailable []string            // repositories that do not answer just now
}

// SignIn is the way in and out. Both addresses take ?next= with the path to go
// to afterwards.
type SignIn struct {
	Provider string // what people read on the button
	In, Out  string
}

// Viewer is who looks at a page. Without Rights it is somebody who may do
// everything.
type Viewer struct {
	rights.Actor
	// NoSignIn: nobody is asked who they are. The page says so.
	NoSignIn bool
	// Until is when the sign-in ends; zero for never.
	Until time.Time
}

// Server is the page of every project.
type Server struct {
	Options
	projects map[string]*projectCache
	pages    *pages
	mux      *http.ServeMux
}

// New wires the pages. Mount the server at "/"; it sets its own security
// headers and expects http.CrossOriginProtection in front of it.
func New(o Options) (*Server, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Refused == nil {
		o.Refused = func(context.Context, error) {}
	}
	pages, err := loadPages()
	if err != nil {
		return nil, err
	}
	s := &Server{Options: o, pages: pages, projects: map[string]*projectCache{}, mux: http.NewServeMux()}
	for _, p := range o.Projects {
		s.projects[p.Name] = newProjectCache(p, o.Now)
	}
	s.routes()
	return s, nil
}

// routes: what belongs to no project comes first, and so needs no place among
// their names.
func (s *Server) routes() {
	s.mux.HandleFunc("GET /{$}", s.home)
	s.mux.HandleFunc("GET /signin", s.signIn)
	s.mux.HandleFunc("GET /signed-out", s.signedOut)
	s.mux.Handle("GET /assets/{file}", compressed(assets()))
	s.mux.Handle("/", s.projectRoutes())
}

func (s *Server) projectRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{project}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/"+url.PathEscape(r.PathValue("project"))+"/", http.StatusMovedPermanently) // or %2Fevil.com leads to //evil.com
	})
	for pattern, h := range map[string]handler{
		"GET /{project}/{$}":                       s.list,
		"GET /{project}/archived":                  s.archived,
		"GET /{project}/new":                       s.newStaging,
		"POST /{project}/new":                      s.createStaging,
		"GET /{project}/stagings/{name}":           s.showStaging,
		"GET /{project}/stagings/{name}/settings":  s.editSettings,
		"POST /{project}/stagings/{name}/settings": s.saveSettings,
		"GET /{project}/stagings/{name}/files":     s.files,
		"GET /{project}/stagings/{name}/resources": s.resources,
		"GET /{project}/stagings/{name}/{verb}":    s.confirm,
		"POST /{project}/stagings/{name}/{verb}":   s.performAction,
		"GET /{project}/activity":                  s.activity,
		"GET /{project}/activity/{export}":         s.exportActivity,
		"GET /{project}/about":                     s.about,
		"GET /{project}/deliveries":                s.deliveries,
		"GET /{project}/theme.css":                 s.theme,
		"GET /{project}/logo":                      s.logo,
	} {
		mux.Handle(pattern, compressed(s.page(h)))
	}
	mux.Handle("GET /{project}/events", s.page(s.events)) // a compressor would hold events back
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, nil, staging.Errorf(staging.CodeNotFound, "there is no such page"))
	})
	return mux
}

// ServeHTTP answers a request for a page.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "+
		"connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if r.Body != nil {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	}
	s.mux.ServeHTTP(w, r)
}

// maxForm is far above what the largest form holds.
const maxForm = 256 << 10

// handler answers one request of a visit; its error becomes a page.
type handler func(http.ResponseWriter, *http.Request, *projectRequest) error

// projectRequest is one request to one project. What it reads and does goes through
// Access; of the project itself, templates receive what the role may see.
type projectRequest struct {
	*projectCache
	*generator.Access
	project *project.Project
	viewer  Viewer
	role    project.Role
	stale   error // the env repo cannot be read; project is the last one known
}

// shows tells whether the viewer is shown a part of the page.
func (req *projectRequest) shows(part project.Section) bool {
	return req.project.Spec.UI.Shows(part, req.role)
}

// canWrite tells whether the viewer may change anything.
func (req *projectRequest) canWrite() bool { return req.role.Includes(project.RoleUser) }

// page finds project and viewer, and turns an error into a page.
func (s *Server) page(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req, err := s.newRequest(r)
		if err == nil {
			err = h(w, r, req)
		}
		if err != nil {
			s.fail(w, r, req, err)
		}
	})
}

func (s *Server) newRequest(r *http.Request) (*projectRequest, error) {
	p, known := s.projects[r.PathValue("project")]
	if !known && s.Loading {
		return nil, staging.Errorf(staging.CodeUnavailable, "octopod has just started, and has not read everything yet")
	}
	if !known {
		return nil, staging.Errorf(staging.CodeNotFound, "there is no such page")
	}
	rules, stale, err := p.currentProject(r.Context())
	if err != nil {
		return nil, err
	}
	viewer := s.Viewer(r)
	req := &projectRequest{
		projectCache: p, Access: p.Stagings.As(viewer.Actor, p.Feed),
		project: rules, viewer: viewer, role: viewer.role(rules), stale: stale,
	}
	if !req.role.Includes(project.RoleViewer) {
		return nil, staging.Errorf(staging.CodeForbidden, "you are signed in, but these stagings are not open to you")
	}
	return req, nil
}

func (v Viewer) role(p *project.Project) project.Role {
	if v.Rights == nil {
		return project.RoleAdmin
	}
	return v.Rights.Role(p)
}
