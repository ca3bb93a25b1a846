package server

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"octopod/generator"
	"octopod/generator/auth"
	"octopod/generator/gitstore"
	"octopod/generator/giturl"
	"octopod/generator/httpapi"
	"octopod/generator/staging"
)

// Options configure a Server.
type Options struct {
	Config  Config
	Version string              // of this program
	About   any                 // encoded as JSON by GET /version
	Local   staging.Person      // the person at this machine, where nobody signs in
	Self    staging.Person      // Octopod itself, the author of sweeps
	Getenv  func(string) string // reads the secrets that the configuration names
	Audit   io.Writer           // receives refused requests, one JSON object per line
	Log     *slog.Logger
	Now     func() time.Time
	// Open connects one project of the configuration. New calls it once for each.
	Open func(context.Context, ProjectConfig, Observer) (Project, error)
}

// Project is one env repo, connected.
type Project struct {
	Stagings *generator.Stagings
	// Refs lists the branches and pull requests of a repository.
	Refs func(ctx context.Context, repository string) (gitstore.Refs, error)
	// Journal opens a reference of the env repo's git server, for the journal of
	// notifications; nil to keep none.
	Journal func(ctx context.Context, ref string) (*gitstore.Store, error)
	EnvRepo string // its address without credentials, for messages
	ArgoCD  string // address of Argo CD's own page; may be empty
}

// Observer measures what the adapters of a project do.
type Observer interface {
	Pushed(envRepo string, p gitstore.Push)
	ArgoCDCalled(method, code string, took time.Duration)
}

// Server serves the pages and the API of several projects, and runs their feeds,
// webhook queues, sweeps and notifications in the background.
type Server struct {
	*projectSet
	config          Config
	version         string
	about           any
	self            staging.Person
	auth            *auth.Auth
	streams         streamPlaces
	pages           *pages
	log             *slog.Logger
	metrics         *metrics
	listener        net.Listener
	metricsListener net.Listener // serves /metrics; nil: listener does
	audit           func(context.Context, auth.Attempt)
	now             func() time.Time

	draining context.Context // ends when the server drains; request contexts outlive it
}

// New returns a server. It opens every project of the configuration, and makes no
// other request.
func New(ctx context.Context, o Options) (*Server, error) {
	r := &Server{
		projectSet: &projectSet{}, config: o.Config, version: o.Version, about: o.About, self: o.Self,
		log: o.Log, metrics: newMetrics(o.Version), now: o.Now, streams: newStreamPlaces(),
	}
	r.pages = &pages{Server: r}
	audit := auditLog{o.Audit}
	r.audit = func(ctx context.Context, a auth.Attempt) {
		audit.write(ctx, a)
		r.metrics.refused.WithLabelValues(string(a.Code)).Inc()
	}
	r.refused = r.auditRefusal
	if err := r.openDoors(o); err != nil {
		return nil, err
	}
	for _, c := range o.Config.Projects {
		opened, err := o.Open(ctx, c, r.metrics)
		if err != nil {
			return nil, err
		}
		s := newServedProject(opened, o.Now, o.Log)
		s.label = cmp.Or(c.Name, opened.EnvRepo)
		s.feed.SetPollInterval(time.Duration(o.Config.Poll))
		if err := s.connect(o.Config.For(c), notifierOptions{
			Getenv: o.Getenv, Log: o.Log, Now: o.Now, Count: r.metrics.notified, Journal: opened.Journal,
		}); err != nil {
			return nil, err
		}
		s.claim = func(name string) error { return r.claim(s, name) }
		r.projects = append(r.projects, s)
	}
	r.connectNeighbors()
	r.metrics.watchFeeds(r.projectSet)
	return r, nil
}

// openDoors sets up sign-in.
func (r *Server) openDoors(o Options) (err error) {
	r.auth, err = auth.New(o.Config.Auth, auth.Options{
		URL: o.Config.URL, Local: o.Local, Getenv: o.Getenv, Now: o.Now, Log: o.Log, Refused: r.audit,
		SignIn: signInPage, SignedOut: signedOutPage, Answer: r.refuse,
	})
	if err != nil {
		return err
	}
	return r.auth.CheckListen(o.Config.Listen)
}

// Listen opens the addresses of the configuration. Call it once, before Run.
func (r *Server) Listen(ctx context.Context) (err error) {
	if r.listener, err = listen(ctx, r.config.Listen); err == nil && r.config.Metrics != "" {
		r.metricsListener, err = listen(ctx, r.config.Metrics)
	}
	return err
}

// Addr returns the address that the server listens on.
func (r *Server) Addr() net.Addr { return r.listener.Addr() }

// SignIn reports whether people and programs must sign in.
func (r *Server) SignIn() bool { return r.auth.Mode() != auth.ModeNone }

func listen(ctx context.Context, address string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "cannot listen on %s", address).Because(err).
			WithTechnicalHint("choose another address, with --listen or in the configuration")
	}
	return listener, nil
}

