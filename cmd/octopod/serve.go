package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"octopod/generator/auth"
	"octopod/generator/branch"
	"octopod/generator/httpapi"
	"octopod/generator/live"
	"octopod/generator/receiver"
	"octopod/generator/staging"
)

// serveFlags say how to serve.
type serveFlags struct {
	listen, url, config, audit string
}

// newServe serves the page and the API.
func newServe(c *cli) *cobra.Command {
	var o serveFlags
	cmd := &cobra.Command{
		Use:   "serve [--listen ADDRESS] [--server-config FILE]",
		Short: "Serve the page and the API",
		Long: `Serve the page for people and the API for programs: one process, one port. It keeps
nothing that is not in git, so several may serve the same env repo side by side.

Without --server-config it serves the one env repo of --env-repo, or of the clone you
are in, to this machine alone and asks nobody who they are. The file says more: several
projects, who may sign in, tokens, forges; with it the server sweeps as well.
docs/server.md describes it.

Programs and people at a terminal use it with --server and OCTOPOD_TOKEN. Beside the
page and /api/v1 there are /livez, /readyz, /metrics and /version. SIGTERM ends it when
the writes under way are finished.`,
		Example: `  # A first look, in a clone of the env repo
  octopod serve

  # The same from anywhere
  octopod serve --env-repo git@example.com:acme/envs.git --listen 127.0.0.1:9000

  # For a team
  octopod serve --server-config /etc/octopod/server.yaml

  # Through it
  octopod get --server https://octopod.example.com`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.serve(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "", "`address` to listen on (default 127.0.0.1:8080)")
	f.StringVar(&o.url, "url", "", "`address` of the server as people reach it")
	f.StringVar(&o.config, "server-config", "", "`file` with projects and sign-in")
	f.StringVar(&o.audit, "audit", "", "`file` that refused attempts are written to as JSON lines (default: stderr)")
	for _, flag := range []string{"listen", "url"} {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.NoFileCompletions)
	}
	return cmd
}

// settle puts flags and file together; the flags win.
func (o serveFlags) settle() (serverConfig, error) {
	config := serverConfig{Projects: []servedProject{{}}, Sweep: sweepConfig{Off: true}} // a first look changes nothing
	if o.config != "" {
		var err error
		if config, err = readServerConfig(o.config); err != nil {
			return config, err
		}
	}
	config.Listen = cmp.Or(o.listen, config.Listen, "127.0.0.1:8080")
	config.URL = cmp.Or(o.url, config.URL)
	config.Audit = cmp.Or(o.audit, config.Audit)
	return config, nil
}

func (c *cli) serve(ctx context.Context, o serveFlags) error {
	config, err := o.settle()
	if err != nil {
		return err
	}
	lines := &oneAtATime{to: c.talk}
	log := c.serverLog(lines)
	audit, err := c.openAudit(config.Audit, lines)
	if err != nil {
		return err
	}
	gauges := newMetrics()
	refused := func(ctx context.Context, a auth.Attempt) {
		audit.write(ctx, a)
		gauges.refused.WithLabelValues(string(a.Code)).Inc()
	}
	r := &running{house: &house{}, sweep: config.Sweep, log: log, metrics: gauges, audit: refused, now: c.now}
	r.pages = &pages{running: r}
	r.doors, err = auth.New(config.Auth, auth.Options{
		URL: config.URL, Local: c.actor().Person, Getenv: c.getenv, Now: c.now, Log: log, Refused: refused,
		SignIn: signInPage, SignedOut: signedOutPage, Answer: r.answer,
	})
	if err != nil {
		return err
	}
	if err := r.doors.CheckListen(config.Listen); err != nil {
		return err
	}
	c.knownForges, c.sinks = config.Forges, config.Notify.names()
	if r.callers, err = hookCallers(config.Forges, c.getenv); err != nil {
		return err
	}
	for _, p := range config.Projects {
		s, err := c.open(ctx, p, log, gauges)
		if err != nil {
			return err
		}
		r.projects = append(r.projects, s)
	}
	gauges.watch(r.house)
	if r.tell, err = c.newTeller(config, log, gauges.notified); err != nil {
		return err
	}
	listener, err := listen(ctx, config.Listen)
	if err == nil && config.Metrics != "" {
		r.measured, err = listen(ctx, config.Metrics)
	}
	if err != nil {
		return err
	}
	c.note("%s", greeting(config, r.doors, listener.Addr()))
	return r.run(ctx, listener)
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "cannot listen on %s", address).Because(err).
			WithHint("choose another address, with --listen or in the configuration")
	}
	return listener, nil
}

// greeting tells the person at the terminal where to look, and who else can.
func greeting(config serverConfig, doors *auth.Auth, at net.Addr) string {
	text := "Octopod serves " + cmp.Or(config.URL, "http://"+at.String())
	if doors.Mode() != auth.ModeNone {
		return text
	}
	if config.Auth.Unprotected {
		return text + "\nNobody is asked to sign in: whoever reaches it may do everything."
	}
	return text + "\nNobody is asked to sign in, so it answers this machine alone. docs/access.md sets up sign-in."
}

