package main

import (
	"cmp"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"octopod/generator"
	"octopod/generator/staging"
)

// newGet lists stagings.
func newGet(c *cli) *cobra.Command {
	var q generator.Query
	var selector string
	var noHeaders bool
	cmd := &cobra.Command{
		Use:     "get [NAME…]",
		Aliases: []string{"list", "ls"},
		Short:   "List stagings",
		Long: `List stagings: the active ones, or those named. STATUS is – until Argo CD is
connected; Invalid, Archived, Deleting and Pinned always show. SERVICES are those
built on the branch; the others run the project's default.`,
		Example: `  octopod get
  octopod get -o wide
  octopod get feature-login -o json

  # Mine, with the sandbox
  octopod get --all -l author=ada,PAYMENT_GATEWAY!=production`,
		RunE: func(cmd *cobra.Command, args []string) error {
			terms, err := generator.ParseTerms(selector)
			if err != nil {
				return err
			}
			q.Names, q.Where = args, terms
			to, err := c.connect(cmd.Context())
			if err != nil {
				return err
			}
			views, err := to.Find(cmd.Context(), q)
			if err != nil {
				return err
			}
			return c.showViews(views, q, !noHeaders)
		},
		ValidArgsFunction: c.completion(completeNames),
	}
	cmd.Flags().StringVarP(&selector, "selector", "l", "", "`FIELD=VALUE[,FIELD!=VALUE]`: name, title, branch, state, author, pr, preset, pinned or a setting")
	cmd.Flags().BoolVar(&q.Archived, "archived", false, "the archived ones only")
	cmd.Flags().BoolVarP(&q.All, "all", "a", false, "active and archived")
	cmd.Flags().BoolVar(&noHeaders, "no-headers", false, "no titles above the columns")
	return cmd
}

func (c *cli) showViews(views []staging.View, q generator.Query, headers bool) error {
	switch c.settings.output {
	case "json", "yaml":
		if len(q.Names) == 1 {
			return c.encode(views[0])
		}
		return c.encode(staging.NewViewList(views))
	case "name":
		for _, v := range views {
			c.out.printf("%s\n", v.Metadata.Name)
		}
		return nil
	}
	if len(views) == 0 {
		c.note("no stagings%s", map[bool]string{true: " fit", false: " yet: `octopod deploy --branch BRANCH` makes one"}[len(q.Where) > 0 || q.Archived])
		return nil
	}
	c.tableOfViews(views, headers)
	for _, v := range views {
		if v.Status.Phase == staging.PhaseInvalid {
			c.note("%s is invalid: `octopod describe %s` says why", v.Metadata.Name, v.Metadata.Name)
		}
	}
	return nil
}

// tableOfViews prints what fits 80 columns, and with -o wide the rest.
func (c *cli) tableOfViews(views []staging.View, headers bool) {
	columns := []column{{"NAME", 0}, {"STATUS", 0}, {"BRANCH", 2}, {"SERVICES", 3}, {"URL", 0}, {"AGE", 0}}
	wide := c.settings.output == "wide"
	if wide {
		columns[2].give, columns[3].give = 0, 0
		columns = append(columns, column{"PR", 0}, column{"EXPIRES", 0}, column{"PINNED", 0}, column{"OVERRIDES", 0}, column{"IMAGES", 0})
	}
	rows := make([][]cell, len(views))
	for i, v := range views {
		rows[i] = []cell{{v.Metadata.Name, bold}, status(v), {cmp.Or(v.Spec.Branch, none), ""}, {built(v), ""},
			{cmp.Or(v.Status.URL, none), ""}, {ago(c.now(), v.Spec.Created.At), dim}}
		if wide {
			rows[i] = append(rows[i], cell{pullRequest(v), ""}, cell{expires(v), ""}, cell{pinned(v), ""}, cell{overrides(v), ""}, cell{images(v), ""})
		}
	}
	c.out.table(columns, rows, headers)
}

func pullRequest(v staging.View) string {
	if v.Spec.PullRequest == nil {
		return none
	}
	return fmt.Sprintf("#%d", v.Spec.PullRequest.Number)
}

func expires(v staging.View) string {
	if v.Spec.Expires == nil {
		return none
	}
	return v.Spec.Expires.UTC().Format(time.DateOnly)
}

func pinned(v staging.View) string {
	if v.Spec.Pinned == nil {
		return none
	}
	return cmp.Or(v.Spec.Pinned.Reason, "by "+v.Spec.Pinned.By)
}
