package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newCreate is deploy for a person who means a new staging and nothing else.
func newCreate(c *cli) *cobra.Command {
	return c.deployVerb(&cobra.Command{
		Use:   "create [NAME] --branch BRANCH [--service SERVICE --image REF]",
		Short: "Make a staging, and refuse if it is there",
		Long:  "Make a staging. Like deploy, but an error (exit code 4) if it is there already.",
		Example: `  # The name follows from the branch
  octopod create --branch feature/login

  # A name and a title of your own, with a preset
  octopod create login-demo --branch feature/login \
      --title "Login for the demo" --preset payments-production`,
	}, staging.Create)
}
