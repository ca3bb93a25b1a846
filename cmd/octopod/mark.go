package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newMark notes what somebody found who tried a staging.
func newMark(c *cli) *cobra.Command {
	var tested, broken, none bool
	var note string
	cmd := c.changeOne(&cobra.Command{
		Use:   "mark NAME --tested|--broken|--none [--note TEXT]",
		Short: "Note what you found when you tried a staging",
		Long: `Note what you found when you tried a staging: it works, or it does not. The mark is
bound to the versions and the settings that the staging has now. It stays when these
change, and everybody sees then that it is about an earlier version or about other
settings. It changes nothing in the cluster. --none takes the mark away.`,
		Example: `  octopod mark feature-login --tested
  octopod mark feature-login --broken --note "the button is gone on a phone"

  # What is still to be tried, and what again
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
			return usage(cmd, "say what you found: one of --tested, --broken and --none")
		}
		return nil
	}
	cmd.Flags().BoolVar(&tested, "tested", false, "it works")
	cmd.Flags().BoolVar(&broken, "broken", false, "it does not work")
	cmd.Flags().BoolVar(&none, "none", false, "take the mark away")
	cmd.Flags().StringVar(&note, "note", "", "`text` for others, in one line")
	return cmd
}