// DrainTime is how long requests in flight may take after SIGTERM. A commit may
// retry for a minute while others push.
const DrainTime = 75 * time.Second

// Run serves until ctx ends. Then it reports not ready, ends event streams,
// finishes the requests and webhooks in flight, and returns.
func (r *Server) Run(ctx context.Context) error {
	r.draining = ctx
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	var work sync.WaitGroup
	defer work.Wait()
	defer end()
	for _, s := range r.projects {
		work.Go(func() { s.run(life) })
		work.Go(func() { s.follower.Run(life) })
		work.Go(func() { newRolloutMetrics(s, r.metrics).run(life) })
		work.Go(func() { sweepLoop{s, r.config.Sweep, r.self, r.metrics}.run(ctx) })
		if !s.notifiers.idle() {
			follower := s.notifiers.newNotifier(s.stagings.Project)
			follower.history = s.stagings.History
			work.Go(func() { follower.run(life, s.feed) })
			work.Go(func() { s.notifiers.run(life) })
		}
	}
	if r.metricsListener != nil {
		work.Go(func() { r.metrics.serve(life, r.metricsListener) })
	}
	server := &http.Server{
		Handler: r.handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return life },
		ErrorLog:    slog.NewLogLogger(r.log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(r.listener) }()
	select {
	case err := <-failed:
		return staging.Errorf(staging.CodeInternal, "the server stopped").Because(err)
	case <-ctx.Done():
	}
	r.log.Info("draining: finishing requests in flight")
	limit, cancel := context.WithTimeout(life, DrainTime)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		r.log.Warn("requests were still in flight at the end of the drain time", "error", err)
		return server.Close()
	}
	for _, s := range r.projects {
		s.follower.Finish(limit)
	}
	return nil
}

// handler routes requests to the API, the pages, the webhooks and the probes.
func (r *Server) handler() http.Handler {
	api := httpapi.New(httpapi.Options{
		Projects: r.projectSet, Actor: actorKey, Caller: caller, Branches: r.apiBranches,
		Version: r.version, Log: r.log, Now: r.now, Refused: r.auditRefusal,
	})
	mux := http.NewServeMux()
	mux.Handle(auth.Path, r.auth.Handler())
	mux.Handle(httpapi.Path+"/", r.auth.Require(r.auth.LimitWrites(r.limitStreams(r.endStreams(api)))))
	mux.Handle(httpapi.Path+"/openapi.json", api)
	mux.Handle(httpapi.Path+"/openapi.yaml", api)
	for _, open := range []string{"/assets/", signInPage, signedOutPage} { // public
		mux.Handle(open, r.pages)
	}
	mux.Handle("/", r.auth.Require(r.auth.LimitWrites(r.limitStreams(r.endStreams(r.pages)))))

	outside := http.NewServeMux()
	outside.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	outside.HandleFunc("GET /readyz", r.readyz)
	if r.metricsListener == nil {
		outside.Handle("GET /metrics", r.metrics.handler())
	}
	outside.HandleFunc("GET /version", r.showVersion)
	outside.Handle("POST "+webhookPath+"{project}", r.webhooks())
	outside.Handle("/", r.auth.Middleware(mux))
	return r.logRequests(limitBodyTime(outside))
}

// caller describes the caller of a request of the API.
func caller(ctx context.Context) httpapi.Caller {
	identity := auth.From(ctx)
	c := httpapi.Caller{
		Name: identity.Person.Name, Email: identity.Person.Email, Subject: identity.Subject, Groups: identity.Groups, Method: string(identity.Method),
	}
	if !identity.Expires.IsZero() {
		c.Expires = &identity.Expires
	}
	return c
}

// apiBranches lists the branches of a project for the API.
func (r *Server) apiBranches(ctx context.Context, project string, repositories []string) httpapi.BranchList {
	s, err := r.find(ctx, project)
	if err != nil {
		return httpapi.BranchList{}
	}
	known := s.branches.list(ctx, repositories)
	out := httpapi.BranchList{Unavailable: known.Unavailable}
	for _, name := range slices.Sorted(maps.Keys(known.In)) {
		of := httpapi.Branch{Name: name, PullRequests: known.Pulls[name]}
		for _, repository := range known.In[name] {
			of.Repositories = append(of.Repositories, giturl.Redact(repository))
		}
		out.Branches = append(out.Branches, of)
	}
	return out
}

// actorKey identifies the caller of a request, for the replay of repeated requests.
func actorKey(ctx context.Context) string {
	identity := auth.From(ctx)
	return string(identity.Method) + " " + identity.Subject
}

func (r *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	why := r.readiness()
	switch {
	case r.draining.Err() != nil:
		http.Error(w, "draining", http.StatusServiceUnavailable)
	case why != "":
		http.Error(w, why, http.StatusServiceUnavailable)
	default:
		_, _ = w.Write([]byte("ok\n"))
	}
}
