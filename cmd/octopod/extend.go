package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newExtend lets a staging's time to live begin anew.
func newExtend(c *cli) *cobra.Command {
	return c.changeOne(&cobra.Command{
		Use:   "extend NAME",
		Short: "Let a staging's time to live begin anew",
		Long: `Let the time to live of a staging (spec.lifecycle.ttl) begin anew today, as a deploy
does. keep is what takes it from the sweep altogether.`,
		Example: `  octopod extend feature-login`,
	}, staging.Extend, isActive, nil)
}
