package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newArchive puts a staging to sleep.
func newArchive(c *cli) *cobra.Command {
	return c.changeOne(&cobra.Command{
		Use:   "archive NAME",
		Short: "Put a staging to sleep; its data is kept",
		Long: `Put a staging to sleep: every workload goes to 0 replicas and every CronJob is
suspended. Volumes and databases are kept, and restore brings it back as it was.`,
		Example: `  octopod archive feature-login
  octopod archive feature-login --dry-run --diff`,
	}, staging.Archive, isActive, nil)
}
