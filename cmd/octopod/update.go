package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newUpdate returns `octopod update`: deploy that fails if the staging does not exist.
func newUpdate(c *cli) *cobra.Command {
	return c.deployVerb(&cobra.Command{
		Use:   "update NAME [--service SERVICE --image REF]",
		Short: "Update a staging; fail if it does not exist",
		Long:  "Update a staging. Like deploy, but fails with exit code 3 if the staging does not exist.",
		Example: `  # Deploy another image
  octopod update feature-login --service backend \
      --image registry.example.com/shop/backend:2b3c4d5

  # With the flags of Octopod 1
  octopod update -n feature-login -e LOG_LEVEL=debug -E LEGACY_FLAG`,
	}, staging.Update)
}
