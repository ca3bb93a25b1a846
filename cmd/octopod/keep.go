package main

import (
	"time"

	"github.com/spf13/cobra"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// newKeep keeps a staging from the sweep.
func newKeep(c *cli) *cobra.Command {
	var reason string
	var period keepTime
	cmd := c.changeOne(&cobra.Command{
		Use:   "keep NAME --reason WHY [--for 14d]",
		Short: "Keep a staging from the sweep",
		Long: `Keep a staging from the sweep: it is neither archived nor deleted for its age, with
its branch or for want of room, and does not sleep at night. Deploys go on; pin is
what holds a staging at its version.`,
		Example: `  octopod keep feature-login --reason "customer demo on Friday" --for 7d`,
	}, staging.Keep, nil, func(a *staging.Action) {
		a.Reason = reason
		if period.Duration > 0 {
			until := c.now().Add(time.Duration(period.Duration)).UTC().Truncate(time.Minute)
			a.Until = &until
		}
	})
	cmd.Flags().StringVar(&reason, "reason", "", "`why`, for whoever wonders whether it may go")
	cmd.Flags().Var(&period, "for", "no longer than this `time`: 14d, 36h (default: until unkeep)")
	_ = cmd.RegisterFlagCompletionFunc("for", cobra.NoFileCompletions)
	return cmd
}

// keepTime is a flag that is written like the durations of octopod.yaml.
type keepTime struct{ project.Duration }

func (d *keepTime) Set(text string) error { return d.UnmarshalText([]byte(text)) }
func (*keepTime) Type() string            { return "time" }

func (d *keepTime) String() string {
	if d.Duration == 0 {
		return ""
	}
	return d.Duration.String()
}
