package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"octopod/generator/database"
	"octopod/generator/postgres"
)

// convergeFlags are the flags of `octopod database converge`.
type convergeFlags struct {
	serverFlags
	wanted    database.Wanted
	from      string
	snapshots []string
	access    postgres.Access
	secret    string
}

// newDatabaseConverge returns `octopod database converge`.
func newDatabaseConverge(c *cli) *cobra.Command {
	var o convergeFlags
	cmd := &cobra.Command{
		Use:   "converge NAME --staging PROJECT/NAME --generation N --from seed/SEED",
		Short: "Make the database of a staging match its record",
		Long: `Make the database of a staging match its record: create it, reset it, restore it, take the
wanted snapshots and drop the others. A lower generation brings the data
from before a reset back. converge may be interrupted at any moment; the next run continues.
It touches no database or role without Octopod's mark.

The last line of the output is JSON: {"code":"seed_missing","text":"…"}.`,
		Example: `  octopod database converge shop_login --staging shop/login --generation 2 \
      --from seed/small --template shop_seed_small_12 --snapshot cart=1`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || o.from == "" || o.wanted.Staging == "" {
				return usage(cmd, "give the NAME of the database, --staging, --generation and --from")
			}
			o.wanted.Name = args[0]
			return c.runDatabase(cmd.Context(), o.serverFlags, "the server holds what the record wants", func(ctx context.Context, server *postgres.Server) error {
				return c.convergeDatabase(ctx, server, o)
			})
		},
	}
	o.addFlags(cmd)
	return cmd
}

func (o *convergeFlags) addFlags(cmd *cobra.Command) {
	o.serverFlags.addFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.wanted.Staging, "staging", "", "owner of the database, as `PROJECT/NAME`")
	f.IntVar(&o.wanted.Generation, "generation", 0, "`number` of the reset in the record")
	f.StringVar(&o.wanted.At, "at", "", "`time` of the reset in the record")
	f.StringVar(&o.from, "from", "", "`source` of the data: seed/SEED or snapshot/LABEL")
	f.StringVar(&o.wanted.Template, "template", "", "`database` of the seed (default: the seed's name)")
	f.StringArrayVar(&o.snapshots, "snapshot", nil, "wanted snapshot, as `LABEL=GENERATION[@TIME]`, repeatable")
	f.DurationVar(&o.wanted.KeepOld, "keep-old", 24*time.Hour, "how long the data from before a reset stay")
	f.StringVar(&o.access.Group, "group", "", "`role` that owns what lies in the seeds")
	f.IntVar(&o.access.Connections, "connections", 0, "maximum `number` of connections of the staging (default: any)")
	f.DurationVar(&o.access.StatementTimeout, "statement-timeout", 0, "time limit of the staging's statements (default: none)")
	f.StringVar(&o.secret, "secret", "database", "`name` of the Secret for the credentials; '' writes none")
}

// convergeDatabase checks the arguments and converges.
func (c *cli) convergeDatabase(ctx context.Context, server *postgres.Server, o convergeFlags) (err error) {
	if o.wanted.From, err = database.ParseSource(o.from); err != nil {
		return err
	}
	for _, text := range o.snapshots {
		s, err := database.ParseSnapshot(text)
		if err != nil {
			return err
		}
		o.wanted.Snapshots = append(o.wanted.Snapshots, s)
	}
	if err := o.wanted.Check(); err != nil {
		return err
	}
	credentials, err := c.credentials(o.secret)
	if err != nil {
		return err
	}
	return server.Converge(ctx, o.wanted, o.access, credentials)
}

// newDatabaseDrop returns `octopod database drop`.
func newDatabaseDrop(c *cli) *cobra.Command {
	var o serverFlags
	wanted := database.Wanted{Generation: 1}
	cmd := &cobra.Command{
		Use:   "drop NAME --staging PROJECT/NAME",
		Short: "Drop the database of a deleted staging",
		Long: `Drop everything that Octopod made on the server for a staging: its data, their copies, its
snapshots and its role. A database or role without Octopod's mark stays.`,
		Example: `  octopod database drop shop_login --staging shop/login`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || wanted.Staging == "" {
				return usage(cmd, "give the NAME of the database and --staging")
			}
			wanted.Name = args[0]
			return c.runDatabase(cmd.Context(), o, "the server holds nothing of the staging", func(ctx context.Context, server *postgres.Server) error {
				if err := wanted.Check(); err != nil {
					return err
				}
				return server.Drop(ctx, wanted)
			})
		},
	}
	o.addFlags(cmd)
	cmd.Flags().StringVar(&wanted.Staging, "staging", "", "owner of the database, as `PROJECT/NAME`")
	return cmd
}
