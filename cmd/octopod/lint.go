package main

import (
	"context"

	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newLint returns `octopod lint`.
func newLint(c *cli) *cobra.Command {
	var fix, dryRun, committed bool
	cmd := &cobra.Command{
		Use:   "lint",
		Short: "Report all faults of the env repo",
		Long: `Report all faults of the env repo: in octopod.yaml, in the records and in the rendered
objects, and files that differ from the files that Octopod would generate. Exit code 2:
there are faults. In a clone of the env repo, lint reads your edited files, committed or
not.

lint renders every variant that octopod.yaml allows: each parameter with other values,
each preset, an archived staging and the teardown. Fields and parameters that change
nothing are faults, too.

--fix first writes the files that depend only on octopod.yaml: the schemas for editors,
and argocd/, the objects with which Argo CD syncs the env repo. To regenerate stagings,
use regenerate.`,
		Example: `  octopod lint
  octopod lint --fix
  octopod lint --env-repo . -o json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			to, err := c.connect(cmd.Context())
			if err != nil {
				return err
			}
			if fix {
				if err := c.fix(cmd.Context(), to, dryRun); err != nil {
					return err
				}
			}
			edits, err := c.uncommittedEdits(cmd.Context(), to, committed)
			if err != nil {
				return err
			}
			problems, err := to.Lint(cmd.Context(), edits)
			if err != nil {
				return err
			}
			return c.showProblems(problems)
		},
	}
	cmd.Flags().BoolVar(&fix, "fix", false, "regenerate the schemas and argocd/ first")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "with --fix: list the files, but commit nothing")
	addCommitted(cmd, &committed)
	return cmd
}

func (c *cli) fix(ctx context.Context, to maintainer, dryRun bool) error {
	r, err := to.Fix(ctx, c.actor(), dryRun)
	if err != nil {
		return err
	}
	if !c.settings.machineReadable() {
		c.showPlan(r.Plan)
	}
	return nil
}

func (c *cli) showProblems(problems []staging.Problem) error {
	if c.settings.machineReadable() {
		if err := c.encode(staging.ListOf("Problem", problems)); err != nil {
			return err
		}
	} else {
		for _, p := range problems {
			c.stdout.printf("%s\n", sanitize(p.String()))
		}
	}
	if len(problems) > 0 {
		c.note("%s", plural(len(problems), "problem"))
		return reportedError{staging.CodeInvalid}
	}
	c.note("no problems")
	return nil
}
