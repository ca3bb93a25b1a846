package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newUnpin returns `octopod unpin`.
func newUnpin(c *cli) *cobra.Command {
	return c.actionCommand(&cobra.Command{
		Use:     "unpin NAME",
		Short:   "Allow deploys again",
		Long:    "Allow deploys again after a rollback or a pin. Nothing else changes until the next deploy.",
		Example: `  octopod unpin feature-login`,
	}, staging.Unpin, isPinned, nil)
}
