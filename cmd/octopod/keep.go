package main

import (
	"time"

	"github.com/spf13/cobra"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// newKeep returns `octopod keep`.
func newKeep(c *cli) *cobra.Command {
	var reason string
	var period keepDuration
	cmd := c.actionCommand(&cobra.Command{
		Use:   "keep NAME --reason WHY [--for 14d]",
		Short: "Exclude a staging from the sweep",
		Long: `Exclude a staging from the sweep: the sweep does not archive or delete it because of its
age, a deleted branch or a full project, and does not archive it at night. Deploys
continue; to stop them, use pin.`,
		Example: `  octopod keep feature-login --reason "customer demo on Friday" --for 7d`,
	}, staging.Keep, nil, func(a *staging.Action) {
		a.Reason = reason
		if period.Duration > 0 {
			until := c.now().Add(time.Duration(period.Duration)).UTC().Truncate(time.Minute)
			a.Until = &until
		}
	})
	cmd.Flags().StringVar(&reason, "reason", "", "`why` the staging must stay")
	cmd.Flags().Var(&period, "for", "keep for this `time`: 14d, 36h (default: until unkeep)")
	_ = cmd.RegisterFlagCompletionFunc("for", cobra.NoFileCompletions)
	return cmd
}

// keepDuration is a flag with the syntax of durations in octopod.yaml.
type keepDuration struct{ project.Duration }

func (d *keepDuration) Set(text string) error { return d.UnmarshalText([]byte(text)) }
func (*keepDuration) Type() string            { return "time" }

func (d *keepDuration) String() string {
	if d.Duration == 0 {
		return ""
	}
	return d.Duration.String()
}
