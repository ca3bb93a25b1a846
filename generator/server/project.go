package server

import (
	"cmp"
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"octopod/generator"
	"octopod/generator/auth"
	"octopod/generator/branch"
	"octopod/generator/envrepo"
	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/receiver"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// servedProject is one project of the server, with its feed and webhook queue.
type servedProject struct {
	name atomic.Pointer[string] // as octopod.yaml says; nil until it was read
	// duplicate reports that another project of the server has the name.
	duplicate atomic.Bool
	unread    atomic.Pointer[unread] // why it could not be read yet; nil before the first attempt ends
	label     string                 // in metrics, until it was read
	repo      string                 // for messages
	argoCD    string                 // address of Argo CD's own page; may be empty
	branches  *branchCache
	stagings  *generator.Stagings
	feed      *live.Feed
	follower  *receiver.Queue
	log       *slog.Logger
	claim     func(name string) error // stores the name of the project, unless another has it

	senders   []branch.Sender // the hosts whose webhooks the project accepts
	notifiers *notifiers
}

// newServedProject returns a connected project with feed, webhook queue and branch cache.
func newServedProject(p Project, now func() time.Time, log *slog.Logger) *servedProject {
	feed := live.NewFeed(p.Stagings, now)
	return &servedProject{
		repo: p.EnvRepo, argoCD: p.ArgoCD, branches: newBranchCache(p.Refs, now, log), stagings: p.Stagings, feed: feed, log: log,
		follower: receiver.NewQueue(p.Stagings.Receiver, feed.QueueRefresh, log),
	}
}

// connect opens the forges, registries and sinks that the project may use.
func (s *servedProject) connect(config Config, o notifierOptions) (err error) {
	if s.senders, err = webhookSenders(config.Forges, o.Getenv); err != nil {
		return err
	}
	s.notifiers, err = newNotifiers(config, o)
	return err
}

// access returns the stagings of the project for an actor.
func (s *servedProject) access(by rights.Actor) *generator.Access { return s.stagings.As(by, s.feed) }

// knownProject returns octopod.yaml as it was read last.
func (s *servedProject) knownProject(ctx context.Context) (*project.Project, error) {
	return s.stagings.Project(envrepo.FromMemory(ctx))
}

// title returns the name of the project, or "" until octopod.yaml was read.
func (s *servedProject) title() string {
	if name := s.name.Load(); name != nil {
		return *name
	}
	return ""
}

// projectSet holds all projects of the server. It is what web and httpapi see of
// the server.
type projectSet struct {
	projects []*servedProject
	claims   sync.Mutex                   // serializes the claims of names
	refused  func(context.Context, error) // writes the audit log
}

// claim stores the name of a project, unless another project of the server has it: their
// addresses, tokens and webhooks would be mixed up.
func (h *projectSet) claim(s *servedProject, name string) error {
	h.claims.Lock()
	defer h.claims.Unlock()
	for _, other := range h.projects {
		if other != s && other.title() == name {
			s.duplicate.Store(true)
			return staging.Errorf(staging.CodeConflict, "the env repos %s and %s both name their project %s: the second is not served", other.repo, s.repo, name).
				WithTechnicalHint("give one of them another metadata.name in octopod.yaml")
		}
	}
	s.duplicate.Store(false)
	s.name.Store(&name)
	return nil
}

// find returns a project by name; "-" means the only one.
func (h *projectSet) find(ctx context.Context, name string) (*servedProject, error) {
	if name == "-" && len(h.projects) == 1 {
		return h.projects[0], nil
	}
	for _, s := range h.projects {
		if s.title() == name && name != "" {
			return s, nil
		}
	}
	if name == "-" {
		return nil, staging.Errorf(staging.CodeInvalid, "the server has several projects: %s", strings.Join(h.Names(ctx), ", ")).
			WithTechnicalHint("choose one with --project")
	}
	if err := h.unreadError(); err != nil {
		return nil, err
	}
	return nil, h.unknown(ctx, name)
}

// unknown returns the error for a project that does not exist, or that the caller may
// not read: a caller must not learn which projects of others there are.
func (h *projectSet) unknown(ctx context.Context, name string) error {
	return staging.Errorf(staging.CodeNotFound, "the server has no project %q, or you may not read it", name).
		WithHint("you may read: %s", cmp.Or(strings.Join(h.Names(ctx), ", "), "none"))
}

// Names lists the projects that the caller may read.
func (h *projectSet) Names(ctx context.Context) []string {
	names := []string{}
	for _, s := range h.projects {
		p, err := s.knownProject(ctx)
		if s.name.Load() != nil && err == nil && !s.duplicate.Load() && auth.Check(p, auth.From(ctx), auth.Read, "") == nil {
			names = append(names, p.Metadata.Name)
		}
	}
	return names
}

// Access returns a project with the rights of the caller of a request.
func (h *projectSet) Access(ctx context.Context, name string, said rights.Actor) (*generator.Access, error) {
	s, err := h.find(ctx, name)
	if err != nil {
		return nil, err
	}
	by := h.actor(ctx, said)
	by.Rights = h.rightsOf(ctx, auth.From(ctx), name)
	return s.access(by), nil
}

// rightsOf returns the rights of an identity to a project that a request names.
func (h *projectSet) rightsOf(ctx context.Context, identity auth.Identity, name string) rights.Rights {
	return hiding{identityRights{identity}, func(reason error) error {
		h.refused(ctx, reason)
		return h.unknown(ctx, name)
	}}
}

// hiding are the rights of an identity to a project that a request names. To a caller
// who may not read the project, it does not exist.
type hiding struct {
	identityRights
	unknown func(reason error) error
}

func (r hiding) Check(p *project.Project, verb staging.Verb, name string) error {
	err := auth.Check(p, r.identity, verb, name)
	if staging.CodeOf(err) == staging.CodeForbidden && err != nil && auth.Check(p, r.identity, auth.Read, "") != nil {
		return r.unknown(err)
	}
	return err
}

// actor returns the caller of a request. Claims of the client about itself count
// only on a server without sign-in.
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

// identityRights are the rights of an identity.
type identityRights struct{ identity auth.Identity }

func (r identityRights) Role(p *project.Project) project.Role { return auth.Role(p, r.identity) }

func (r identityRights) Origin() *project.RunOrigin { return r.identity.Origin }

func (r identityRights) Check(p *project.Project, verb staging.Verb, name string) error {
	return auth.Check(p, r.identity, verb, name)
}

// connectNeighbors lets each project compare its names in the cluster with those of the
// others, as they are in memory. It leaves out an env repo that was not read: it must not stop
// the others.
func (h *projectSet) connectNeighbors() {
	for _, s := range h.projects {
		s.stagings.Served = func(ctx context.Context) map[string]*envrepo.Tree {
			trees := map[string]*envrepo.Tree{}
			for _, other := range h.projects {
				if other == s || other.name.Load() == nil {
					continue
				}
				if tree, err := other.stagings.Repo.Tip(envrepo.FromMemory(ctx)); err == nil {
					trees["env repo "+other.repo] = tree
				}
			}
			return trees
		}
	}
}
