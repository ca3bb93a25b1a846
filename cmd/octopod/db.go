package main

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newDB returns `octopod db` with its verbs.
func newDB(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "db",
		Short: "Reset, save and restore the data of a staging",
		Long: `Reset the data of a staging to a seed, save them under a label, restore them, and undo a
reset. Each verb is one commit that changes spec.database of the staging's record; a Job in
the cluster does the rest. git revert of a reset brings the data back, as long as the
project keeps them (spec.database.keepOld in octopod.yaml).`,
		Example: `  octopod db get feature-login
  octopod db snapshot feature-login before-checkout --note "cart with 3 items"
  octopod db reset feature-login --seed anonymised --reason "refund test" --wait
  octopod db undo feature-login`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownVerb(cmd, args[0])
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(newDBReset(c), newDBSnapshot(c), newDBRestore(c), newDBUndo(c), newDBForget(c), newDBGet(c))
	return cmd
}

// newDBReset returns `octopod db reset`.
func newDBReset(c *cli) *cobra.Command {
	var seed, reason string
	cmd := c.actionCommand(&cobra.Command{
		Use:   "reset NAME [--seed SEED] [--reason WHY]",
		Short: "Start the data again from a seed",
		Long: `Start the data of a staging again from a seed: the one that they started from, or another
one. The present data are kept beside the new ones for a while, so that undo, or git revert,
brings them back at once. Snapshots stay.`,
		Example: `  octopod db reset feature-login
  octopod db reset feature-login --seed anonymised --reason "refund test" --wait`,
	}, staging.ResetData, isActive, func(a *staging.Action) { a.Seed, a.Reason = seed, reason })
	cmd.Flags().StringVar(&seed, "seed", "", "`name` of the seed (default: the seed that the data started from)")
	cmd.Flags().StringVar(&reason, "reason", "", "`why`; shown in the history")
	c.completeFlag(cmd, "seed", completeSeeds)
	return cmd
}

// newDBSnapshot returns `octopod db snapshot`.
func newDBSnapshot(c *cli) *cobra.Command {
	var note string
	cmd := c.labelCommand(&cobra.Command{
		Use:   "snapshot NAME LABEL [--note TEXT]",
		Short: "Save the data under a label",
		Long: `Save a copy of the data under a label. The staging pauses for a moment. The project limits
the number of snapshots of a staging (spec.database.snapshots.most in octopod.yaml).`,
		Example: `  octopod db snapshot feature-login before-checkout --note "cart with 3 items"`,
	}, staging.SnapshotData, completeOneName, func(a *staging.Action) { a.Note = note })
	cmd.Flags().StringVar(&note, "note", "", "`text` to show with the snapshot, in one line")
	return cmd
}

// newDBRestore returns `octopod db restore`.
func newDBRestore(c *cli) *cobra.Command {
	var reason string
	cmd := c.labelCommand(&cobra.Command{
		Use:   "restore NAME LABEL [--reason WHY]",
		Short: "Return the data to a snapshot",
		Long: `Return the data to a snapshot. As after a reset, the present data are kept for a while, and
undo brings them back. The snapshot stays.`,
		Example: `  octopod db restore feature-login before-checkout --wait`,
	}, staging.RestoreData, completeNameThen(completeSnapshots), func(a *staging.Action) { a.Reason = reason })
	cmd.Flags().StringVar(&reason, "reason", "", "`why`; shown in the history")
	return cmd
}

// newDBUndo returns `octopod db undo`.
func newDBUndo(c *cli) *cobra.Command {
	return c.actionCommand(&cobra.Command{
		Use:   "undo NAME",
		Short: "Take back the last reset or restore",
		Long: `Bring back the data from before the last reset or restore. That takes a moment, whatever
their size, because they were kept. After spec.database.keepOld they are gone.`,
		Example: `  octopod db undo feature-login --wait`,
	}, staging.UndoData, isActive, nil)
}

// newDBForget returns `octopod db forget`.
func newDBForget(c *cli) *cobra.Command {
	return c.labelCommand(&cobra.Command{
		Use:     "forget NAME LABEL",
		Short:   "Remove a snapshot",
		Long:    `Remove a snapshot with its data. This cannot be undone.`,
		Example: `  octopod db forget feature-login before-checkout`,
	}, staging.ForgetData, completeNameThen(completeSnapshots), nil)
}

// labelCommand completes a verb on one snapshot of a staging.
func (c *cli) labelCommand(cmd *cobra.Command, verb staging.Verb, words completer, adjust func(*staging.Action)) *cobra.Command {
	var w writeFlags
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) != 2 {
			return usage(cmd, "which snapshot? Give the name of the staging and a label")
		}
		a := staging.Action{Verb: verb, Name: args[0], Label: args[1]}
		if adjust != nil {
			adjust(&a)
		}
		return c.connectAndApply(cmd.Context(), a, w)
	}
	w.addFlags(cmd)
	cmd.ValidArgsFunction = c.completion(words)
	return cmd
}

