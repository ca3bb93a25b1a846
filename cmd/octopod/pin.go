package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newPin holds a staging at its version.
func newPin(c *cli) *cobra.Command {
	var reason string
	cmd := c.changeOne(&cobra.Command{
		Use:   "pin NAME [--reason WHY]",
		Short: "Hold a staging at its version: deploys are refused",
		Long: `Hold a staging at its version: deploys, also by CI, are refused with exit code 4
until unpin. A rollback pins by itself.`,
		Example: `  octopod pin feature-login --reason "customer demo on Friday"`,
	}, staging.PinVerb, isUnpinned, func(a *staging.Action) { a.Reason = reason })
	cmd.Flags().StringVar(&reason, "reason", "", "`why`, for whoever is refused")
	return cmd
}
