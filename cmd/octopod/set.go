package main

import (
	"strings"

	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newSet returns `octopod set`.
func newSet(c *cli) *cobra.Command {
	var w writeFlags
	var title string
	var g grantFlags
	cmd := &cobra.Command{
		Use:   "set NAME KEY=VALUE… [KEY-…]",
		Short: "Change settings of a staging",
		Long: `Change settings of a staging. The project's octopod.yaml declares the settings and their
allowed values; completion and describe list them.

A value that needs care, such as production payments, may need a role, a reason and an end:
octopod.yaml says so under spec.parameters.*.values. The sweep takes it back at its end.

KEY- removes a setting, even if the project has a default for it. To reset a setting to
the default, use unset.`,
		Example: `  # One setting of the application, one of the deployment
  octopod set feature-login LOG_LEVEL=debug backend.replicas=2

  # Remove a setting that has a default
  octopod set feature-login LEGACY_FLAG-

  # A value with a term: the sweep takes it back
  octopod set feature-login PAYMENTS=production --reason "refund test" --for 4h

  # Preview the change
  octopod set feature-login PAYMENT_GATEWAY=production --dry-run --diff`,
		RunE: func(cmd *cobra.Command, args []string) error {
			a := staging.Action{Verb: staging.Set}
			if cmd.Flags().Changed("title") {
				a.Title = &title
			}
			if len(args) > 0 && strings.Contains(args[0], "=") {
				return usage(cmd, "the name of the staging comes first, before %q", args[0])
			}
			if len(args) == 0 || len(args) == 1 && a.Title == nil {
				return usage(cmd, "which staging, and which settings?")
			}
			a.Name = args[0]
			if err := readValues(&a, args[1:]); err != nil {
				return err
			}
			g.fill(c, &a)
			return c.connectAndApply(cmd.Context(), a, w)
		},
		ValidArgsFunction: c.completion(completeNameThen(completeValues)),
	}
	cmd.Flags().StringVar(&title, "title", "", "title of the staging: any `text`")
	g.addFlags(cmd)
	w.addFlags(cmd)
	addDataLossFlag(cmd, &w.allowDataLoss)
	return cmd
}
