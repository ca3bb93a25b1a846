package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// migrateFlags are the flags of migrate-settings.
type migrateFlags struct {
	rename, value          []string
	dropUnknown            bool
	dryRun, committedFiles bool
}

// newMigrateSettings returns `octopod migrate-settings`.
func newMigrateSettings(c *cli) *cobra.Command {
	var o migrateFlags
	cmd := &cobra.Command{
		Use:   "migrate-settings",
		Short: "Adapt the settings of all stagings to a changed octopod.yaml",
		Long: `Adapt the settings of all stagings to a changed octopod.yaml, in one commit: after a
parameter got another name, lost a value or was removed. lint lists the stagings that
such a change breaks, also before you commit it. A value whose parameter changed its
scope or its type is adapted without a flag.

A staging that still does not fit stays unchanged, the others continue, and the exit code
is 2. --dry-run commits nothing; in a clone it reads your edited files.

migrate-settings works on the env repo itself and not with --server: it changes settings
of every staging, whatever role their parameters require.`,
		Example: `  # LOGLEVEL is now LOG_LEVEL, and its value warning is now warn
  octopod migrate-settings --rename LOGLEVEL=LOG_LEVEL
  octopod migrate-settings --value LOG_LEVEL=warning:warn

  # Parameters and presets were removed from octopod.yaml
  octopod migrate-settings --drop-unknown --dry-run`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := o.migration(cmd)
			if err != nil {
				return err
			}
			if c.settings.server != "" {
				return usage(cmd, "migrate-settings does not work with --server: set --env-repo")
			}
			return c.migrateSettings(cmd.Context(), m, o)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.rename, "rename", nil, "move the values of a parameter to its new name, as `OLD=NEW`, repeatable")
	f.StringArrayVar(&o.value, "value", nil, "replace a value of a parameter, as `PARAMETER=OLD:NEW`, repeatable")
	f.BoolVar(&o.dropUnknown, "drop-unknown", false, "remove values of parameters, and presets, that octopod.yaml does not have")
	f.BoolVar(&o.dryRun, "dry-run", false, "render and check, but commit nothing")
	addCommitted(cmd, &o.committedFiles)
	for _, flag := range []string{"rename", "value"} {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.NoFileCompletions)
	}
	return cmd
}

// migration parses the flags.
func (o migrateFlags) migration(cmd *cobra.Command) (project.Migration, error) {
	m := project.Migration{DropUnknown: o.dropUnknown}
	for _, text := range o.rename {
		from, to, ok := strings.Cut(text, "=")
		if !ok || from == "" || to == "" {
			return m, usage(cmd, "--rename %s is not OLD=NEW", text)
		}
		m.Rename = append(m.Rename, project.Renaming{From: from, To: to})
	}
	for _, text := range o.value {
		parameter, values, ok := strings.Cut(text, "=")
		from, to, both := strings.Cut(values, ":")
		if !ok || !both || parameter == "" {
			return m, usage(cmd, "--value %s is not PARAMETER=OLD:NEW", text)
		}
		m.Values = append(m.Values, project.ValueChange{Parameter: parameter, From: from, To: to})
	}
	if m.Empty() {
		return m, usage(cmd, "what should change? Give --rename, --value or --drop-unknown")
	}
	return m, nil
}

func (c *cli) migrateSettings(ctx context.Context, m project.Migration, o migrateFlags) error {
	to, err := c.connectTo(ctx, c.envRepo())
	if err != nil {
		return err
	}
	r := change.MigrateRequest{Migration: m, DryRun: o.dryRun, By: c.actor()}
	if !o.dryRun {
		c.noteUncommitted(ctx, to)
	} else if r.Edits, err = c.uncommittedEdits(ctx, to, o.committedFiles); err != nil {
		return err
	}
	result, err := to.MigrateSettings(ctx, r)
	if err != nil {
		return err
	}
	if result.Changed && !r.DryRun {
		c.refreshArgoCD(ctx, to, result.Plan)
	}
	if err := c.showRegenerated(result, r.DryRun); err != nil {
		return err
	}
	if result.Changed && !r.DryRun {
		c.noteLocal()
	}
	if result.Failed() > 0 {
		return reportedError{staging.CodeInvalid}
	}
	return nil
}
