package main

import (
	"context"

	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newLint looks over the whole env repo.
func newLint(c *cli) *cobra.Command {
	var fix, dryRun, committed bool
	cmd := &cobra.Command{
		Use:   "lint",
		Short: "Say everything that is wrong with the env repo",
		Long: `Say everything that is wrong with the env repo: octopod.yaml, the records, the
rendered objects, and files that are not what Octopod would write. Exit code 2 if
there is anything. In a clone of the env repo, files that you edited are looked at
as they are, committed or not.

--fix first writes the files that follow from octopod.yaml alone: the schemas for
editors, and argocd/, which makes Argo CD follow the env repo. Stagings are written
by regenerate.`,
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
			edits, err := c.edits(cmd.Context(), to, committed)
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
	cmd.Flags().BoolVar(&fix, "fix", false, "write the files that follow from octopod.yaml anew")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "with --fix: say what would be written, but commit nothing")
	addCommitted(cmd, &committed)
	return cmd
}

func (c *cli) fix(ctx context.Context, to keeper, dryRun bool) error {
	r, err := to.Fix(ctx, c.actor(), dryRun)
	if err != nil {
		return err
	}
	if !c.settings.machine() {
		c.showPlan(r.Plan)
	}
	return nil
}

func (c *cli) showProblems(problems []staging.Problem) error {
	if c.settings.machine() {
		if err := c.encode(staging.ListOf("Problem", problems)); err != nil {
			return err
		}
	} else {
		for _, p := range problems {
			c.out.printf("%s\n", plain(p.String()))
		}
	}
	if len(problems) > 0 {
		c.note("%s", plural(len(problems), "problem"))
		return reported{staging.CodeInvalid}
	}
	c.note("no problems")
	return nil
}