// completeSeeds suggests the seeds of the project.
func completeSeeds(ctx context.Context, in backend, _ []string, _ string) []string {
	p, err := in.Project(ctx)
	if err != nil {
		return nil
	}
	var words []string
	for _, name := range p.SeedNames() {
		words = append(words, withDescription(name, p.Spec.Database.Seeds[name].Help))
	}
	return words
}

// completeSnapshots suggests the snapshots of the staging in args.
func completeSnapshots(ctx context.Context, in backend, args []string, _ string) []string {
	views, err := in.Find(ctx, staging.Query{Names: args[:1], Recorded: true})
	if err != nil || len(args) > 1 {
		return nil
	}
	var words []string
	data := views[0].Spec.Data()
	for _, label := range sortedKeys(data.Snapshots) {
		words = append(words, withDescription(label, data.Snapshots[label].Note))
	}
	return words
}

// newDBGet returns `octopod db get`.
func newDBGet(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "get NAME",
		Short: "Show the data of a staging",
		Long: `Show the data of a staging: how often they were reset, what they started from and when, the
snapshots, and the migrations of the deployed version.`,
		Example: `  octopod db get feature-login
  octopod db get feature-login -o json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := oneName(cmd, args, "")
			if err != nil {
				return err
			}
			from, err := c.connect(cmd.Context())
			if err != nil {
				return err
			}
			return c.showData(cmd.Context(), from, name)
		},
		ValidArgsFunction: c.completion(completeOneName),
	}
}

// dataJSON is the output of db get with -o json.
type dataJSON struct {
	Name     string           `json:"name"`
	Database string           `json:"database"` // name on the server
	Data     staging.Database `json:"data"`
	CanUndo  bool             `json:"canUndo"`
}

// showData prints the data of a staging.
func (c *cli) showData(ctx context.Context, from finder, name string) error {
	views, err := from.Find(ctx, staging.Query{Names: []string{name}, Recorded: true})
	if err != nil {
		return err
	}
	p, err := from.Project(ctx)
	if err != nil {
		return err
	}
	s := views[0].Staging()
	data := p.Data(s)
	if data == nil {
		return staging.Errorf(staging.CodeInvalid, "%s", p.Spec.Database.Kind.Unmanaged()).
			WithTechnicalHint("spec.database in octopod.yaml makes Octopod keep the database")
	}
	d := dataJSON{Name: name, Database: p.DatabaseName(name), Data: *data, CanUndo: p.CanUndoData(*data, c.now())}
	switch {
	case c.settings.machineReadable():
		return c.encode(d)
	case c.settings.output == "name":
		c.stdout.printf("%s\n", name)
		return nil
	}
	c.showDataFields(s, d)
	return nil
}

// showDataFields prints the data for people.
func (c *cli) showDataFields(s staging.Staging, d dataJSON) {
	c.printField("Name", c.stdout.paint(bold, d.Name))
	c.printField("Database", d.Database)
	c.printField("Data", c.dataSource(s, d.Data))
	if since := d.Data.Since; since != nil && since.Reason != "" {
		c.printField("Reason", oneLine(since.Reason))
	}
	if d.CanUndo {
		c.printField("Before", cmp.Or(d.Data.Before.From, noValue)+": `octopod db undo "+d.Name+"` brings it back")
	}
	for _, service := range sortedKeys(d.Data.Migrated) {
		c.printField("Migrations", service+" "+shortRevision(d.Data.Migrated[service]))
	}
	if len(d.Data.Snapshots) == 0 {
		return
	}
	c.stdout.printf("\n%s\n", c.stdout.paint(bold, "Snapshots"))
	var rows [][]cell
	for _, label := range sortedKeys(d.Data.Snapshots) {
		snapshot := d.Data.Snapshots[label]
		rows = append(rows, []cell{{label, bold}, {c.formatTime(snapshot.At) + by(snapshot.By), ""}, {cmp.Or(oneLine(snapshot.Note), noValue), ""}})
	}
	c.stdout.table([]column{{"LABEL", 0}, {"SAVED", 0}, {"NOTE", 0}}, rows, true)
}

// dataSource returns what the data started from, and when.
func (c *cli) dataSource(s staging.Staging, d staging.Database) string {
	text := "generation " + strconv.Itoa(d.Number()) + ", from " + d.From
	if d.Template != "" && d.Template != d.Seed() {
		text += " (" + d.Template + ")"
	}
	if d.Since != nil {
		return text + ", since " + c.formatTime(d.Since.At) + by(d.Since.By)
	}
	return strings.TrimSuffix(text+", since "+c.formatTime(s.Spec.Created.At)+by(s.Spec.Created.By), " ")
}
