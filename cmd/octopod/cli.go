package main

import (
	"context"
	"io"
	"log/slog"
	"octopod/generator/forge"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// cli is one run of the program: its streams, its surroundings, and the
// settings that every verb shares.
type cli struct {
	in          io.Reader
	out         *printer // the result
	talk        *printer // the conversation: progress, notes, questions, errors
	env         environ
	now         func() time.Time
	settings    settings
	closers     []func() error
	rateLimiter *forge.RateLimiter // towards all hosts that are asked
	served      *served            // of a run that serves; nil else
	onceOnly    bool               // see connectOnce
}

func newCLI(streams stdio, env environ, now func() time.Time) *cli {
	return &cli{in: streams.in, out: newPrinter(streams.out, env), talk: newPrinter(streams.err, env), env: env, now: now, rateLimiter: forge.NewRateLimiter(now)}
}

// lastWait is how long a push under way may still take after an interrupt. It
// is safe to leave at any moment; to wait a little tells more often how it ended.
const lastWait = time.Second

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
	context.AfterFunc(ctx, func() { time.AfterFunc(lastWait, func() { close(fires) }) })
	return fires
}

func (c *cli) getenv(name string) string { return c.env[name] }

func (c *cli) logger() *slog.Logger {
	if !c.settings.verbose {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(c.talk, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// note says something to the person in front of the terminal, unless they
// asked for quiet.
func (c *cli) note(format string, args ...any) {
	if !c.settings.quiet {
		c.talk.printf(format+"\n", args...)
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

// newRoot builds the command tree.
func newRoot(c *cli) *cobra.Command {
	root := &cobra.Command{
		Use:   "octopod",
		Short: "A staging environment for every branch, through git",
		Long: `Octopod gives every feature branch its own staging environment on Kubernetes.

It writes each staging as manifests into an env repo, which Argo CD syncs. Git is
the only database: the git history is the action log, and git revert is a rollback.`,
		Example: `  # Run a demo in a scratch folder
  octopod demo

  # In CI, after the build of a branch
  octopod deploy --branch feature/login --service backend \
      --image registry.example.com/shop/backend:1f2e3d4

  # For everyone
  octopod get
  octopod set feature-login LOG_LEVEL=debug
  octopod rollback feature-login`,
		Args:                       cobra.ArbitraryArgs,
		SilenceErrors:              true,
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2,
		PersistentPreRunE:          func(cmd *cobra.Command, _ []string) error { return c.settle(cmd) },
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownVerb(cmd, args[0])
			}
			return cmd.Help()
		},
	}
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.talk)
	root.Version = readVersion().Version
	root.SetVersionTemplate("octopod {{.Version}}\n")
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(cmd, "%s%s", err, flagMeant(cmd, err)) })
	c.settings.addFlags(root)
	c.completeSettings(root)
	addVerbs(c, root)
	return root
}

// addVerbs adds every verb, in the groups that the help shows.
func addVerbs(c *cli, root *cobra.Command) {
	groups := []struct {
		id, title string
		verbs     []*cobra.Command
	}{
		{"change", "Change stagings:", []*cobra.Command{
			newDeploy(c), newCreate(c), newUpdate(c), newSet(c), newUnset(c), newArchive(c), newRestore(c), newRestart(c),
			newDelete(c), newPin(c), newUnpin(c), newKeep(c), newUnkeep(c), newExtend(c), newMark(c), newRollback(c)}},
		{"look", "Show stagings:", []*cobra.Command{
			newGet(c), newDescribe(c), newWait(c), newOpen(c), newHistory(c), newDiff(c), newRender(c), newName(c), newURL(c),
			newExplain(c)}},
		{"repo", "Manage the env repo:", []*cobra.Command{
			newInit(c), newImport(c), newRegenerate(c), newSweep(c), newLint(c), newDoctor(c)}},
		{"more", "More:", []*cobra.Command{newToken(c), newNotify(c), newDemo(c), newServe(c), newVersion(c), newCompletion(c)}},
	}
	for _, g := range groups {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
		for _, verb := range g.verbs {
			verb.GroupID = g.id
			root.AddCommand(verb)
		}
	}
	root.AddCommand(newRenderWorker(c))
	addHelp(root)
}

// withTimeout bounds what must not keep a person waiting.
func withTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if ctx == nil {
		ctx = context.Background()
	}
	return context.WithTimeout(ctx, d)
}
