package server

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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
	// Open connects one project of the configuration. It makes no request.
	Open func(context.Context, ProjectConfig, Means) (Project, error)
	// Read reads the configuration again; nil where it does not change.
	Read func() (Config, error)
	// ConfigFile is the file of the configuration. The server watches it.
	ConfigFile string
	// Hangup makes the server read the configuration again.
	Hangup <-chan os.Signal
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
	Close   func() error
}

// Server serves the pages and the API of several projects, and runs their feeds,
// webhook queues, sweeps and notifications in the background.
type Server struct {
	*projectSet
	config          Config // in force
	started         string // checksum of the configuration's files before New used them
	options         Options
	version         string
	about           any
	self            staging.Person
	gate            atomic.Pointer[gate]
	state           atomic.Pointer[readResult]
	api             http.Handler
	streams         streamPlaces
	pages           *pages
	log             *slog.Logger
	metrics         *metrics
	listener        net.Listener
	metricsListener net.Listener // serves /metrics; nil: listener does
	audit           func(context.Context, auth.Attempt)
	now             func() time.Time

	draining context.Context        // ends when the server drains; request contexts outlive it
	start    func(s *servedProject) // runs a project; set by Run
}

// New returns a server. It opens every project of the configuration, and makes no
// other request.
func New(ctx context.Context, o Options) (*Server, error) {
	r := &Server{
		projectSet: newProjectSet(), config: o.Config, options: o, version: o.Version, about: o.About, self: o.Self,
		log: o.Log, metrics: newMetrics(o.Version), now: o.Now, streams: newStreamPlaces(), start: func(*servedProject) {},
	}
	r.pages = &pages{Server: r}
	audit := auditLog{o.Audit}
	r.audit = func(ctx context.Context, a auth.Attempt) {
		audit.write(ctx, a)
		r.metrics.refused.WithLabelValues(string(a.Code)).Inc()
	}
	r.refused = r.auditRefusal
	r.api = httpapi.New(httpapi.Options{
		Projects: r.projectSet, Actor: actorKey, Caller: caller, Branches: r.apiBranches,
		Version: r.version, Log: r.log, Now: r.now, Refused: r.auditRefusal,
	})
	r.state.Store(&readResult{since: o.Now()})
	r.started = checksum(o.Config.files(o.ConfigFile))
	first, err := r.prepare(ctx, o.Config)
	if err != nil {
		return nil, err
	}
	r.use(first)
	r.metrics.watchServer(r.projectSet, r.settingsState)
	return r, nil
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
func (r *Server) SignIn() bool { return r.gate.Load().Mode() != auth.ModeNone }

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
	r.start = func(s *servedProject) { work.Go(func() { r.runProject(ctx, life, s) }) }
	for _, s := range r.all() {
		r.start(s)
	}
	var watch sync.WaitGroup
	watch.Go(func() { r.watchSettings(ctx) })
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
	watch.Wait()
	return r.drain(life, server)
}

// drain finishes the requests and webhooks in flight.
func (r *Server) drain(life context.Context, server *http.Server) error {
	r.log.Info("draining: finishing requests in flight")
	limit, cancel := context.WithTimeout(life, DrainTime)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		r.log.Warn("requests were still in flight at the end of the drain time", "error", err)
		return server.Close()
	}
	for _, s := range r.all() {
		s.follower.Finish(limit)
	}
	return nil
}

// runProject runs a project until it is retired or the life of the server ends. Sweeps end
// as soon as the server drains.
func (r *Server) runProject(drain, life context.Context, s *servedProject) {
	defer s.close()
	life, end := context.WithCancel(life)
	defer end()
	drain, stop := context.WithCancel(drain)
	defer stop()
	context.AfterFunc(s.retired, stop)
	var work sync.WaitGroup
	for _, loop := range []func(context.Context){s.run, s.follower.Run, newRolloutMetrics(s, r.metrics).run, s.notify} {
		work.Go(func() { loop(life) })
	}
	work.Go(func() { sweepLoop{s, r.self, r.metrics}.run(drain) })
	select {
	case <-s.retired.Done():
		limit, cancel := context.WithTimeout(life, DrainTime)
		defer cancel()
		s.follower.Finish(limit)
		end()
	case <-life.Done():
	}
	work.Wait()
}

// handler routes requests to the API, the pages, the webhooks and the probes.
func (r *Server) handler() http.Handler {
	outside := http.NewServeMux()
	outside.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	outside.HandleFunc("GET /readyz", r.readyz)
	if r.metricsListener == nil {
		outside.Handle("GET /metrics", r.metrics.handler())
	}
	outside.HandleFunc("GET /version", r.showVersion)
	outside.Handle("POST "+webhookPath+"{project}", r.webhooks())
	outside.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) { r.gate.Load().inside.ServeHTTP(w, req) })
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
		_, _ = w.Write([]byte(strings.Join(append([]string{"ok"}, r.settingsNotes()...), "\n") + "\n"))
	}
}
