package main

import (
	"context"

	"github.com/spf13/cobra"

	"octopod/generator/change"
	"octopod/generator/staging"
)

// newDiff returns `octopod diff`.
func newDiff(c *cli) *cobra.Command {
	var committed bool
	cmd := &cobra.Command{
		Use:   "diff NAME [REVISION [REVISION]]",
		Short: "Compare the manifests of a staging",
		Long: `Compare the manifests of a staging, secrets masked.

  diff NAME               the committed manifests with newly generated ones
  diff NAME REV           a revision with the committed manifests
  diff NAME REV REV       two revisions

In a clone of the env repo, diff generates with your edited files, committed or not:
so it shows the effect of a template change.

Exit code 0: same. 1: different. 2 or more: error.`,
		Example: `  # Is the staging up to date with octopod.yaml and the templates?
  octopod diff feature-login

  # Compare with earlier revisions
  octopod history feature-login
  octopod diff feature-login 1f2e3d4
  octopod diff feature-login 1f2e3d4 2b3c4d5 -o name`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 3 {
				return comparisonResult(usage(cmd, "which staging, and which revisions?"))
			}
			return comparisonResult(c.diff(cmd.Context(), args[0], args[1:], committed))
		},
		ValidArgsFunction: c.completion(completeNameThen(completeRevisions)),
	}
	addCommitted(cmd, &committed)
	return cmd
}

func (c *cli) diff(ctx context.Context, name string, revisions []string, committed bool) error {
	to, err := c.connect(ctx)
	if err != nil {
		return err
	}
	var before, after []staging.Object
	if len(revisions) == 0 {
		before, after, err = c.drift(ctx, to, name, committed)
	} else {
		before, after, err = between(ctx, to, name, append(revisions, "")[:2])
	}
	if err != nil {
		return err
	}
	if lost := change.DataLoss(before, after); len(lost) > 0 && len(revisions) == 0 {
		c.noteDataLoss(lost)
	}
	return c.showDiffs(change.Compare(before, after))
}

// noteDataLoss prints the objects that a change removes with their data.
func (c *cli) noteDataLoss(lost []staging.Problem) {
	for _, p := range lost {
		c.note("data loss: %s", p.Message)
	}
}

// drift returns the committed manifests and newly generated ones.
func (c *cli) drift(ctx context.Context, to maintainer, name string, committed bool) (before, after []staging.Object, err error) {
	edits, err := c.uncommittedEdits(ctx, to, committed)
	if err != nil {
		return nil, nil, err
	}
	return to.Drift(ctx, name, edits)
}

func between(ctx context.Context, in historian, name string, revisions []string) (before, after []staging.Object, err error) {
	if before, err = in.Manifests(ctx, name, revisions[0]); err != nil {
		return nil, nil, err
	}
	after, err = in.Manifests(ctx, name, revisions[1])
	return before, after, err
}

func (c *cli) showDiffs(diffs []change.ObjectDiff) error {
	switch c.settings.output {
	case "json", "yaml":
		if err := c.encode(staging.ListOf("ObjectDiff", diffs)); err != nil {
			return err
		}
	case "name":
		for _, d := range diffs {
			c.stdout.printf("%s\n", oneLine(d.Object))
		}
	default:
		c.showDiff(change.Unified(diffs))
	}
	if len(diffs) > 0 {
		return errDifferent
	}
	return nil
}
