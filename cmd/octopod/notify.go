package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"octopod/generator/doctor"
	"octopod/generator/notify"
	"octopod/generator/server"
)

// newNotify returns `octopod notify`.
func newNotify(c *cli) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "notify --server-config FILE [SINK…]",
		Short: "Send a test message to the sinks of a server",
		Long: `Send a test message to all sinks in a server's configuration (notify.sinks), or to the
given ones: chats, mail and webhooks. notify tries each sink once and prints its answer.
Run it where the server runs, so that it finds the same secrets.

Exit code 6: a sink did not accept the message. See docs/notify.md.`,
		Example: `  octopod notify --server-config /etc/octopod/server.yaml
  octopod notify --server-config /etc/octopod/server.yaml team-chat`,
		RunE: func(cmd *cobra.Command, names []string) error {
			if file == "" {
				return usage(cmd, "--server-config is required: it lists the sinks")
			}
			return c.testSinks(cmd.Context(), file, names)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().StringVar(&file, "server-config", "", "configuration `file` of the server")
	return cmd
}

// sinkTestTimeout limits the test of one sink.
const sinkTestTimeout = 20 * time.Second

func (c *cli) testSinks(ctx context.Context, file string, names []string) error {
	config, err := server.ReadConfig(file)
	if err != nil {
		return err
	}
	sinks, err := config.AllSinks().Select(names)
	if err != nil {
		return err
	}
	findings := make([]doctor.Finding, len(sinks))
	for i, s := range sinks {
		findings[i] = c.testSink(ctx, config.URL, s)
	}
	return c.showFindings(findings)
}

func (c *cli) testSink(ctx context.Context, url string, s server.SinkConfig) doctor.Finding {
	ctx, cancel := context.WithTimeout(ctx, sinkTestTimeout)
	defer cancel()
	sink, err := s.Open(url, c.getenv)
	if err == nil {
		err = sink.Send(ctx, notify.Test(url, c.now()))
	}
	switch {
	case err == nil:
		return doctor.Finding{Check: s.Name, Health: doctor.OK, Message: "Sent a test message."}
	case errors.Is(err, context.DeadlineExceeded):
		return doctor.Finding{Check: s.Name, Health: doctor.Fault, Message: "No answer within " + sinkTestTimeout.String() + ".", Fix: "check that this machine can reach the sink"}
	}
	return doctor.Finding{Check: s.Name, Health: doctor.Fault, Message: err.Error()}
}
