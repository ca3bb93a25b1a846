package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newRestart makes the pods of a staging anew.
func newRestart(c *cli) *cobra.Command {
	var reason string
	cmd := c.changeOne(&cobra.Command{
		Use:   "restart NAME [--reason WHY]",
		Short: "Stop and start everything of a staging, as it is",
		Long: `Stop and start everything of a staging: same versions, same settings, same data. It
is a commit that counts restarts, so the history says who did it, and Argo CD tries
once more what it has given up.`,
		Example: `  octopod restart feature-login
  octopod restart feature-login --reason "stale cache" --wait`,
	}, staging.Restart, isActive, func(a *staging.Action) { a.Reason = reason })
	cmd.Flags().StringVar(&reason, "reason", "", "`why`, for the history")
	return cmd
}
