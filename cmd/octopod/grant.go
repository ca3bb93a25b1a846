package main

import (
	"time"

	"github.com/spf13/cobra"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// grantFlags are the flags for values that need care.
type grantFlags struct {
	reason string
	period keepDuration
}

func (g *grantFlags) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&g.reason, "reason", "", "`why` the staging needs a value that needs a reason")
	cmd.Flags().Var(&g.period, "for", "end such a value after this `time`: 4h, 2d (default: its maximum)")
	_ = cmd.RegisterFlagCompletionFunc("for", cobra.NoFileCompletions)
}

func (g *grantFlags) fill(c *cli, a *staging.Action) {
	a.Reason = g.reason
	if g.period.Duration > 0 {
		until := c.now().Add(time.Duration(g.period.Duration)).UTC().Truncate(time.Second)
		a.Until = &until
	}
}

// showBadges prints a line for each value of a staging that needs care.
func (c *cli) showBadges(p *project.Project, s staging.Staging) {
	for _, badge := range p.Badges(s) {
		c.printField("Take care", oneLine(badge.Sentence(c.now())))
	}
}
