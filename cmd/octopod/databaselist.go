package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"octopod/generator/postgres"
	"octopod/generator/staging"
)

// newDatabaseList returns `octopod database list`.
func newDatabaseList(c *cli) *cobra.Command {
	var o serverFlags
	var unknown bool
	cmd := &cobra.Command{
		Use:   "list [--unknown]",
		Short: "List the databases that Octopod made on a server",
		Long: `List the databases that Octopod made on a server, with their stagings: each database, its
data from before a reset, and its snapshots.

With --unknown, list only databases of this project whose staging has no record in the env
repo: a namespace that somebody deleted by hand leaves them. octopod database drop drops them.`,
		Example: `  PGHOST=pg.example.com octopod database list --admin ./account
  PGHOST=pg.example.com octopod database list --unknown`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := withTimeout(cmd.Context(), o.timeout)
			defer cancel()
			server, err := c.connectDatabase(o)
			if err != nil {
				return general(err)
			}
			made, err := server.Made(ctx)
			if err != nil {
				return general(err)
			}
			if unknown {
				if made, err = c.unknownDatabases(ctx, made); err != nil {
					return err
				}
			}
			return c.showDatabases(made)
		},
	}
	o.addFlags(cmd)
	cmd.Flags().BoolVar(&unknown, "unknown", false, "list only databases whose staging has no record")
	return cmd
}

// unknownDatabases returns the databases of the project whose staging has no record.
func (c *cli) unknownDatabases(ctx context.Context, made []postgres.Made) ([]postgres.Made, error) {
	repo, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	project, err := repo.Project(ctx)
	if err != nil {
		return nil, err
	}
	views, err := repo.Find(ctx, staging.Query{All: true})
	known := map[string]bool{}
	for _, v := range views {
		known[project.Metadata.Name+"/"+v.Metadata.Name] = true
	}
	return slices.DeleteFunc(made, func(m postgres.Made) bool {
		return known[m.Staging] || !strings.HasPrefix(m.Staging, project.Metadata.Name+"/")
	}), err
}

func (c *cli) showDatabases(made []postgres.Made) error {
	if c.settings.machineReadable() {
		return c.encode(staging.ListOf("Database", made))
	}
	rows := make([][]cell, len(made))
	for i, m := range made {
		rows[i] = []cell{{text: m.Name}, {text: m.Staging}, {text: fmt.Sprintf("%d MB", m.Size>>20)}}
	}
	c.stdout.table([]column{{title: "DATABASE"}, {title: "STAGING"}, {title: "SIZE"}}, rows, true)
	return nil
}
