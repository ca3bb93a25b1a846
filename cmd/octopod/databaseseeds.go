package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"octopod/generator/postgres"
	"octopod/generator/staging"
)

// newDatabaseSeeds returns `octopod database seeds`.
func newDatabaseSeeds(c *cli) *cobra.Command {
	var o serverFlags
	cmd := &cobra.Command{
		Use:   "seeds",
		Short: "List the seeds on a database server",
		Long: `List the seeds on a database server: the databases that accept no connections, and that are
no copies of Octopod.`,
		Example: `  PGHOST=pg.example.com octopod database seeds --admin ./account`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := c.connectDatabase(o)
			if err != nil {
				return general(err)
			}
			return c.showSeeds(cmd.Context(), server)
		},
	}
	o.addFlags(cmd)
	return cmd
}

func (c *cli) showSeeds(ctx context.Context, server *postgres.Server) error {
	seeds, err := server.Seeds(ctx)
	if err != nil {
		return general(err)
	}
	if c.settings.machineReadable() {
		return c.encode(staging.ListOf("Seed", seeds))
	}
	rows := make([][]cell, len(seeds))
	for i, s := range seeds {
		rows[i] = []cell{{text: s.Name}, {text: fmt.Sprintf("%d MB", s.Size>>20)}}
	}
	c.stdout.table([]column{{title: "SEED"}, {title: "SIZE"}}, rows, true)
	return nil
}
