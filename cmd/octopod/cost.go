package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"octopod/generator/cost"
	"octopod/generator/project"
)

// accountant reports what stagings cost.
type accountant interface {
	Cost(context.Context, cost.Query) (cost.Report, error)
}

// newCost returns `octopod cost`.
func newCost(c *cli) *cobra.Command {
	var by, since string
	var noHeaders bool
	cmd := &cobra.Command{
		Use:   "cost [NAME…]",
		Short: "Show the cost of stagings",
		Long: `Show the cost of stagings: by staging, author, owner (the team in spec.cost.teams) or
week. The prices are those of spec.cost in octopod.yaml, for the requests of every
version in the history of the env repo, also of deleted stagings. SAVED is the price of
the pods that did not run while stagings were archived. A sum with ~ contains
containers without requests; docs/cost.md describes the rules.

-o csv prints all columns for a spreadsheet.`,
		Example: `  octopod cost
  octopod cost feature-login
  octopod cost --by week --since 2026-10-01
  octopod cost --by owner --since 30d -o csv`,
		RunE: func(cmd *cobra.Command, args []string) error {
			begin, err := c.parseSince(since)
			if err != nil {
				return usage(cmd, "--since: %s", err)
			}
			to, err := c.connect(cmd.Context())
			if err != nil {
				return err
			}
			r, err := to.Cost(cmd.Context(), cost.Query{Names: args, By: cost.Group(by), Since: begin})
			if err != nil {
				return err
			}
			return c.showCost(r, !noHeaders)
		},
		ValidArgsFunction: c.completion(completeNames),
	}
	f := cmd.Flags()
	f.StringVar(&by, "by", "staging", "one row for each `GROUP`: staging, author, owner or week")
	f.StringVar(&since, "since", "", "begin at this `TIME`: 30d, or 2026-10-01 (default: twelve weeks)")
	f.BoolVar(&noHeaders, "no-headers", false, "omit the column titles")
	return cmd
}

// parseSince parses a time before now (30d), a date or a moment; "" is the zero time.
func (c *cli) parseSince(text string) (time.Time, error) {
	var ago project.Duration
	if text == "" {
		return time.Time{}, nil
	}
	if ago.UnmarshalText([]byte(text)) == nil {
		return c.now().Add(-time.Duration(ago)).UTC(), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time: write 30d or 2026-10-01", text)
}

func (c *cli) showCost(r cost.Report, headers bool) error {
	switch c.settings.output {
	case "json", "yaml":
		return c.encode(r)
	case "csv":
		return c.csvOfCost(r, headers)
	case "name":
		for _, row := range r.Items {
			c.stdout.printf("%s\n", row.Name)
		}
		return nil
	}
	c.tableOfCost(r, headers)
	return nil
}

func (c *cli) tableOfCost(r cost.Report, headers bool) {
	columns := []column{{titleOf(r.By), 0}, {"COST", 0}, {"SAVED", 2}, {"AWAKE", 3}, {"ASLEEP", 3}}
	now := r.By != cost.ByWeek
	if now {
		columns = append(columns, column{"A DAY", 1})
	}
	rows := [][]cell{}
	add := func(row cost.Row, name cell) {
		cells := []cell{name, {about(row) + cost.Money(r.Currency, row.Cost), bold}, {cost.Money(r.Currency, row.Saved), ""},
			{hoursOf(row.AwakeHours), dim}, {hoursOf(row.AsleepHours), dim}}
		if now {
			cells = append(cells, cell{cost.Money(r.Currency, row.PerDay), ""})
		}
		rows = append(rows, cells)
	}
	for _, row := range r.Items {
		name := cell{row.Name, bold}
		if row.Name == "" {
			name = cell{noValue, dim}
		}
		add(row, name)
	}
	if len(r.Items) != 1 {
		add(r.Total, cell{"total", dim})
	}
	c.stdout.table(columns, rows, headers)
	if r.From != "" {
		c.note("prices: %s", r.From)
	}
	if r.Total.UnknownHours > 0 {
		c.note("%s hours have the price of an earlier version, because their files cannot be rendered", hoursOf(r.Total.UnknownHours))
	}
}

func titleOf(by cost.Group) string {
	return map[cost.Group]string{cost.ByStaging: "NAME", cost.ByAuthor: "AUTHOR", cost.ByOwner: "OWNER", cost.ByWeek: "WEEK"}[by]
}

// about marks an estimate.
func about(row cost.Row) string {
	if row.UpTo || row.AtLeast {
		return "~"
	}
	return ""
}

func hoursOf(hours float64) string { return strconv.FormatFloat(hours, 'f', 0, 64) + " h" }

func (c *cli) csvOfCost(r cost.Report, headers bool) error {
	w := csv.NewWriter(c.stdout)
	if headers {
		if err := w.Write([]string{string(r.By), "currency", "cost", "cpu", "memory", "storage", "loadBalancers", "fixed", "saved", "awakeHours", "asleepHours", "perDay"}); err != nil {
			return fmt.Errorf("writing the table: %w", err)
		}
	}
	for _, row := range r.Items {
		line := []string{spreadsheetText(row.Name), r.Currency}
		for _, n := range []float64{row.Cost, row.Parts.CPU, row.Parts.Memory, row.Parts.Storage, row.Parts.LoadBalancers, row.Parts.Fixed,
			row.Saved, row.AwakeHours, row.AsleepHours, row.PerDay} {
			line = append(line, strconv.FormatFloat(n, 'f', -1, 64))
		}
		if err := w.Write(line); err != nil {
			return fmt.Errorf("writing the table: %w", err)
		}
	}
	w.Flush()
	return w.Error()
}

// spreadsheetText returns a text that no spreadsheet takes for a formula. Authors choose
// their names themselves.
func spreadsheetText(text string) string {
	text = oneLine(text)
	if text != "" && (text[0] == '=' || text[0] == '+' || text[0] == '-' || text[0] == '@') {
		return "'" + text
	}
	return text
}
