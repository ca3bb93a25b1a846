package server

import (
	"cmp"
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"

	"octopod/generator"
	"octopod/generator/auth"
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

	place     ProjectConfig // the settings that it was opened with
	means     *currentMeans
	sweeps    atomic.Pointer[SweepConfig]
	notifiers *notifiers
	changed   chan struct{} // closed by the next new means or sweeps
	changes   sync.Mutex    // guards changed
	retired   context.Context
	retire    context.CancelFunc // ends the project
	close     func()
}

// renewed wakes the loops of the project, because its settings have changed.
func (s *servedProject) renewed() {
	s.changes.Lock()
	defer s.changes.Unlock()
	close(s.changed)
	s.changed = make(chan struct{})
}

// nextChange returns a channel that is closed when the settings change next.
func (s *servedProject) nextChange() <-chan struct{} {
	s.changes.Lock()
	defer s.changes.Unlock()
	return s.changed
}

// notify notifies of the stagings of a project until ctx ends, as soon as it has a sink or
// a forge.
func (s *servedProject) notify(ctx context.Context) {
	for ctx.Err() == nil {
		changed := s.nextChange()
		if !s.means.Load().idle() {
			break
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
	follower := s.notifiers.newNotifier(s.stagings.Project)
	follower.history, follower.deleted = s.stagings.History, s.stagings.DeletedSince
	var work sync.WaitGroup
	work.Go(func() { follower.run(ctx, s.feed) })
	work.Go(func() { s.notifiers.run(ctx) })
	work.Wait()
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

// find returns a project by name; "-" means the only one.
func (h *projectSet) find(ctx context.Context, name string) (*servedProject, error) {
	if name == "-" && len(h.all()) == 1 {
		return h.all()[0], nil
	}
	for _, s := range h.all() {
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
	for _, s := range h.all() {
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
