package server

import (
	"net/http"
	"slices"
	"strings"
	"sync"

	"octopod/generator/auth"
	"octopod/generator/httpapi"
	"octopod/generator/rights"
	"octopod/generator/staging"
	"octopod/generator/web"
)

// The pages for people who are not signed in.
const (
	signInPage    = "/signin"
	signedOutPage = "/signed-out"
)

// pages serves the pages of the projects that are ready. The handler is built
// again when other projects are ready, because octopod.yaml holds their names, and for
// another gate.
type pages struct {
	*Server

	mu      sync.Mutex
	served  []*servedProject // that handler serves
	gate    *gate            // that handler knows
	handler *web.Server
}

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	handler, err := p.current()
	if err != nil {
		p.log.ErrorContext(r.Context(), "cannot build the pages", "error", err)
		http.Error(w, "cannot show the pages: see the server log", http.StatusInternalServerError)
		return
	}
	handler.ServeHTTP(w, r)
}

// current returns the pages of all projects that are ready.
func (p *pages) current() (*web.Server, error) {
	var ready []web.Project
	var served []*servedProject
	for _, s := range p.all() {
		if name := s.title(); name != "" {
			served = append(served, s)
			ready = append(ready, web.Project{Name: name, Rules: s.knownProject, Access: s.access, ArgoCD: s.argoCD, Branches: s.branches.list})
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.Server.gate.Load()
	if p.handler != nil && p.gate == at && slices.Equal(p.served, served) {
		return p.handler, nil
	}
	handler, err := web.New(web.Options{
		Projects: ready, Unread: p.unreadError, Viewer: p.viewer, SignIn: at.signIn(), Refused: p.auditRefusal, Now: p.now, Log: p.log,
	})
	if err == nil {
		p.served, p.gate, p.handler = served, at, handler
	}
	return handler, err
}

// refuse writes a refusal: a page for a browser, a problem document for a program.
func (r *Server) refuse(w http.ResponseWriter, req *http.Request, status int, err error) {
	if strings.HasPrefix(req.URL.Path, httpapi.Path+"/") || !strings.Contains(req.Header.Get("Accept"), "text/html") {
		auth.Problem(w, req, status, err)
		return
	}
	r.pages.refuse(w, req, status, err)
}

func (p *pages) refuse(w http.ResponseWriter, r *http.Request, status int, err error) {
	site, fault := p.current()
	if fault != nil {
		auth.Problem(w, r, status, err)
		return
	}
	site.Refuse(w, r, status, err)
}

// signIn returns the links for signing in and out, or nil without a provider.
func (g *gate) signIn() *web.SignIn {
	if g.Provider() == "" {
		return nil
	}
	return &web.SignIn{Provider: g.Provider(), In: auth.Path + "login", Out: auth.Path + "logout"}
}

func (p *pages) viewer(r *http.Request) web.Viewer {
	identity := auth.From(r.Context())
	return web.Viewer{
		Actor:    p.actor(r.Context(), rights.Actor{Via: staging.ViaWeb}),
		NoSignIn: identity.Method == auth.MethodNone, Until: identity.Expires,
	}
}
