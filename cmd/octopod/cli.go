package main

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"time"

	"octopod/generator/forge"
	"octopod/generator/server"
)

// cli is one run of the program: its streams, its environment, and the settings
// of every verb.
type cli struct {
	stdin           io.Reader
	stdout          *printer // the result
	stderr          *printer // progress, notes, questions, errors
	env             environ
	now             func() time.Time
	settings        settings
	closers         []func() error
	rateLimiter     *forge.RateLimiter // for requests to forges
	server          *server.Means      // nil unless the run is octopod serve
	renderInProcess bool               // see connectInProcess
}

func newCLI(streams stdio, env environ, now func() time.Time) *cli {
	return &cli{stdin: streams.in, stdout: newPrinter(streams.out, env), stderr: newPrinter(streams.err, env), env: env, now: now, rateLimiter: forge.NewRateLimiter(now)}
}

// shutdownGrace is how long a running push may take after an interrupt. The
// program could exit at any time; with the grace it reports the result of the
// push more often.
const shutdownGrace = time.Second

// close releases everything that the run opened.
func (c *cli) close(ctx context.Context) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, closer := range c.closers {
			if err := closer(); err != nil {
				c.logger().Debug("closing", "error", err)
			}
		}
	}()
	select {
	case <-done:
	case <-afterInterrupt(ctx):
	}
}

// afterInterrupt returns a channel that closes shutdownGrace after ctx ends.
func afterInterrupt(ctx context.Context) <-chan struct{} {
	fires := make(chan struct{})
	context.AfterFunc(ctx, func() { time.AfterFunc(shutdownGrace, func() { close(fires) }) })
	return fires
}

func (c *cli) getenv(name string) string { return c.env[name] }

func (c *cli) logger() *slog.Logger {
	if !c.settings.verbose {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(c.stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// note prints a line to stderr, except with --quiet.
func (c *cli) note(format string, args ...any) {
	if !c.settings.quiet {
		c.stderr.printf(format+"\n", args...)
	}
}

// environ is the environment of the process.
type environ map[string]string

func environment(pairs []string) environ {
	env := environ{}
	for _, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		env[key] = value
	}
	return env
}

// withTimeout is context.WithTimeout for a context that may be nil: cobra passes
// none to completions.
func withTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if ctx == nil {
		ctx = context.Background()
	}
	return context.WithTimeout(ctx, d)
}

// stdio are the streams of a process.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}
