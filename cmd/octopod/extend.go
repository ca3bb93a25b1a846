package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newExtend returns `octopod extend`.
func newExtend(c *cli) *cobra.Command {
	return c.actionCommand(&cobra.Command{
		Use:   "extend NAME",
		Short: "Restart the time to live of a staging",
		Long: `Restart the time to live of a staging (spec.lifecycle.ttl) today, like a deploy. To
exclude a staging from the sweep, use keep.`,
		Example: `  octopod extend feature-login`,
	}, staging.Extend, isActive, nil)
}
