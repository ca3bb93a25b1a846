package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"octopod/generator/lifecycle"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// newSweep returns `octopod sweep`.
func newSweep(c *cli) *cobra.Command {
	var dryRun bool
	var maxShare int
	cmd := &cobra.Command{
		Use:   "sweep [--dry-run]",
		Short: "Archive, restore and delete stagings that are due",
		Long: `Apply spec.lifecycle of octopod.yaml to every staging once: archive stagings that had no
deploy during their time to live, archive and restore stagings on schedule, archive
stagings of deleted branches, and delete stagings after the archive retention. sweep
makes one commit per staging and one push. It stores no state between runs: run it from
cron or CI, every hour or every few minutes, or let ` + "`octopod serve`" + ` run it. With
--server, the server sweeps at once.

sweep reads the branches from the repository of each service (spec.services.*.repository),
with the credentials of the env repo if it is on the same host. If a repository does not
answer, or lists no branch at all, sweep removes no staging because of it. If more than
--max-share percent of the stagings are due to be deleted, or archived for a deleted
branch, sweep holds these changes back for a person to review. It deletes only archived
stagings.

To exclude a staging, use keep. sweep prints the stagings that it changes or will change
soon; -o wide prints all. Exit code 2: some changes failed, the rest succeeded. 4: some
changes are held back. 8: a repository did not answer.`,
		Example: `  # Preview
  octopod sweep --dry-run

  # In cron, every hour
  octopod sweep

  # After a review of the changes that were held back
  octopod sweep --max-share 100`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if maxShare < 1 || maxShare > 100 {
				return usage(cmd, "--max-share is a number from 1 to 100")
			}
			return c.sweep(cmd.Context(), lifecycle.SweepRequest{DryRun: dryRun, MaxShare: maxShare, By: c.actor()})
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "render and check, but commit nothing")
	cmd.Flags().IntVar(&maxShare, "max-share", lifecycle.DefaultMaxShare, "largest share of stagings to remove at once, in `percent`")
	_ = cmd.RegisterFlagCompletionFunc("max-share", cobra.NoFileCompletions)
	return cmd
}

func (c *cli) sweep(ctx context.Context, r lifecycle.SweepRequest) error {
	to, err := c.connect(ctx)
	if err != nil {
		return err
	}
	result, err := to.Sweep(ctx, r)
	if err != nil {
		return err
	}
	if result.Changed && !r.DryRun {
		c.refreshArgoCD(ctx, to, result.Plan)
	}
	if err := c.showSweep(result, r.DryRun); err != nil {
		return err
	}
	if code := result.Incomplete(); code != "" {
		return reportedError{code}
	}
	return nil
}

// sweptStagingJSON is one staging in the output of sweep with -o json.
type sweptStagingJSON struct {
	project.Decision
	Changed bool   `json:"changed"`
	Error   string `json:"error,omitempty"`
}

// sweptRepositoryJSON is one repository in the output of sweep with -o json.
type sweptRepositoryJSON struct {
	Repository string `json:"repository"`
	Branches   int    `json:"branches"`
	Error      string `json:"error,omitempty"`
}

func (c *cli) showSweep(r lifecycle.SweepResult, dryRun bool) error {
	switch c.settings.output {
	case "json", "yaml":
		return c.encode(sweepDocument(r, dryRun))
	case "name":
		for _, item := range r.Items {
			if item.Changed {
				c.stdout.printf("%s\n", item.Staging)
			}
		}
		return nil
	}
	c.showSweepWarnings(r)
	if rows := c.sweepRows(r); len(rows) > 0 {
		c.stdout.table([]column{{"NAME", 0}, {"STEP", 0}, {"REASON", 1}}, rows, true)
	}
	c.stdout.printf("%s\n", sweepSummary(r, dryRun))
	if r.Changed && !dryRun {
		c.noteLocal()
	}
	return nil
}

func sweepDocument(r lifecycle.SweepResult, dryRun bool) any {
	var items []sweptStagingJSON
	for _, item := range r.Items {
		items = append(items, sweptStagingJSON{item.Decision, item.Changed, errorText(item.Err)})
	}
	repositories := []sweptRepositoryJSON{}
	for _, h := range r.Repositories {
		repositories = append(repositories, sweptRepositoryJSON{h.Repository, h.Branches, errorText(h.Err)})
	}
	return struct {
		staging.List[sweptStagingJSON]
		Repositories []sweptRepositoryJSON `json:"repositories"`
		Orphans      []lifecycle.Orphan    `json:"orphans"`
		Changed      bool                  `json:"changed"`
		DryRun       bool                  `json:"dryRun,omitempty"`
		Revision     string                `json:"revision,omitempty"`
	}{staging.ListOf("Swept", items), repositories, slices.Concat([]lifecycle.Orphan{}, r.Orphans), r.Changed, dryRun, r.Revision}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return message(err)
}

// showSweepWarnings prints repositories that did not answer, and orphans.
func (c *cli) showSweepWarnings(r lifecycle.SweepResult) {
	for _, h := range r.Repositories {
		if h.Err != nil {
			c.stderr.printf("%s the branches of %s are unknown, so sweep removes no staging because of them: %s\n",
				c.stderr.paint(yellow, "octopod:"), h.Repository, sanitize(message(h.Err)))
		}
	}
	for _, o := range r.Orphans {
		c.note("orphan %s: %s", o.Name, o.Reason)
	}
}

// sweepRows returns the decisions that change a staging now or soon; with -o wide,
// all decisions.
func (c *cli) sweepRows(r lifecycle.SweepResult) [][]cell {
	var rows [][]cell
	for _, item := range r.Items {
		if item.Step == project.StepKeep && item.Err == nil && c.settings.output != "wide" {
			continue
		}
		step, reason := cell{string(item.Step), stepStyles[item.Step]}, item.Reason
		if item.Err != nil {
			step, reason = cell{"failed", red}, strings.TrimPrefix(item.Reason+": "+message(item.Err), ": ")
		}
		rows = append(rows, []cell{{item.Staging, bold}, step, {cmp.Or(reason, noValue), ""}})
	}
	return rows
}

var stepStyles = map[project.Step]style{
	project.StepKeep: dim, project.StepWarn: yellow, project.StepHold: red, project.StepDelete: red, project.StepFinish: red,
	project.StepWake: green, project.StepRevoke: yellow,
}

// sweepSummary returns the counts: 2 changed, 1 warned, 14 unchanged (1f2e3d4).
func sweepSummary(r lifecycle.SweepResult, dryRun bool) string {
	changed, warned, held, failed := 0, 0, 0, 0
	for _, item := range r.Items {
		switch {
		case item.Err != nil:
			failed++
		case item.Changed:
			changed++
		case item.Step == project.StepWarn:
			warned++
		case item.Step == project.StepHold:
			held++
		}
	}
	words := []string{count(changed, "changed"), count(warned, "warned"), count(held, "held back"), count(failed, "failed"),
		count(len(r.Items)-changed-warned-held-failed, "unchanged")}
	summary := cmp.Or(strings.Join(slices.DeleteFunc(words, func(s string) bool { return s == "" }), ", "), "no stagings")
	switch {
	case dryRun:
		return summary + " (dry run, nothing is committed)"
	case r.Changed:
		return fmt.Sprintf("%s (%s)", summary, shortRevision(r.Revision))
	}
	return summary
}
