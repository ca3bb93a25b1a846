package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newRollback returns `octopod rollback`.
func newRollback(c *cli) *cobra.Command {
	var to, reason string
	var withDefault, withData bool
	cmd := c.actionCommand(&cobra.Command{
		Use:   "rollback NAME [--to REVISION] [--reason WHY]",
		Short: "Return a staging to an earlier version",
		Long: `Return a staging to the images and settings that it ran before, or to a revision from its
history. Marks, pins, restarts, sleep, titles and regenerated files are no version to return
to. A rollback is a new commit, so you can undo it like any other change. It also pins the
staging, so that CI does not deploy the reverted build again; unpin allows deploys again.

The staging of a default branch also gives the project its default images. --with-default
returns them too, with all stagings that follow them, and does not pin, so that the next
build of the branch deploys.

Test data are no version: they stay, unless --with-data returns the wanted data of the
version, too. If the migrations have changed since, rollback warns.`,
		Example: `  # Return to the previous version
  octopod rollback feature-login

  # Return to a revision
  octopod history feature-login
  octopod rollback feature-login --to 1f2e3d4 --reason "login broken"

  # Take back a bad build of main for everybody
  octopod rollback main --with-default`,
	}, staging.Rollback, nil, func(a *staging.Action) { a.To, a.Reason, a.WithDefault, a.WithData = to, reason, withDefault, withData })
	cmd.Flags().StringVar(&to, "to", "", "`revision` to return to (default: the previous version)")
	cmd.Flags().StringVar(&reason, "reason", "", "`why`; shown with the pin")
	cmd.Flags().BoolVar(&withDefault, "with-default", false, "of a default branch's staging: return the project's default images too, and do not pin")
	cmd.Flags().BoolVar(&withData, "with-data", false, "also return to the data of that version, as far as they still exist")
	c.completeFlag(cmd, "to", completeRevisions)
	return cmd
}
