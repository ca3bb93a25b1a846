package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"octopod/generator/gitstore"
	"octopod/generator/giturl"
	"octopod/generator/project"
	"octopod/generator/server"
	"octopod/generator/staging"
)

// serveFlags are the flags of serve.
type serveFlags struct {
	listen, url, config, audit string
	poll                       time.Duration
}

// newServe returns `octopod serve`.
func newServe(c *cli) *cobra.Command {
	var o serveFlags
	cmd := &cobra.Command{
		Use:   "serve [--listen ADDRESS] [--server-config FILE]",
		Short: "Serve the web UI and the API",
		Long: `Serve the web UI and the API in one process on one port. The server stores its data in
git only, so several servers can serve the same env repo.

Without --server-config, the server serves one env repo (--env-repo, or your clone) to
this machine only, without sign-in. The configuration file adds projects, sign-in, tokens
and forges; with it the server also sweeps. See docs/server.md.

Use the server from the command line with --server and OCTOPOD_TOKEN. Besides the web UI
and /api/v1 it serves /livez, /readyz, /metrics and /version. After SIGTERM it finishes
running writes and exits.`,
		Example: `  # In a clone of the env repo
  octopod serve

  # With the address of the env repo
  octopod serve --env-repo git@example.com:acme/envs.git --listen 127.0.0.1:9000

  # For a team
  octopod serve --server-config /etc/octopod/server.yaml

  # Use the server from the command line
  octopod get --server https://octopod.example.com`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.serve(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "", "`address` to listen on (default 127.0.0.1:8080)")
	f.StringVar(&o.url, "url", "", "public `address` of the server")
	f.StringVar(&o.config, "server-config", "", "configuration `file` with projects and sign-in")
	f.StringVar(&o.audit, "audit", "", "`file` for the log of rejected requests, as JSON lines (default: stderr)")
	f.DurationVar(&o.poll, "poll", 0, "`interval` of reading each env repo (default 2s, and 1m once a webhook announces its pushes)")
	for _, flag := range []string{"listen", "url", "poll"} {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.NoFileCompletions)
	}
	return cmd
}

// resolve merges flags and configuration file. Flags override the file.
func (o serveFlags) resolve() (server.Config, error) {
	config := server.Config{Projects: []server.ProjectConfig{{}}, Sweep: server.SweepConfig{Off: true}} // without a file, the server only serves
	if o.config != "" {
		var err error
		if config, err = server.ReadConfig(o.config); err != nil {
			return config, err
		}
	}
	config.Listen = cmp.Or(o.listen, config.Listen, "127.0.0.1:8080")
	config.URL = cmp.Or(o.url, config.URL)
	config.Audit = cmp.Or(o.audit, config.Audit)
	config.Poll = cmp.Or(project.Duration(o.poll), config.Poll)
	return config, nil
}

// reread returns how a server reads its configuration file again, and the signals to do so.
// Without a file there is nothing to read, and SIGHUP ends the server.
func (o serveFlags) reread() (read func() (server.Config, error), hangup chan os.Signal) {
	hangup = make(chan os.Signal, 1)
	if o.config == "" {
		return nil, hangup
	}
	signal.Notify(hangup, syscall.SIGHUP)
	return o.resolve, hangup
}

func (c *cli) serve(ctx context.Context, o serveFlags) error {
	config, err := o.resolve()
	if err != nil {
		return err
	}
	read, hangup := o.reread()
	defer signal.Stop(hangup)
	lines := &syncWriter{to: c.stderr}
	audit, err := c.openAudit(config.Audit, lines)
	if err != nil {
		return err
	}
	s, err := server.New(ctx, server.Options{
		Config: config, Version: readVersion().Version, About: readVersion(), Local: c.actor().Person,
		Self:   staging.Person{Name: committer().Name, Email: committer().Email},
		Getenv: c.getenv, Audit: audit, Log: c.serverLog(lines), Now: c.now,
		Open: c.openProject, Read: read, ConfigFile: o.config, Hangup: hangup,
	})
	if err != nil {
		return err
	}
	if err := s.Listen(ctx); err != nil {
		return err
	}
	c.note("%s", greeting(config, s.SignIn(), s.Addr()))
	return s.Run(ctx)
}

// greeting returns the address of the server, and who may use it without sign-in.
func greeting(config server.Config, signIn bool, at net.Addr) string {
	text := "Octopod serves " + cmp.Or(config.URL, "http://"+at.String())
	if signIn {
		return text
	}
	if config.Auth.Unprotected {
		return text + "\nThere is no sign-in: everyone who can connect can do everything."
	}
	return text + "\nThere is no sign-in, so the server accepts connections from this machine only. See docs/access.md."
}

// openProject opens one project of a server.
func (c *cli) openProject(ctx context.Context, p server.ProjectConfig, m server.Means) (server.Project, error) {
	own := *c
	own.closers, own.server = nil, &m
	if p.EnvRepo != "" {
		own.settings = forProject(c.settings, p)
	}
	repo := own.envRepo()
	stagings, err := own.connectTo(ctx, repo)
	opened := server.Project{
		Stagings: stagings, EnvRepo: giturl.Redact(repo), ArgoCD: own.argoCDURL(),
		Journal: func(ctx context.Context, ref string) (*gitstore.Store, error) { return own.openRef(ctx, repo, ref) },
		Close:   func() error { return errors.Join(closeAll(own.closers)...) },
	}
	if err != nil {
		return opened, err
	}
	forges, err := own.newForges(repo)
	opened.Refs = forges.Refs
	return opened, err
}

// forProject returns the settings of one project: the flags, overridden by its
// configuration.
func forProject(s settings, p server.ProjectConfig) settings {
	s.envRepo = p.EnvRepo
	for _, own := range []struct {
		to    *string
		value string
	}{
		{&s.ref, p.Ref}, {&s.sshKey, p.SSHKey}, {&s.gitUsername, p.GitUsername}, {&s.gitTokenFile, p.GitTokenFile},
		{&s.argoCD.server, p.ArgoCD.Server}, {&s.argoCD.tokenFile, p.ArgoCD.TokenFile},
	} {
		if own.value != "" {
			*own.to = own.value
		}
	}
	return s
}

// argoCDURL guesses the address of Argo CD's web UI from its API address.
func (c *cli) argoCDURL() string {
	o, named, err := c.argoCDOptions()
	switch {
	case err != nil || !named:
		return ""
	case o.PlainText:
		return "http://" + o.Server
	}
	return "https://" + o.Server
}

func closeAll(closers []func() error) []error {
	var faults []error
	for _, closer := range closers {
		faults = append(faults, closer())
	}
	return faults
}

// serverLog returns the log for operators.
func (c *cli) serverLog(to io.Writer) *slog.Logger {
	level := slog.LevelInfo
	if c.settings.verbose {
		level = slog.LevelDebug
	}
	if c.settings.quiet {
		level = slog.LevelWarn
	}
	options := &slog.HandlerOptions{Level: level}
	if c.stderr.terminal {
		return slog.New(slog.NewTextHandler(to, options))
	}
	return slog.New(slog.NewJSONHandler(to, options))
}

// openAudit opens the audit log.
func (c *cli) openAudit(file string, fallback io.Writer) (io.Writer, error) {
	if file == "" {
		return fallback, nil
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "cannot open the audit log").Because(err)
	}
	c.closers = append(c.closers, f.Close)
	return &syncWriter{to: f}, nil
}

// syncWriter serializes the writes of many goroutines.
type syncWriter struct {
	mu sync.Mutex
	to io.Writer
}

func (w *syncWriter) Write(data []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(data)
}
