package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newRestore returns `octopod restore`.
func newRestore(c *cli) *cobra.Command {
	return c.actionCommand(&cobra.Command{
		Use:   "restore NAME",
		Short: "Start an archived staging, or cancel a deletion",
		Long: `Start an archived staging with the replica counts of its template, or cancel a deletion
that has not finished.`,
		Example: `  octopod restore feature-login`,
	}, staging.Restore, isInactive, nil)
}
