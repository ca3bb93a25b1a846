package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newUndo returns `octopod undo`.
func newUndo(c *cli) *cobra.Command {
	var w writeFlags
	var reason string
	cmd := &cobra.Command{
		Use:   "undo NAME REVISION [--reason WHY]",
		Short: "Take back one change of a staging and keep later ones",
		Long: `Take back the settings, images or state that one commit changed, and keep every later
change. Undo works on the record, so it also works where git revert reports conflicts.
To return to an earlier version as a whole, use rollback.`,
		Example: `  octopod history feature-login
  octopod undo feature-login 1f2e3d4
  octopod undo feature-login 1f2e3d4 --dry-run --diff`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage(cmd, "which change? Give the name of the staging and a revision of its history")
			}
			a := staging.Action{Verb: staging.Undo, Name: args[0], To: args[1], Reason: reason}
			return c.connectAndApply(cmd.Context(), a, w)
		},
		ValidArgsFunction: c.completion(completeNames),
	}
	w.addFlags(cmd)
	addDataLossFlag(cmd, &w.allowDataLoss)
	cmd.Flags().StringVar(&reason, "reason", "", "`why`; shown in the history")
	return cmd
}
