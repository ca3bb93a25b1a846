package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newCreate returns `octopod create`: deploy that fails if the staging exists.
func newCreate(c *cli) *cobra.Command {
	return c.deployVerb(&cobra.Command{
		Use:   "create [NAME] --branch BRANCH [--service SERVICE --image REF]",
		Short: "Create a staging; fail if it exists",
		Long:  "Create a staging. Like deploy, but fails with exit code 4 if the staging exists.",
		Example: `  # Derive the name from the branch
  octopod create --branch feature/login

  # Choose a name, a title and a preset
  octopod create login-demo --branch feature/login \
      --title "Login for the demo" --preset payments-production`,
	}, staging.Create)
}
