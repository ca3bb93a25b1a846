package main

import (
	"github.com/spf13/cobra"
)

// newTerminate returns `octopod terminate`.
func newTerminate(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "terminate NAME",
		Short: "End a sync of Argo CD that hangs",
		Long: `End the running sync of a staging: a hook or a Job that never ends holds up every newer
commit. Argo CD then syncs the newest commit. terminate makes no commit.

Octopod's account in Argo CD needs one more permission for this: applications, sync.
octopod doctor reports whether it has it.`,
		Example: `  octopod terminate feature-login`,
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := oneName(cmd, args, "")
			if err != nil {
				return err
			}
			to, err := c.connect(cmd.Context())
			if err != nil {
				return err
			}
			if err := to.Terminate(cmd.Context(), name); err != nil {
				return err
			}
			c.note("%s: the running sync was ended", name)
			return nil
		},
		ValidArgsFunction: c.completion(completeOneName),
	}
}
