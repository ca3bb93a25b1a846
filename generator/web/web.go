package web

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"octopod/generator"
	"octopod/generator/project"
	"octopod/generator/rights"
)

// Options configures a Server.
type Options struct {
	// Projects to serve, each under its name as the path.
	Projects []Project
	// Unread returns why some projects are not there yet, nil when all are. Optional.
	Unread func() error
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
	In    map[string][]string // repositories by branch
	Pulls map[string][]int    // pull request numbers by branch
	// Numbers holds the branches of pull requests, by repository and number.
	Numbers     map[string]map[int]string
	Unavailable []string // repositories that did not respond
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