// open makes one project ready to be served.
func (c *cli) open(ctx context.Context, p servedProject, log *slog.Logger, m *metrics) (*served, error) {
	own := *c
	own.closers, own.metrics = nil, m
	if p.EnvRepo != "" {
		own.settings = p.apply(c.settings)
	}
	repo := own.envRepo()
	stagings, err := own.connectTo(ctx, repo)
	c.closers = append(c.closers, func() error { return errors.Join(closeAll(own.closers)...) })
	if err != nil {
		return nil, err
	}
	feed := live.NewFeed(stagings, c.now)
	forges, err := own.forges(repo)
	if err != nil {
		return nil, err
	}
	return &served{
		branches: newBranchList(forges.Refs, c.now, log),
		repo:     withoutCredentials(repo), argoCD: own.argoCDPage(), stagings: stagings, feed: feed, log: log,
		follower: receiver.NewFollower(stagings.Receiver, feed.QueueRefresh, log),
	}, nil
}

func closeAll(closers []func() error) []error {
	var faults []error
	for _, shut := range closers {
		faults = append(faults, shut())
	}
	return faults
}

// serverLog is what an operator reads.
func (c *cli) serverLog(to io.Writer) *slog.Logger {
	level := slog.LevelInfo
	if c.settings.verbose {
		level = slog.LevelDebug
	}
	if c.settings.quiet {
		level = slog.LevelWarn
	}
	options := &slog.HandlerOptions{Level: level}
	if c.talk.terminal {
		return slog.New(slog.NewTextHandler(to, options))
	}
	return slog.New(slog.NewJSONHandler(to, options))
}

// running is a server at work.
type running struct {
	*house
	doors    *auth.Auth
	callers  []branch.Caller // whose webhooks are believed
	sweep    sweepConfig
	pages    *pages
	tell     *teller
	log      *slog.Logger
	metrics  *metrics
	measured net.Listener // that metrics are served at; nil: with all else
	audit    func(context.Context, auth.Attempt)
	now      func() time.Time

	draining context.Context // ends when the server is to end
}

// drainTime is how long writes under way may take at the end. A commit has a
// minute to find its place among those of others.
const drainTime = 75 * time.Second

// run serves until ctx ends: then it is ready no more, ends the streams,
// finishes what was begun and leaves.
func (r *running) run(ctx context.Context, listener net.Listener) error {
	r.draining = ctx
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	var work sync.WaitGroup
	defer work.Wait()
	defer end()
	for _, s := range r.projects {
		work.Go(func() { s.run(life) })
		work.Go(func() { s.follower.Run(life) })
		work.Go(func() { newDeploys(s, r.metrics).run(life) })
		work.Go(func() { serverSweep{s, r.sweep, r.metrics}.run(ctx) })
		if !r.tell.idle() {
			work.Go(func() { r.tell.correspondent(s.stagings.Project).follow(life, s.feed) })
		}
	}
	work.Go(func() { r.tell.run(life) })
	if r.measured != nil {
		work.Go(func() { r.metrics.serve(life, r.measured) })
	}
	server := &http.Server{
		Handler: r.handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return life },
		ErrorLog:    slog.NewLogLogger(r.log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return staging.Errorf(staging.CodeInternal, "the server ended").Because(err)
	case <-ctx.Done():
	}
	r.log.Info("ending: finishing what was begun")
	limit, cancel := context.WithTimeout(life, drainTime)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		r.log.Warn("not everything was finished in time", "error", err)
		return server.Close()
	}
	for _, s := range r.projects {
		s.follower.Finish(limit)
	}
	return nil
}

// handler puts the doors together.
func (r *running) handler() http.Handler {
	api := httpapi.New(httpapi.Options{
		Projects: r.house, Actor: askerKey, Version: readVersion().Version, Log: r.log, Now: r.now, Refused: r.refusedAction,
	})
	mux := http.NewServeMux()
	mux.Handle(auth.Path, r.doors.Handler())
	mux.Handle(httpapi.Path+"/", r.doors.Require(r.doors.LimitWrites(r.endless(api))))
	mux.Handle(httpapi.Path+"/openapi.json", api)
	mux.Handle(httpapi.Path+"/openapi.yaml", api)
	for _, open := range []string{"/assets/", signInPage, signedOutPage} { // what strangers may see
		mux.Handle(open, r.pages)
	}
	mux.Handle("/", r.doors.Require(r.doors.LimitWrites(r.endless(r.pages))))

	outside := http.NewServeMux()
	outside.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	outside.HandleFunc("GET /readyz", r.readyz)
	if r.measured == nil {
		outside.Handle("GET /metrics", r.metrics.handler())
	}
	outside.HandleFunc("GET /version", showVersion)
	outside.Handle("POST "+hookPath+"{project}", r.hooks())
	outside.Handle("/", r.doors.Middleware(mux))
	return r.observed(arrives(outside))
}

// askerKey tells one actor from another.
func askerKey(ctx context.Context) string {
	identity := auth.From(ctx)
	return string(identity.Method) + " " + identity.Subject
}

func (r *running) readyz(w http.ResponseWriter, _ *http.Request) {
	switch {
	case r.draining.Err() != nil:
		http.Error(w, "ending", http.StatusServiceUnavailable)
	case !r.ready():
		http.Error(w, "an env repo was not read yet", http.StatusServiceUnavailable)
	default:
		_, _ = w.Write([]byte("ok\n"))
	}
}

// openAudit opens the audit log.
func (c *cli) openAudit(file string, fallback io.Writer) (*auditLog, error) {
	if file == "" {
		return &auditLog{fallback}, nil
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "the audit log cannot be written").Because(err)
	}
	c.closers = append(c.closers, f.Close)
	return &auditLog{&oneAtATime{to: f}}, nil
}
