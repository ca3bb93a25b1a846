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

// listing is a verb that lists databases of a server: all of them, or only the databases that
// the env repo does not name.
type listing[T any] struct {
	cobra.Command
	read        func(*postgres.Server, context.Context) ([]T, error)
	flag, about string // of the restriction
	named       func(context.Context, finder) (func(T) bool, error)
	kind        string   // of an item
	titles      []column // of the table
	row         func(T) []cell
}

// command returns the verb.
func (l listing[T]) command(c *cli) *cobra.Command {
	var o serverFlags
	var rest bool
	cmd := &l.Command
	cmd.Args = noArgs
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx, cancel := withTimeout(cmd.Context(), o.timeout)
		defer cancel()
		server, err := c.connectDatabase(o)
		if err != nil {
			return general(err)
		}
		items, err := l.read(server, ctx)
		if err != nil {
			return general(err)
		}
		if rest {
			if items, err = l.unnamed(ctx, c, items); err != nil {
				return err
			}
		}
		return l.show(c, items)
	}
	o.addFlags(cmd)
	cmd.Flags().BoolVar(&rest, l.flag, false, l.about)
	return cmd
}

// unnamed returns the items that the env repo does not name.
func (l listing[T]) unnamed(ctx context.Context, c *cli, items []T) ([]T, error) {
	repo, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	named, err := l.named(ctx, repo)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(items, named), nil
}

func (l listing[T]) show(c *cli, items []T) error {
	if c.settings.machineReadable() {
		return c.encode(staging.ListOf(l.kind, items))
	}
	rows := make([][]cell, len(items))
	for i, item := range items {
		rows[i] = l.row(item)
	}
	c.stdout.table(l.titles, rows, true)
	return nil
}

func megabytes(size int64) cell { return cell{text: fmt.Sprintf("%d MB", size>>20)} }

// newDatabaseList returns `octopod database list`.
func newDatabaseList(c *cli) *cobra.Command {
	return listing[postgres.Made]{
		Command: cobra.Command{
			Use:   "list [--unknown]",
			Short: "List the databases that Octopod made on a server",
			Long: `List the databases that Octopod made on a server, with their stagings: each database, its
data from before a reset, and its snapshots.

With --unknown, list only databases of this project whose staging has no record in the env
repo: a namespace that somebody deleted by hand leaves them. octopod database drop drops them.`,
			Example: `  PGHOST=pg.example.com octopod database list --admin ./account
  PGHOST=pg.example.com octopod database list --unknown`,
		},
		read: (*postgres.Server).Made, flag: "unknown", about: "list only databases whose staging has no record", named: knownDatabase,
		kind: "Database", titles: []column{{title: "DATABASE"}, {title: "STAGING"}, {title: "SIZE"}},
		row: func(m postgres.Made) []cell { return []cell{{text: m.Name}, {text: m.Staging}, megabytes(m.Size)} },
	}.command(c)
}

// knownDatabase returns a function that reports whether a database has a record, or belongs to
// another project.
func knownDatabase(ctx context.Context, repo finder) (func(postgres.Made) bool, error) {
	project, err := repo.Project(ctx)
	if err != nil {
		return nil, err
	}
	views, err := repo.Find(ctx, staging.Query{All: true})
	known := map[string]bool{}
	for _, v := range views {
		known[project.Metadata.Name+"/"+v.Metadata.Name] = true
	}
	return func(m postgres.Made) bool {
		return known[m.Staging] || !strings.HasPrefix(m.Staging, project.Metadata.Name+"/")
	}, err
}

// newDatabaseSeeds returns `octopod database seeds`.
func newDatabaseSeeds(c *cli) *cobra.Command {
	return listing[postgres.Seed]{
		Command: cobra.Command{
			Use:   "seeds [--unused]",
			Short: "List the seeds on a database server",
			Long: `List the seeds on a database server: the databases that accept no connections, and that are
no copies of Octopod.

With --unused, list only the seeds that neither octopod.yaml nor a staging of the env repo
names: they can be dropped, unless another project on the same server uses them.`,
			Example: `  PGHOST=pg.example.com octopod database seeds --admin ./account
  PGHOST=pg.example.com octopod database seeds --unused`,
		},
		read: (*postgres.Server).Seeds, flag: "unused", about: "list only seeds that the env repo does not name", named: usedSeed,
		kind: "Seed", titles: []column{{title: "SEED"}, {title: "SIZE"}},
		row: func(s postgres.Seed) []cell { return []cell{{text: s.Name}, megabytes(s.Size)} },
	}.command(c)
}

// usedSeed returns a function that reports whether a staging starts from a seed, or can return
// to it.
func usedSeed(ctx context.Context, repo finder) (func(postgres.Seed) bool, error) {
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
	return func(s postgres.Seed) bool { return used[s.Name] }, err
}
