package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newRollback returns `octopod rollback`.
func newRollback(c *cli) *cobra.Command {
	var to, reason string
	cmd := c.actionCommand(&cobra.Command{
		Use:   "rollback NAME [--to REVISION] [--reason WHY]",
		Short: "Return a staging to an earlier version",
		Long: `Return a staging to the previous version, or to a revision from its history. Marks, pins
and restarts create no version. A rollback is a new commit, so you can undo it like any
other change. It also pins the staging, so that CI does not deploy the reverted build
again; unpin allows deploys again.`,
		Example: `  # Return to the previous version
  octopod rollback feature-login

  # Return to a revision
  octopod history feature-login
  octopod rollback feature-login --to 1f2e3d4 --reason "login broken"`,
	}, staging.Rollback, nil, func(a *staging.Action) { a.To, a.Reason = to, reason })
	cmd.Flags().StringVar(&to, "to", "", "`revision` to return to (default: the previous version)")
	cmd.Flags().StringVar(&reason, "reason", "", "`why`; shown with the pin")
	c.completeFlag(cmd, "to", completeRevisions)
	return cmd
}
