package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// getFlags are the flags of get.
type getFlags struct {
	staging.Query
	selector  string
	noHeaders bool
	watch     bool
}

// newGet returns `octopod get`.
func newGet(c *cli) *cobra.Command {
	var l getFlags
	cmd := &cobra.Command{
		Use:     "get [NAME…]",
		Aliases: []string{"list", "ls"},
		Short:   "List stagings",
		Long: `List the active stagings, or the stagings with the given names.

STATUS is Argo CD's status of the current commit. Without Argo CD it is –, or
Invalid, Archived, Deleting or Pinned, which come from the record. SERVICES lists the
services with a build of the branch; all others run the project's default.`,
		Example: `  octopod get
  octopod get -o wide
  octopod get --watch
  octopod get feature-login -o json

  # Select by author and setting
  octopod get --all -l author=ada,PAYMENT_GATEWAY!=production`,
		RunE: func(cmd *cobra.Command, args []string) error {
			selector, err := staging.ParseSelector(l.selector)
			if err != nil {
				return err
			}
			l.Names, l.Selector = args, selector
			to, err := c.connect(cmd.Context())
			if err != nil {
				return err
			}
			if l.watch {
				return c.watch(cmd.Context(), to, l)
			}
			return c.list(cmd.Context(), to, l)
		},
		ValidArgsFunction: c.completion(completeNames),
	}
	f := cmd.Flags()
	f.StringVarP(&l.selector, "selector", "l", "", "`FIELD=VALUE[,FIELD!=VALUE]`: name, title, branch, state, author, pr, preset, pinned, tested or a setting")
	f.BoolVar(&l.Archived, "archived", false, "list archived stagings only")
	f.BoolVarP(&l.All, "all", "a", false, "list active and archived stagings")
	f.BoolVarP(&l.watch, "watch", "w", false, "then print a line for every change, until interrupted")
	f.BoolVar(&l.noHeaders, "no-headers", false, "omit the column titles")
	return cmd
}

// list prints the stagings. For people it also prints the number of archived
// stagings that it does not list.
func (c *cli) list(ctx context.Context, from finder, l getFlags) error {
	counts := !l.All && !l.Archived && len(l.Names) == 0 && !c.settings.machineReadable() && c.settings.output != "name"
	q := l.Query
	q.All, q.Pending = q.All || counts, len(l.Names) > 0
	views, err := from.Find(ctx, q)
	if err != nil {
		return err
	}
	archived := 0
	if counts {
		all := len(views)
		views = slices.DeleteFunc(views, func(v staging.View) bool { return v.Spec.State == staging.Archived })
		archived = all - len(views)
	}
	if len(views) == 0 && archived > 0 {
		c.note("no active stagings")
	} else if err := c.showViews(views, l); err != nil {
		return err
	}
	for _, v := range views {
		if pending := pendingChanges(v.Status, v.Metadata.Name); pending != "" && !c.settings.machineReadable() {
			c.note("%s: %s", v.Metadata.Name, pending)
		}
	}
	if archived > 0 {
		c.note("%d archived not shown: `octopod get --all`", archived)
	}
	return nil
}

func (c *cli) showViews(views []staging.View, l getFlags) error {
	switch c.settings.output {
	case "json", "yaml":
		if len(l.Names) == 1 {
			return c.encode(views[0])
		}
		return c.encode(staging.ListOf(staging.Kind, views))
	case "name":
		for _, v := range views {
			c.stdout.printf("%s\n", v.Metadata.Name)
		}
		return nil
	}
	if len(views) == 0 {
		c.note("no stagings%s", map[bool]string{true: " match", false: " yet: `octopod deploy --branch BRANCH` creates one"}[len(l.Selector) > 0 || l.Archived])
		return nil
	}
	columns, rows := c.stagingTable(views)
	c.stdout.table(columns, rows, !l.noHeaders)
	for _, v := range views {
		c.noteFailure(v, len(l.Names) > 0)
	}
	return nil
}

// noteFailure prints the problem of a staging, below the table; of a named one, also why it
// is not settled.
func (c *cli) noteFailure(v staging.View, named bool) {
	name := v.Metadata.Name
	switch v.Status.Phase {
	case staging.PhaseInvalid:
		c.note("%s is invalid: `octopod describe %s` shows why", name, name)
	case "", staging.PhaseRunning, staging.PhaseArchived:
	case staging.PhaseCreating, staging.PhaseUpdating, staging.PhaseArchiving, staging.PhaseDeleting:
		if named && !v.Status.Reason.IsZero() {
			c.note("%s: %s", name, oneLine(v.Status.Reason.String()))
		}
	case staging.PhaseFailed, staging.PhaseDegraded, staging.PhaseUnknown:
		c.note("%s: %s", name, oneLine(v.Status.Reason.String()))
	}
}

// stagingTable returns the columns that fit 80 characters; with -o wide, all columns.
func (c *cli) stagingTable(views []staging.View) ([]column, [][]cell) {
	columns := []column{{"NAME", 0}, {"STATUS", 0}, {"BRANCH", 2}, {"SERVICES", 3}, {"URL", 0}, {"AGE", 0}}
	wide := c.settings.output == "wide"
	if wide {
		columns[2].shrink, columns[3].shrink = 0, 0
		columns = append(columns, column{"PR", 0}, column{"EXPIRES", 0}, column{"PINNED", 0}, column{"TESTED", 0}, column{"OVERRIDES", 0}, column{"IMAGES", 0}, column{"REASON", 0})
	}
	rows := make([][]cell, len(views))
	for i, v := range views {
		rows[i] = []cell{{v.Metadata.Name, bold}, statusCell(v), {cmp.Or(v.Spec.Branch, noValue), ""}, {builtServices(v), ""},
			{cmp.Or(v.Status.URL, noValue), ""}, {elapsed(c.now(), v.Spec.Created.At), dim}}
		if wide {
			rows[i] = append(rows[i], cell{pullRequest(v), ""}, cell{expires(v), ""}, cell{pinned(v), ""}, cell{cmp.Or(string(v.Status.Tested), noValue), ""},
				cell{overrides(v), ""}, cell{images(v), ""}, cell{cmp.Or(v.Status.Reason.String(), noValue), ""})
		}
	}
	return columns, rows
}

func pullRequest(v staging.View) string {
	if v.Spec.PullRequest == nil {
		return noValue
	}
	return fmt.Sprintf("#%d", v.Spec.PullRequest.Number)
}

func expires(v staging.View) string {
	if v.Spec.Expires == nil {
		return noValue
	}
	return v.Spec.Expires.UTC().Format(time.DateOnly)
}

func pinned(v staging.View) string {
	if v.Spec.Pinned == nil {
		return noValue
	}
	return cmp.Or(v.Spec.Pinned.Reason, "by "+v.Spec.Pinned.By)
}
