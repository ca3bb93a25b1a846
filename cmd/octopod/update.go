package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newUpdate is deploy for a person who means a staging that is there.
func newUpdate(c *cli) *cobra.Command {
	return c.deployVerb(&cobra.Command{
		Use:   "update NAME [--service SERVICE --image REF]",
		Short: "Bring a staging up to date, and refuse if it is not there",
		Long:  "Bring a staging up to date. Like deploy, but an error (exit code 3) if there is none.",
		Example: `  # Another image
  octopod update feature-login --service backend \
      --image registry.example.com/shop/backend:2b3c4d5

  # As with Octopod 1
  octopod update -n feature-login -e LOG_LEVEL=debug -E LEGACY_FLAG`,
	}, staging.Update)
}
