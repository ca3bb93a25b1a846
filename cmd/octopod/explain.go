package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
)

// newExplain returns `octopod explain`.
func newExplain(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "explain [BRANCH]",
		Short: "Explain why a branch has a staging, or has none",
		Long: `Explain why a branch has a staging, or has none: the rules of spec.branches, the state
of the branch in its repositories, the images of the staging, and who archived, pinned
or kept it. With --server also the last webhook deliveries for it and their results.

BRANCH defaults to the branch of CI or the work tree.`,
		Example: `  octopod explain feature/login
  octopod explain feature/login --server https://octopod.example.com`,
		RunE: func(cmd *cobra.Command, args []string) error {
			branch := strings.Join(args, " ")
			if len(args) > 1 {
				return usage(cmd, "one branch at a time: %s are too many", strings.Join(args, ", "))
			}
			if len(args) == 0 {
				m, err := c.currentBranch(cmd.Context())
				if err != nil {
					return err
				}
				branch = m.Branch
			}
			to, err := c.connect(cmd.Context())
			if err != nil {
				return err
			}
			return c.explain(cmd.Context(), to, branch)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
}

func (c *cli) explain(ctx context.Context, in explainer, branch string) error {
	e, err := in.Explain(ctx, branch)
	switch {
	case err != nil:
		return err
	case c.settings.machineReadable():
		return c.encode(e)
	case c.settings.output == "name":
		c.stdout.printf("%s\n", e.Staging)
		return nil
	}
	c.stdout.printf("%s\n", oneLine(e.Summary))
	rows := [][]cell{}
	for _, f := range e.Facts {
		rows = append(rows, []cell{{f.About, bold}, {oneLine(f.Text), ""}})
	}
	c.stdout.table([]column{{"ABOUT", 0}, {"WHAT", 1}}, rows, true)
	return nil
}
