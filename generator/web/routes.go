package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"octopod/generator/staging"
)

// New returns a Server. Mount it at "/", behind http.CrossOriginProtection. It sets
// its own security headers.
func New(o Options) (*Server, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Unread == nil {
		o.Unread = func() error { return nil }
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
		"GET /{project}/bulk":                      s.bulk,
		"POST /{project}/bulk":                     s.performBulk,
		"GET /{project}/new":                       s.newStaging,
		"POST /{project}/new":                      s.createStaging,
		"GET /{project}/stagings/{name}":           s.showStaging,
		"GET /{project}/stagings/{name}/settings":  s.editSettings,
		"POST /{project}/stagings/{name}/settings": s.saveSettings,
		"GET /{project}/stagings/{name}/files":     s.files,
		"GET /{project}/stagings/{name}/resources": s.resources,
		"GET /{project}/stagings/{name}/pending":   s.pending,
		"GET /{project}/stagings/{name}/compare":   s.compare,
		"GET /{project}/stagings/{name}/{verb}":    s.confirm,
		"POST /{project}/stagings/{name}/sync":     s.terminate,
		"POST /{project}/stagings/{name}/{verb}":   s.performAction,
		"GET /{project}/activity":                  s.activity,
		"GET /{project}/activity/{export}":         s.exportActivity,
		"GET /{project}/cost":                      s.cost,
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

// handler serves one request to a project. Its error becomes an error page.
type handler func(http.ResponseWriter, *http.Request, *projectRequest) error

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
