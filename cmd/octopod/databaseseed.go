package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"octopod/generator/change"
	"octopod/generator/postgres"
	"octopod/generator/staging"
)

// newDatabaseSeed returns `octopod database seed`.
func newDatabaseSeed(c *cli) *cobra.Command {
	var o serverFlags
	var r change.SeedRequest
	cmd := &cobra.Command{
		Use:   "seed NAME --template DATABASE",
		Short: "Name another database for a seed, in octopod.yaml",
		Long: `Name another database for a seed of the project, in one commit that changes octopod.yaml.
New stagings and resets start from it; no staging changes before its next reset, so keep the
database of before until octopod database seeds --unused lists it.

With PGHOST, the server must have the seed: a database that accepts no connections.`,
		Example: `  octopod database seed anonymised --template shop_seed_20261129
  octopod database seed anonymised --template shop_seed_20261129 --dry-run`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || r.Template == "" {
				return usage(cmd, "give the NAME of the seed and --template")
			}
			r.Name, r.By = args[0], c.actor()
			if c.getenv("PGHOST") != "" {
				if err := c.requireSeed(cmd.Context(), o, r.Template); err != nil {
					return err
				}
			}
			return c.setSeed(cmd.Context(), r)
		},
	}
	o.addFlags(cmd)
	cmd.Flags().StringVar(&r.Template, "template", "", "`database` of the server to copy")
	cmd.Flags().BoolVar(&r.DryRun, "dry-run", false, "commit nothing")
	return cmd
}

// requireSeed rejects a database that is no seed on the server.
func (c *cli) requireSeed(ctx context.Context, o serverFlags, template string) error {
	ctx, cancel := withTimeout(ctx, o.timeout)
	defer cancel()
	server, err := c.connectDatabase(o)
	if err != nil {
		return general(err)
	}
	seeds, err := server.Seeds(ctx)
	if err != nil {
		return general(err)
	}
	if !slices.ContainsFunc(seeds, func(s postgres.Seed) bool { return s.Name == template }) {
		return staging.Errorf(staging.CodeNotFound, "the server has no seed %q", template).
			WithTechnicalHint("`octopod database seeds` lists them; ALTER DATABASE … ALLOW_CONNECTIONS false makes a database one")
	}
	return nil
}

func (c *cli) setSeed(ctx context.Context, r change.SeedRequest) error {
	to, err := c.connectTo(ctx, c.envRepo())
	if err != nil {
		return err
	}
	result, err := to.SetSeed(ctx, r)
	if err != nil {
		return err
	}
	if c.settings.machineReadable() {
		return c.encode(result)
	}
	tail := " (" + shortRevision(result.Revision) + ")"
	switch {
	case !result.Changed:
		tail = " (unchanged)"
	case r.DryRun:
		tail = " (dry run, nothing is committed)"
	}
	c.stdout.printf("the seed %s is the database %s%s\n", c.stdout.paint(bold, r.Name), sanitize(r.Template), tail)
	c.showPlan(result.Plan)
	return nil
}
