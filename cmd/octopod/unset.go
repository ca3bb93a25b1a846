package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newUnset returns `octopod unset`.
func newUnset(c *cli) *cobra.Command {
	var w writeFlags
	cmd := &cobra.Command{
		Use:   "unset NAME KEY…",
		Short: "Reset settings to the project's default",
		Long:  "Reset settings to the project's default, or to the value of a preset of the staging.",
		Example: `  octopod unset feature-login LOG_LEVEL
  octopod unset feature-login LOG_LEVEL backend.replicas --dry-run`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usage(cmd, "which staging, and which settings?")
			}
			a := staging.Action{Verb: staging.Unset, Name: args[0]}
			if err := readKeys(&a, args[1:]); err != nil {
				return err
			}
			return c.connectAndApply(cmd.Context(), a, w)
		},
		ValidArgsFunction: c.completion(completeNameThen(completeOverridden)),
	}
	w.addFlags(cmd)
	addDataLossFlag(cmd, &w.allowDataLoss)
	return cmd
}
