package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newLint looks over the whole env repo.
func newLint(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "lint",
		Short: "Say everything that is wrong with the env repo",
		Long: `Say everything that is wrong with the env repo: octopod.yaml, the records, the
rendered objects, and files that are not what Octopod would write. Exit code 2 if
there is anything.`,
		Example: `  octopod lint
  octopod lint --env-repo . -o json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			to, err := c.connect(cmd.Context())
			if err != nil {
				return err
			}
			problems, err := to.Lint(cmd.Context())
			if err != nil {
				return err
			}
			return c.showProblems(problems)
		},
	}
}

func (c *cli) showProblems(problems []staging.Problem) error {
	if c.settings.machine() {
		if err := c.encode(listOf("Problem", problems)); err != nil {
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
