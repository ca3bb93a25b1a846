package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newRestore wakes a staging.
func newRestore(c *cli) *cobra.Command {
	return c.changeOne(&cobra.Command{
		Use:     "restore NAME",
		Short:   "Wake an archived staging, or take a deletion back",
		Long:    "Wake an archived staging with the replica counts of its template, or take back a deletion that is not over yet.",
		Example: `  octopod restore feature-login`,
	}, staging.Restore, isAsleep, nil)
}
