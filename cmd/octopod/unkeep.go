package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newUnkeep returns `octopod unkeep`.
func newUnkeep(c *cli) *cobra.Command {
	return c.actionCommand(&cobra.Command{
		Use:     "unkeep NAME",
		Short:   "End keep: include a staging in the sweep again",
		Long:    "End keep: the sweep handles the staging like all others again.",
		Example: `  octopod unkeep feature-login`,
	}, staging.Unkeep, isKept, nil)
}

func isKept(s staging.Spec) bool { return s.Kept != nil }
