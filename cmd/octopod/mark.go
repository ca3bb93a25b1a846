package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newMark returns `octopod mark`.
func newMark(c *cli) *cobra.Command {
	var tested, broken, none bool
	var note string
	cmd := c.actionCommand(&cobra.Command{
		Use:   "mark NAME --tested|--broken|--none [--note TEXT]",
		Short: "Record a test result",
		Long: `Record your test result for a staging: it works, or it does not. The mark is bound to
the current versions and settings of the staging. After a change of either, the mark
stays, and is shown as outdated. mark changes nothing in the cluster. --none removes the
mark.`,
		Example: `  octopod mark feature-login --tested
  octopod mark feature-login --broken --note "the button is gone on a phone"

  # List untested stagings, and outdated marks
  octopod get -l tested=none
  octopod get -l tested=outdated`,
	}, staging.Mark, nil, func(a *staging.Action) {
		a.Note = note
		switch {
		case tested:
			a.Outcome = staging.Tested
		case broken:
			a.Outcome = staging.Broken
		case none:
			a.Outcome = staging.Untested
		}
	})
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		if tested && broken || broken && none || none && tested || !tested && !broken && !none {
			return usage(cmd, "choose one of --tested, --broken and --none")
		}
		return nil
	}
	cmd.Flags().BoolVar(&tested, "tested", false, "the staging works")
	cmd.Flags().BoolVar(&broken, "broken", false, "the staging does not work")
	cmd.Flags().BoolVar(&none, "none", false, "remove the mark")
	cmd.Flags().StringVar(&note, "note", "", "`text` to show with the mark, in one line")
	return cmd
}
