package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"octopod/generator/postgres"
	"octopod/generator/staging"
)

// newDatabaseSeeds returns `octopod database seeds`.
func newDatabaseSeeds(c *cli) *cobra.Command {
	var o serverFlags
	var unused bool
	cmd := &cobra.Command{
		Use:   "seeds [--unused]",
		Short: "List the seeds on a database server",
		Long: `List the seeds on a database server: the databases that accept no connections, and that are
no copies of Octopod.

With --unused, list only the seeds that neither octopod.yaml nor a staging of the env repo
names: they can be dropped, unless another project on the same server uses them.`,
		Example: `  PGHOST=pg.example.com octopod database seeds --admin ./account
  PGHOST=pg.example.com octopod database seeds --unused`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := withTimeout(cmd.Context(), o.timeout)
			defer cancel()
			server, err := c.connectDatabase(o)
			if err != nil {
				return general(err)
			}
			seeds, err := server.Seeds(ctx)
			if err != nil {
				return general(err)
			}
			if unused {
				if seeds, err = c.unusedSeeds(ctx, seeds); err != nil {
					return err
				}
			}
			return c.showSeeds(seeds)
		},
	}
	o.addFlags(cmd)
	cmd.Flags().BoolVar(&unused, "unused", false, "list only seeds that the env repo does not name")
	return cmd
}

// unusedSeeds returns the seeds that no staging starts from, and that none can return to.
func (c *cli) unusedSeeds(ctx context.Context, seeds []postgres.Seed) ([]postgres.Seed, error) {
	repo, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	used, err := usedTemplates(ctx, repo)
	return slices.DeleteFunc(seeds, func(s postgres.Seed) bool { return used[s.Name] }), err
}

// usedTemplates returns the databases that the project and its stagings name as seeds.
func usedTemplates(ctx context.Context, repo finder) (map[string]bool, error) {
	project, err := repo.Project(ctx)
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	for _, seed := range project.Spec.Database.Seeds {
		used[seed.Template] = true
	}
	views, err := repo.Find(ctx, staging.Query{All: true})
	for _, v := range views {
		if data := v.Spec.Database; data != nil {
			used[data.Template] = true
			if data.Before != nil {
				used[data.Before.Template] = true
			}
		}
	}
	return used, err
}

func (c *cli) showSeeds(seeds []postgres.Seed) error {
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
