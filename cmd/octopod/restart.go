package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newRestart returns `octopod restart`.
func newRestart(c *cli) *cobra.Command {
	var reason string
	cmd := c.actionCommand(&cobra.Command{
		Use:   "restart NAME [--reason WHY]",
		Short: "Restart all workloads of a staging",
		Long: `Stop and start all workloads of a staging. Versions, settings and data stay. A restart is
a commit that increments a counter, so the history shows its author, and Argo CD retries
a failed sync.`,
		Example: `  octopod restart feature-login
  octopod restart feature-login --reason "stale cache" --wait`,
	}, staging.Restart, isActive, func(a *staging.Action) { a.Reason = reason })
	cmd.Flags().StringVar(&reason, "reason", "", "`why`, for the history")
	return cmd
}
