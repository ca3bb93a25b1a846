package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newPin returns `octopod pin`.
func newPin(c *cli) *cobra.Command {
	var reason string
	cmd := c.actionCommand(&cobra.Command{
		Use:   "pin NAME [--reason WHY]",
		Short: "Pin a staging at its version: reject deploys",
		Long: `Pin a staging at its version: Octopod rejects deploys, also from CI, with exit code 4
until unpin. A rollback pins the staging automatically.`,
		Example: `  octopod pin feature-login --reason "customer demo on Friday"`,
	}, staging.PinVerb, isUnpinned, func(a *staging.Action) { a.Reason = reason })
	cmd.Flags().StringVar(&reason, "reason", "", "`why`; shown with each rejected deploy")
	return cmd
}
