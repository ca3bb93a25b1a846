package main

import (
	"slices"

	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newHistory returns `octopod history`.
func newHistory(c *cli) *cobra.Command {
	var limit int
	var noHeaders bool
	cmd := &cobra.Command{
		Use:     "history NAME",
		Aliases: []string{"log"},
		Short:   "List the changes of a staging",
		Long: `List the commits that changed a staging, newest first: author, time, source (cli, ci,
web, api, webhook, sweep, or git for a commit by hand) and change. Where Argo CD renders
the template (output: source), commits that changed the template are listed too: they
reach every staging, also a pinned one. Use the revisions
with rollback --to and diff. With Argo CD, OUTCOME shows how long each version took to
deploy and how it ended. The data comes from Argo CD's last syncs, and with --server
also from the server's observations.`,
		Example: `  octopod history feature-login
  octopod history feature-login --limit 5 -o json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := oneName(cmd, args, "")
			if err != nil {
				return err
			}
			if limit < 0 {
				return usage(cmd, "--limit %d is negative", limit)
			}
			to, err := c.connect(cmd.Context())
			if err != nil {
				return err
			}
			events, err := to.History(cmd.Context(), staging.HistoryQuery{Name: name, Limit: limit, Rollouts: true})
			if staging.CodeOf(err) == staging.CodeNotFound {
				return staging.Errorf(staging.CodeNotFound, "staging %q never existed", name).
					WithHint("`octopod get --all` lists all stagings")
			}
			if err != nil {
				return err
			}
			return c.showEvents(events, !noHeaders)
		},
		ValidArgsFunction: c.completion(completeOneName),
	}
	cmd.Flags().IntVar(&limit, "limit", 0, "print at most this many (default: all)")
	cmd.Flags().BoolVar(&noHeaders, "no-headers", false, "omit the column titles")
	return cmd
}

func (c *cli) showEvents(events []staging.Event, headers bool) error {
	switch c.settings.output {
	case "json", "yaml":
		return c.encode(staging.ListOf("Event", events))
	case "name":
		for _, e := range events {
			c.stdout.printf("%s\n", e.Revision)
		}
		return nil
	}
	c.tableOfEvents(events, headers)
	return nil
}

func (c *cli) tableOfEvents(events []staging.Event, headers bool) {
	columns := []column{{"REVISION", 0}, {"WHEN", 0}, {"WHO", 1}, {"VIA", 0}, {"WHAT", 2}}
	seen := slices.ContainsFunc(events, func(e staging.Event) bool { return e.Rollout != nil })
	if seen {
		columns = append(columns, column{"OUTCOME", 3})
	}
	rows := make([][]cell, len(events))
	for i, e := range events {
		rows[i] = []cell{{shortRevision(e.Revision), yellow}, {c.formatTime(e.At), dim}, {e.By.Name, ""}, {string(e.Via), ""}, {subjectOf(e), ""}}
		if seen {
			rows[i] = append(rows[i], outcome(e))
		}
	}
	c.stdout.table(columns, rows, headers)
}

// subjectOf returns the subject of a commit. A commit of the template says so.
func subjectOf(e staging.Event) string {
	if e.Template {
		return "template: " + e.Subject
	}
	return e.Subject
}

// outcome returns the result of the rollout of a version, as far as it is known.
func outcome(e staging.Event) cell {
	if e.Rollout == nil {
		return cell{noValue, dim}
	}
	r := e.Rollout
	switch {
	case r.Phase == staging.PhaseFailed || r.Phase == staging.PhaseDegraded:
		return cell{string(r.Phase) + ": " + r.Reason.String(), red}
	case r.Running != nil:
		return cell{"running after " + elapsed(*r.Running, e.At), green}
	case r.Applied != nil:
		return cell{"applied after " + elapsed(*r.Applied, e.At), ""}
	}
	return cell{string(r.Phase), dim}
}
