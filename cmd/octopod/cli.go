package main

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"time"

	"octopod/generator/forge"
	"octopod/generator/gitstore"
	"octopod/generator/server"
)

// cli is one run of the program: its streams, its surroundings, and the
// settings that every verb shares.
type cli struct {
	stdin           io.Reader
	stdout          *printer // the result
	stderr          *printer // the conversation: progress, notes, questions, errors
	env             environ
	now             func() time.Time
	settings        settings
	closers         []func() error
	rateLimiter     *forge.RateLimiter // towards all hosts that are asked
	server          *serverDeps        // of a run that serves; nil else
	renderInProcess bool               // see connectOnce
}

func newCLI(streams stdio, env environ, now func() time.Time) *cli {
	return &cli{stdin: streams.in, stdout: newPrinter(streams.out, env), stderr: newPrinter(streams.err, env), env: env, now: now, rateLimiter: forge.NewRateLimiter(now)}
}

// shutdownGrace is how long a push under way may still take after an interrupt. It
// is safe to leave at any moment; to wait a little tells more often how it ended.
const shutdownGrace = time.Second

// close lets go of what the run opened.
func (c *cli) close(ctx context.Context) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, shut := range c.closers {
			if err := shut(); err != nil {
				c.logger().Debug("closing", "error", err)
			}
		}
	}()
	select {
	case <-done:
	case <-afterInterrupt(ctx):
	}
}

// afterInterrupt fires a little after the context ends.
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

// note says something to the person in front of the terminal, unless they
// asked for quiet.
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

// withTimeout bounds what must not keep a person waiting.
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

// serverDeps is what a run that serves hands to the adapters of its projects.
type serverDeps struct {
	observer    server.Observer
	sinks       []string                 // notification sinks of the server
	forgeTokens map[string]gitstore.Auth // by host
}
