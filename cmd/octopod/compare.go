package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"octopod/generator/compare"
	"octopod/generator/staging"
)

// comparer lists the news of a staging.
type comparer interface {
	Compare(context.Context, compare.Query) (compare.Comparison, error)
}

// newCompare returns `octopod compare`.
func newCompare(c *cli) *cobra.Command {
	var q compare.Query
	cmd := &cobra.Command{
		Use:   "compare NAME [OTHER]",
		Short: "Show what is new in a staging",
		Long: `Show what is new in a staging: versions with their commits, settings, test data.

  compare NAME                  against the project's defaults
  compare NAME OTHER            against another staging
  compare NAME --since-mark     since the last test, your own if you tested it
  compare NAME --revision REV   since an earlier version of ` + "`octopod history`" + `

The commits come from the application's repositories. Where these do not answer, the
output has the address of the forge's own comparison. ` + "`octopod diff`" + ` compares manifests.`,
		Example: `  octopod compare feature-login
  octopod compare feature-login main
  octopod compare feature-login --since-mark
  octopod compare feature-login --revision 1f2e3d4 -o json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usage(cmd, "which staging, and compared with what?")
			}
			q.Name = args[0]
			if len(args) > 1 {
				q.With = args[1]
			}
			return c.compare(cmd.Context(), q)
		},
		ValidArgsFunction: c.completion(completeNames),
	}
	cmd.Flags().BoolVar(&q.SinceMark, "since-mark", false, "compare with what was tested last")
	cmd.Flags().StringVar(&q.Revision, "revision", "", "compare with this version")
	cmd.Flags().StringVar(&q.Until, "until", "", "the version to compare (default: now)")
	return cmd
}

func (c *cli) compare(ctx context.Context, q compare.Query) error {
	to, err := c.connect(ctx)
	if err != nil {
		return err
	}
	if q.SinceMark {
		q.Tester = c.actor().Person
	}
	found, err := to.Compare(ctx, q)
	if err != nil {
		return err
	}
	if c.settings.machineReadable() {
		return c.encode(found)
	}
	c.showComparison(found)
	return nil
}

func (c *cli) showComparison(found compare.Comparison) {
	c.stdout.printf("%s, since %s\n", c.stdout.paint(bold, found.To.Staging), c.sideText(found))
	if found.Same() {
		c.stdout.printf("  nothing is different\n")
	}
	for _, s := range found.Services {
		c.showVersions(s)
	}
	for _, s := range found.Settings {
		risky := ""
		if s.Risky {
			risky = c.stdout.paint(red, "  (risky)")
		}
		c.stdout.printf("  %s: %s → %s%s\n", s.Name, orNone(s.From), orNone(s.To), risky)
	}
	for _, f := range found.Others {
		c.stdout.printf("  %s: %s → %s\n", f.What, orNone(f.From), orNone(f.To))
	}
}

// sideText names what a staging is compared with.
func (c *cli) sideText(found compare.Comparison) string {
	side := found.From
	switch {
	case side.Outcome != "":
		return fmt.Sprintf("%s marked it %s, %s", oneLine(cmp.Or(side.By, "somebody")), side.Outcome, c.formatTime(*side.At))
	case side.Staging == "":
		return "the project's defaults"
	case side.Staging != found.To.Staging:
		return side.Staging
	}
	return "revision " + shortRevision(side.Revision)
}

// showVersions prints the versions of a service, and their commits.
func (c *cli) showVersions(s compare.ServiceChange) {
	c.stdout.printf("  %s: %s → %s\n", s.Name, tagOrNone(s.From), tagOrNone(s.To))
	c.showCommits("+", green, s.Commits)
	c.showCommits("-", red, s.Removed)
	if s.More {
		c.stdout.printf("    … and more\n")
	}
	if s.Unknown != "" {
		c.stdout.printf("    %s\n", c.stdout.paint(dim, s.Unknown))
	}
	if s.URL != "" {
		c.stdout.printf("    %s\n", s.URL)
	}
}

func (c *cli) showCommits(sign string, colour style, commits []compare.Commit) {
	for _, one := range commits {
		author := oneLine(one.Author)
		c.stdout.printf("    %s %s %s  %s\n", c.stdout.paint(colour, sign), c.stdout.paint(yellow, shortRevision(one.Revision)), oneLine(one.Subject), c.stdout.paint(dim, author))
	}
}

func tagOrNone(v staging.Version) string {
	if v.Image == "" {
		return noValue
	}
	return oneLine(staging.ImageTag(v.Image))
}

func orNone(value string) string { return oneLine(cmp.Or(value, noValue)) }
