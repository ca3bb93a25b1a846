package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"octopod/generator"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// Options configures a Server.
type Options struct {
	// Projects to serve, each under its name as the path.
	Projects []Project
	// Loading is true while some env repos have not been read yet.
	Loading bool
	// Viewer identifies the viewer of a request.
	Viewer func(*http.Request) Viewer
	// SignIn configures the sign-in; nil without one.
	SignIn *SignIn
	// Refused receives refused requests for the audit log. Optional.
	Refused func(ctx context.Context, err error)
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Log receives errors that a page does not show. Optional.
	Log *slog.Logger
}

// Project is a project to serve.
type Project struct {
	Name string
	// Rules reads octopod.yaml.
	Rules func(context.Context) (*project.Project, error)
	// Access returns what an actor may do and see; pages read nothing else.
	Access func(rights.Actor) *generator.Access
	// Branches lists the branches of repositories (as named in octopod.yaml)
	// within a short time; nil if unavailable.
	Branches func(ctx context.Context, repositories []string) Branches
	// ArgoCD is the URL of the Argo CD UI, linked for viewers who see resources. Optional.
	ArgoCD string
}

// Branches holds the branches of repositories.
type Branches struct {
	In          map[string][]string // repositories by branch
	Pulls       map[string][]int    // pull request numbers by branch
	Unavailable []string            // repositories that did not respond
}

// SignIn holds the URLs for signing in and out. Both take the next path as ?next=.
type SignIn struct {
	Provider string // label of the button
	In, Out  string
}

// Viewer is the person who views a page. A viewer without Rights may do everything.
type Viewer struct {
	rights.Actor
	// NoSignIn is true on a server without a sign-in; pages show a notice.
	NoSignIn bool
	// Until is the end of the session; zero for none.
	Until time.Time
}

// Server serves the pages of all projects.
type Server struct {
	Options
	projects map[string]*projectCache
	pages    *pages
	mux      *http.ServeMux
}

// New returns a Server. Mount it at "/", behind http.CrossOriginProtection. It sets
// its own security headers.
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

// routes registers the routes outside of projects before those of the projects.
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
		http.Redirect(w, r, "/"+url.PathEscape(r.PathValue("project"))+"/", http.StatusMovedPermanently) // escaped, or %2Fevil.com would redirect to //evil.com
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
	mux.Handle("GET /{project}/events", s.page(s.events)) // compression would buffer events
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, nil, staging.Errorf(staging.CodeNotFound, "this page does not exist"))
	})
	return mux
}

// ServeHTTP serves all pages.
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

// maxForm limits request bodies, far above the largest form.
const maxForm = 256 << 10

// handler serves one request to a project. Its error becomes an error page.
type handler func(http.ResponseWriter, *http.Request, *projectRequest) error

// projectRequest is the context of one request to a project. All data and actions go
// through Known, which is an Access under the project.
type projectRequest struct {
	*projectCache
	*generator.Known
	project    *project.Project
	viewer     Viewer
	visibility rights.Visibility
	role       project.Role
	stale      error // error of the last read of octopod.yaml; project is then an earlier version
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

// page wraps a handler: it looks up project and viewer, and shows errors.
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
		return nil, staging.Errorf(staging.CodeUnavailable, "Octopod has just started and is still loading")
	}
	if !known {
		return nil, staging.Errorf(staging.CodeNotFound, "this page does not exist")
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
	if !req.role.Includes(project.RoleViewer) {
		return nil, staging.Errorf(staging.CodeForbidden, "you are signed in, but you have no access to these stagings")
	}
	return req, nil
}
