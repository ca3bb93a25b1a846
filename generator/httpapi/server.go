package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"octopod/generator"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// Projects returns the projects of a server.
type Projects interface {
	// Names lists the projects that the actor of a request may see.
	Names(ctx context.Context) []string
	// Access returns one project with the rights of the actor. claimed is what
	// the client states about itself.
	Access(ctx context.Context, project string, claimed rights.Actor) (*generator.Access, error)
}

// Options configures the API.
type Options struct {
	Projects Projects
	// Actor returns the name of the actor, to separate the idempotency keys of
	// different actors.
	Actor func(ctx context.Context) string
	// Refused receives refused requests for the audit log.
	Refused func(ctx context.Context, err error)
	// Caller describes the caller of a request; nil where nobody signs in.
	Caller func(ctx context.Context) Caller
	// Branches lists the branches of a project's repositories, as far as they respond; nil
	// for none.
	Branches func(ctx context.Context, project string, repositories []string) BranchList
	Version  string
	Log      *slog.Logger
	Now      func() time.Time
	// Heartbeat is the interval of keep-alives on an idle stream. Default 15 s.
	Heartbeat time.Duration
}

// server handles the requests of the API.
type server struct {
	Options
	replays *replays
}

// open returns a project for a request that states no actor.
func (s *server) open(ctx context.Context, name string) (*generator.Access, error) {
	a, err := s.Projects.Access(ctx, name, rights.Actor{})
	return a, s.problem(ctx, err)
}

// problem converts an error into the response. It logs server errors and reports
// refusals.
func (s *server) problem(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return problemOf(staging.Errorf(staging.CodeUnavailable, "the client canceled the request"))
	}
	p := problemOf(err)
	if p.Code == staging.CodeForbidden || p.Code == staging.CodeUnauthorized {
		s.Refused(ctx, err)
	}
	if p.Status >= http.StatusInternalServerError {
		s.Log.ErrorContext(ctx, "request failed", "code", p.Code, "error", err)
	}
	return p
}

// response is a response with a body only.
type response[T any] struct{ Body T }

// respond returns the response for a result or its error.
func respond[T any](s *server, ctx context.Context, content T, err error) (*response[T], error) {
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	return &response[T]{content}, nil
}
