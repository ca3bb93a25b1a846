package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newArchive returns `octopod archive`.
func newArchive(c *cli) *cobra.Command {
	return c.actionCommand(&cobra.Command{
		Use:   "archive NAME",
		Short: "Scale a staging to zero and keep its data",
		Long: `Archive a staging: scale every workload to 0 replicas and suspend every CronJob.
Volumes and databases stay; restore starts the staging again as it was.`,
		Example: `  octopod archive feature-login
  octopod archive feature-login --dry-run --diff`,
	}, staging.Archive, isActive, nil)
}
