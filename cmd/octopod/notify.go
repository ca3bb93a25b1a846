package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"octopod/generator/doctor"
	"octopod/generator/notify"
	"octopod/generator/staging"
)

// newNotify sends a test message.
func newNotify(c *cli) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "notify --server-config FILE [SINK…]",
		Short: "Send a test message to the sinks of a server",
		Long: `Send a test message to the sinks that the configuration of a server names under
notify, or to some of them: chats, mail and webhooks. Each is tried once, and what it
answers is said. Run it where the server runs, so that it finds the same secrets.

Exit code 6 when a sink was not told. docs/notify.md says who is told of what.`,
		Example: `  octopod notify --server-config /etc/octopod/server.yaml
  octopod notify --server-config /etc/octopod/server.yaml team-chat`,
		RunE: func(cmd *cobra.Command, names []string) error {
			if file == "" {
				return usage(cmd, "say with --server-config which sinks there are")
			}
			return c.tryNotify(cmd.Context(), file, names)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().StringVar(&file, "server-config", "", "`file` that names the sinks")
	return cmd
}

// tryTime is how long a sink may take for a test.
const tryTime = 20 * time.Second

func (c *cli) tryNotify(ctx context.Context, file string, names []string) error {
	config, err := readServerConfig(file)
	if err != nil {
		return err
	}
	sinks, err := config.Notify.choose(names)
	if err != nil {
		return err
	}
	findings := make([]doctor.Finding, len(sinks))
	for i, s := range sinks {
		findings[i] = c.trySink(ctx, config.URL, s)
	}
	return c.showFindings(findings)
}

// choose gives the sinks of some names; all where none is named.
func (n notifyConfig) choose(names []string) ([]sinkConfig, error) {
	if len(names) == 0 {
		if len(n.Sinks) == 0 {
			return nil, staging.Errorf(staging.CodeNotFound, "the configuration names no sink").WithHint("docs/notify.md shows how: notify.sinks")
		}
		return n.Sinks, nil
	}
	var chosen []sinkConfig
	for _, name := range names {
		i := slices.IndexFunc(n.Sinks, func(s sinkConfig) bool { return s.Name == name })
		if i < 0 {
			return nil, staging.Errorf(staging.CodeNotFound, "the configuration names no sink %q", name).WithHint("it has: %s", cmp.Or(strings.Join(n.names(), ", "), "none"))
		}
		chosen = append(chosen, n.Sinks[i])
	}
	return chosen, nil
}

func (n notifyConfig) names() []string {
	names := []string{}
	for _, s := range n.Sinks {
		names = append(names, s.Name)
	}
	return names
}

func (c *cli) trySink(ctx context.Context, url string, s sinkConfig) doctor.Finding {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	sink, err := s.open(url, c.getenv)
	if err == nil {
		err = sink.Send(ctx, notify.Test(url, c.now()))
	}
	switch {
	case err == nil:
		return doctor.Finding{Check: s.Name, Health: doctor.Fine, Says: "A test message was sent."}
	case errors.Is(err, context.DeadlineExceeded):
		return doctor.Finding{Check: s.Name, Health: doctor.Fault, Says: "It did not answer within " + tryTime.String() + ".", Fix: "can this machine reach it?"}
	}
	return doctor.Finding{Check: s.Name, Health: doctor.Fault, Says: err.Error()}
}
