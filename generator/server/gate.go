package server

import (
	"context"
	"net/http"

	"octopod/generator/auth"
	"octopod/generator/httpapi"
)

// gate is how people and programs sign in, with the routes behind it. New settings
// replace it: then its event streams end, so that a token or a person who was removed
// reads nothing more.
type gate struct {
	*auth.Auth
	inside http.Handler
	ended  context.Context
	end    context.CancelFunc
}

// newGate returns the gate of a configuration.
func (r *Server) newGate(config Config) (*gate, error) {
	o := r.options
	var former *auth.Auth
	if inForce := r.gate.Load(); inForce != nil {
		former = inForce.Auth
	}
	a, err := auth.New(config.Auth, auth.Options{
		Former: former, URL: config.URL, Local: o.Local, Getenv: o.Getenv, Now: o.Now, Log: o.Log, Refused: r.audit,
		SignIn: signInPage, SignedOut: signedOutPage, Answer: r.refuse,
	})
	if err != nil {
		return nil, err
	}
	if err := a.CheckListen(config.Listen); err != nil {
		return nil, err
	}
	g := &gate{Auth: a}
	g.ended, g.end = context.WithCancel(context.Background())
	g.inside = a.Middleware(r.insideRoutes(g))
	return g, nil
}

// insideRoutes are the routes for which callers may have to sign in.
func (r *Server) insideRoutes(g *gate) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(auth.Path, g.Handler())
	mux.Handle(httpapi.Path+"/", g.Require(g.LimitWrites(r.limitStreams(g, r.endStreams(g, r.api)))))
	mux.Handle(httpapi.Path+"/openapi.json", r.api)
	mux.Handle(httpapi.Path+"/openapi.yaml", r.api)
	for _, open := range []string{"/assets/", signInPage, signedOutPage} { // public
		mux.Handle(open, r.pages)
	}
	mux.Handle("/", g.Require(g.LimitWrites(r.limitStreams(g, r.endStreams(g, r.pages)))))
	return mux
}
