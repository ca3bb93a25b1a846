package server

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"octopod/generator"
	"octopod/generator/auth"
	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/receiver"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// servedProject is one project of the server.
type servedProject struct {
	name     atomic.Pointer[string] // as octopod.yaml says; nil until it was read
	repo     string                 // for messages
	argoCD   string                 // address of Argo CD's own page; may be empty
	branches *branchCache
	stagings *generator.Stagings
	feed     *live.Feed
	follower *receiver.Follower
	log      *slog.Logger
}

// newServedProject adds to a connected project what serving it takes.
func newServedProject(p Project, now func() time.Time, log *slog.Logger) *servedProject {
	feed := live.NewFeed(p.Stagings, now)
	return &servedProject{
		repo: p.EnvRepo, argoCD: p.ArgoCD, branches: newBranchCache(p.Refs, now, log), stagings: p.Stagings, feed: feed, log: log,
		follower: receiver.NewFollower(p.Stagings.Receiver, feed.QueueRefresh, log),
	}
}

// title is the name of the project; "" until it was read.
func (s *servedProject) title() string {
	if name := s.name.Load(); name != nil {
		return *name
	}
	return ""
}

// Pauses before an env repo that cannot be read is tried again.
const (
	firstRetry   = time.Second
	longestRetry = 30 * time.Second
)

// run reads the project, as soon as that is possible, and follows its stagings.
func (s *servedProject) run(ctx context.Context) {
	for pause := firstRetry; s.name.Load() == nil && ctx.Err() == nil; pause = min(2*pause, longestRetry) {
		p, err := s.stagings.Project(ctx)
		if err == nil {
			s.name.Store(&p.Metadata.Name)
			s.log.InfoContext(ctx, "project is ready", "project", p.Metadata.Name)
			break
		}
		s.log.WarnContext(ctx, "the env repo cannot be read", "repository", s.repo, "error", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
	s.feed.Run(ctx)
}

// projectSet is all projects of the server, as the doors for people and programs
// see them.
type projectSet struct {
	projects []*servedProject
}

// find gives a project by name; "-" is the only one.
func (h *projectSet) find(ctx context.Context, name string) (*servedProject, error) {
	if name == "-" && len(h.projects) == 1 {
		return h.projects[0], nil
	}
	waiting := false
	for _, s := range h.projects {
		waiting = waiting || s.name.Load() == nil
		if s.title() == name && name != "" {
			return s, nil
		}
	}
	switch {
	case name == "-":
		return nil, staging.Errorf(staging.CodeInvalid, "the server has several projects: %s", strings.Join(h.Names(ctx), ", ")).
			WithHint("choose one with --project")
	case waiting:
		return nil, staging.Errorf(staging.CodeUnavailable, "the server has not read all env repos yet").WithHint("try again in a moment")
	}
	return nil, staging.Errorf(staging.CodeNotFound, "the server has no project %q", name).
		WithHint("it has: %s", strings.Join(h.Names(ctx), ", "))
}

// Names lists the projects that the asker may look at.
func (h *projectSet) Names(ctx context.Context) []string {
	names := []string{}
	for _, s := range h.projects {
		p, err := s.stagings.Project(ctx)
		if err == nil && auth.Check(p, auth.From(ctx), auth.Read, "") == nil {
			names = append(names, p.Metadata.Name)
		}
	}
	return names
}

// Access gives a project as the asker of a request may use it.
func (h *projectSet) Access(ctx context.Context, name string, said rights.Actor) (*generator.Access, error) {
	s, err := h.find(ctx, name)
	if err != nil {
		return nil, err
	}
	return s.stagings.As(h.actor(ctx, said), s.feed), nil
}

// actor says who asks. What clients say of themselves counts only where nobody
// is asked who they are.
func (h *projectSet) actor(ctx context.Context, said rights.Actor) rights.Actor {
	identity := auth.From(ctx)
	by := rights.Actor{Person: identity.Person, Via: said.Via, Request: said.Request, Key: said.Key, Rights: identityRights{identity}}
	switch {
	case identity.Method == auth.MethodNone && said.Person.Name != "":
		by.Person = said.Person
	case identity.Method == auth.MethodCI:
		by.Via = staging.ViaCI
	}
	if by.Via == "" {
		by.Via = staging.ViaAPI
	}
	return by
}

// identityRights are those of an identity.
type identityRights struct{ identity auth.Identity }

func (r identityRights) Role(p *project.Project) project.Role { return auth.Role(p, r.identity) }

func (r identityRights) Check(p *project.Project, verb staging.Verb, name string) error {
	return auth.Check(p, r.identity, verb, name)
}

// ready tells whether every env repo was read once.
func (h *projectSet) ready() bool {
	for _, s := range h.projects {
		if s.name.Load() == nil {
			return false
		}
	}
	return true
}
