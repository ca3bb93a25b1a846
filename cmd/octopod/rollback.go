package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newRollback returns a staging to an earlier version.
func newRollback(c *cli) *cobra.Command {
	var to, reason string
	cmd := c.changeOne(&cobra.Command{
		Use:   "rollback NAME [--to REVISION] [--reason WHY]",
		Short: "Return a staging to an earlier version",
		Long: `Return a staging to the version before, or to a revision that history shows. Marks,
pins and restarts make no version. It is a new commit, so it can be undone like any
other. The staging is pinned, so that CI does not roll it forward again; unpin lets
deploys through.`,
		Example: `  # The version before this one
  octopod rollback feature-login

  # A version of your choice
  octopod history feature-login
  octopod rollback feature-login --to 1f2e3d4 --reason "login broken"`,
	}, staging.Rollback, nil, func(a *staging.Action) { a.To, a.Reason = to, reason })
	cmd.Flags().StringVar(&to, "to", "", "`revision` to return to (default: the version before)")
	cmd.Flags().StringVar(&reason, "reason", "", "`why`, for whoever finds it pinned")
	c.completeFlag(cmd, "to", completeRevisions)
	return cmd
}
