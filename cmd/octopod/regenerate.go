package main

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"octopod/generator/change"
	"octopod/generator/staging"
)

// newRegenerate returns `octopod regenerate`.
func newRegenerate(c *cli) *cobra.Command {
	var all, check, dryRun, committed, allowDataLoss bool
	cmd := &cobra.Command{
		Use:   "regenerate NAME… | --all",
		Short: "Regenerate stagings after a template change",
		Long: `Regenerate the files of stagings in one commit, after a change of octopod.yaml or a
template. A staging that fails stays unchanged, the others continue, and the exit code
is 2. Pinned stagings stay unchanged.

Files in envs/<name> that Octopod did not write stay, and Octopod does not read them. To add
objects to one staging only, write a component below templates and a parameter with
"to: component". A staging that would lose a volume, a database or its namespace fails,
unless you add --allow-data-loss.

--check commits nothing. Without names it checks all stagings; in a clone it reads your
edited files. Exit code 0: all stagings are up to date. 1: some are not. 2 or more: some
could not be checked. Run it in the CI of the env repo.`,
		Example: `  octopod regenerate --all
  octopod regenerate feature-login feature-search
  octopod regenerate --check`,
		RunE: func(cmd *cobra.Command, args []string) error {
			everything := all || check && len(args) == 0
			if everything == (len(args) > 0) {
				return usage(cmd, "which stagings? Give names or --all")
			}
			r := change.RegenerateRequest{Names: args, DryRun: dryRun || check, KeepImages: check, AllowDataLoss: allowDataLoss, By: c.actor()}
			err := c.regenerate(cmd.Context(), r, check, committed)
			if check {
				return comparisonResult(err)
			}
			return err
		},
		ValidArgsFunction: c.completion(completeNames),
	}
	cmd.Flags().BoolVar(&all, "all", false, "regenerate every staging")
	cmd.Flags().BoolVar(&check, "check", false, "commit nothing; the exit code reports differences")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "render and check, but commit nothing")
	addDataLossFlag(cmd, &allowDataLoss)
	addCommitted(cmd, &committed)
	return cmd
}

func (c *cli) regenerate(ctx context.Context, r change.RegenerateRequest, check, committed bool) error {
	to, err := c.connect(ctx)
	if err != nil {
		return err
	}
	if !check {
		c.noteUncommitted(ctx, to)
	} else if r.Edits, err = c.uncommittedEdits(ctx, to, committed); err != nil {
		return err
	}
	bar := c.newBar()
	r.Progress = func(item change.Regenerated, done, total int) { bar.show(item.Name, done, total) }
	result, err := to.Regenerate(ctx, r)
	bar.clear()
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
	switch {
	case result.Failed() > 0:
		return reportedError{staging.CodeInvalid}
	case check && result.Changed:
		return errDifferent
	}
	return nil
}

// regeneratedJSON is one staging in the output of regenerate with -o json.
type regeneratedJSON struct {
	Name    string   `json:"name"`
	Changed bool     `json:"changed"`
	Removed []string `json:"removed,omitempty"` // generated files that are needed no longer
	Skipped string   `json:"skipped,omitempty"`
	Error   string   `json:"error,omitempty"`
}

func (c *cli) showRegenerated(r change.RegenerateResult, dryRun bool) error {
	var items []regeneratedJSON
	for _, item := range r.Items {
		line := regeneratedJSON{Name: item.Name, Changed: item.Changed, Removed: item.Removed, Skipped: item.Skipped}
		if item.Err != nil {
			line.Error = message(item.Err)
		}
		items = append(items, line)
	}
	switch c.settings.output {
	case "json", "yaml":
		return c.encode(struct {
			staging.List[regeneratedJSON]
			Changed  bool               `json:"changed"`
			Revision string             `json:"revision,omitempty"`
			Plan     []staging.PlanItem `json:"plan"`
		}{staging.ListOf("Regenerated", items), r.Changed, r.Revision, slices.Concat([]staging.PlanItem{}, r.Plan)})
	case "name":
		for _, item := range items {
			if item.Changed {
				c.stdout.printf("%s\n", item.Name)
			}
		}
		return nil
	}
	c.listRegenerated(items, r, dryRun)
	return nil
}

// listRegenerated prints a line per staging that changed, failed or was skipped,
// and a summary.
func (c *cli) listRegenerated(items []regeneratedJSON, r change.RegenerateResult, dryRun bool) {
	changed, same := 0, 0
	for _, item := range items {
		switch {
		case item.Error != "":
			c.stdout.printf("%s\n", c.stdout.paint(red, "failed    ")+item.Name+": "+sanitize(item.Error))
		case item.Skipped != "":
			c.stdout.printf("%s\n", c.stdout.paint(yellow, "skipped   ")+item.Name+": "+item.Skipped)
		case item.Changed:
			changed++
			c.stdout.printf("%s\n", c.stdout.paint(green, "changed   ")+item.Name)
			for _, file := range item.Removed {
				c.stdout.printf("%s\n", c.stdout.paint(red, "  - ")+sanitize(file))
			}
		default:
			same++
		}
	}
	words := []string{count(changed, "changed"), count(same, "unchanged"), count(r.Failed(), "failed")}
	summary := strings.Join(slices.DeleteFunc(words, func(s string) bool { return s == "" }), ", ")
	c.stdout.printf("%s%s\n", cmp.Or(summary, "no stagings"), regenerateTail(r, dryRun))
}

// regenerateTail returns the revision of the changes.
func regenerateTail(r change.RegenerateResult, dryRun bool) string {
	switch {
	case !r.Changed:
		return ""
	case dryRun:
		return " (nothing is committed)"
	}
	return " (" + shortRevision(r.Revision) + ")"
}
